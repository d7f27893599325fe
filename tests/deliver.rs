//! Commands reach their receivers, each once in its place, whatever is cut and whoever dies. The ordinary run is short;
//! `COMMANDS=60000 RECEIVERS=50 KILLS=20 cargo test --release --test deliver -- --nocapture --test-threads=1` is the
//! full one, which prints its figures.

#[path = "support/all.rs"]
pub mod support;

#[path = "deliver/cut.rs"]
mod cut;
#[path = "deliver/receiver.rs"]
mod receiver;
#[path = "deliver/stalled.rs"]
mod stalled;
#[path = "deliver/world.rs"]
mod world;
