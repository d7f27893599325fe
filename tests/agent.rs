//! `greenlane agent` as carriers and MVNOs run it: the real binary against a real `greenlane dev`.

#[path = "support/all.rs"]
pub mod support;

#[path = "agent/contexts.rs"]
mod contexts;
#[path = "agent/hooks.rs"]
mod hooks;
#[path = "agent/journey.rs"]
mod journey;
#[path = "agent/kill.rs"]
mod kill;
#[path = "agent/refused.rs"]
mod refused;
#[path = "agent/snapshot.rs"]
mod snapshot;
#[path = "agent/world.rs"]
mod world;
