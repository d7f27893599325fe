//! Rules, state machines and validation. Pure: no runtime, no wire, no store; clock and randomness are arguments.

pub mod caller;
pub mod decision;
pub mod name;
pub mod refusal;
pub mod time;
