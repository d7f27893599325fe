//! The tables, one file per aggregate, in one SQL text for every engine.

pub mod alarm;
pub mod allocation;
pub mod any;
pub mod appeal;
pub mod assessment;
pub mod blacklist;
pub mod card;
pub mod change;
pub mod channel;
pub mod check_count;
pub mod command;
pub mod dispute;
pub mod entry;
pub mod fact;
pub mod history;
pub mod import;
pub mod line;
pub mod number_hold;
pub mod opposed;
pub mod participant;
pub mod reader;
pub mod reason;
pub mod receiver;
pub mod receiver_figures;
pub mod registration;
pub mod request;
pub mod restriction;
pub mod selling;
pub mod shutdown;
pub mod shutdown_held;
pub mod shutdown_kept;
pub mod shutdown_known;
pub mod shutdown_new;
pub mod shutdown_number;
pub mod shutdown_place;
pub mod shutdown_pulse;
pub mod shutdown_since;
pub mod shutdown_weight;
pub mod standing;
pub mod subject;

/// Values of a statement, in the order of ?1 to ?n.
macro_rules! values {
    ($($value:expr),* $(,)?) => { &[$($crate::store::Value::from($value)),*] };
}
use values;
