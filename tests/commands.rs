//! Commands from the outbox to the last answer, without the wire and on both engines: order, gaps, sessions, lateness,
//! waves, and what is left of a number that was cut and let back.

#[path = "support/all.rs"]
pub mod support;

#[path = "gateway/clock.rs"]
pub mod clock;
#[path = "gateway/world.rs"]
pub mod world;

#[path = "commands/answers.rs"]
mod answers;
#[path = "commands/due.rs"]
mod due;
#[path = "commands/interleaved.rs"]
mod interleaved;
#[path = "commands/late.rs"]
mod late;
#[path = "commands/many.rs"]
mod many;
#[path = "commands/orders.rs"]
mod orders;
#[path = "commands/path.rs"]
mod path;
#[path = "commands/receiver.rs"]
mod receiver;
#[path = "commands/sessions.rs"]
mod sessions;
#[path = "commands/slow.rs"]
mod slow;
#[path = "commands/snapshot.rs"]
mod snapshot;
#[path = "commands/waves.rs"]
mod waves;
#[path = "commands/wire.rs"]
mod wire;
