//! The gateway over the wire: the real binary, real certificates, real grpcurl. One test program, because linking
//! costs more than running.

#[path = "support/all.rs"]
pub mod support;

#[path = "wire/appeals.rs"]
mod appeals;
#[path = "wire/bad_input.rs"]
mod bad_input;
#[path = "wire/commands.rs"]
mod commands;
#[path = "wire/floods.rs"]
mod floods;
#[path = "wire/full_disk.rs"]
mod full_disk;
#[path = "wire/hand_out.rs"]
mod hand_out;
#[path = "wire/imports.rs"]
mod imports;
#[path = "wire/journey.rs"]
mod journey;
#[path = "wire/kill.rs"]
mod kill;
#[path = "wire/matrix.rs"]
mod matrix;
#[path = "wire/orders.rs"]
mod orders;
#[path = "wire/persons.rs"]
mod persons;
#[path = "wire/raw.rs"]
mod raw;
#[path = "wire/refusal.rs"]
mod refusal;
