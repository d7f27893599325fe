//! Commands: how the answers of a number's two receivers become its state, when a command is sent again, and when the
//! next wave may go.

pub mod fold;
pub mod schedule;
pub mod tally;
pub mod wave;
