//! One number in service: the number of it, its state, the ladder by which an unverified one is stopped, and how long its
//! registration is kept.

pub mod hold;
pub mod ladder;
pub mod msisdn;
pub mod retention;
pub mod state;

pub use state::LineState;
