//! Rules, state machines and validation. Pure: no runtime, no wire, no store; clock and randomness are arguments.

pub mod access;
pub mod allocation;
pub mod budget;
pub mod caller;
pub mod decision;
pub mod entry;
pub mod fact;
pub mod identity;
pub mod name;
pub mod number;
pub mod participant;
pub mod refusal;
pub mod rules;
pub mod standing;
pub mod time;
pub(crate) mod word;
