//! Orders to shut numbers down and to let them back.

pub mod follow;
pub mod overdue;
