//! Orders to shut numbers down and to let them back.

pub mod alarm;
pub mod follow;
