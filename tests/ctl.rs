//! `greenlane ctl` as people run it: the real binary against a real `greenlane dev`.

#[path = "support/all.rs"]
pub mod support;

#[path = "ctl/asking.rs"]
mod asking;
#[path = "ctl/contexts.rs"]
mod contexts;
#[path = "ctl/importing.rs"]
mod importing;
#[path = "ctl/journey.rs"]
mod journey;
#[path = "ctl/registering.rs"]
mod registering;
#[path = "ctl/world.rs"]
mod world;
