//! Never stale: three nodes on one PostgreSQL and one Redis, readers at each of them, and every fault that may come
//! between a write's acknowledgement and the answers of the others. Each suite has its control: the same measure on a
//! setting that is broken on purpose must find what it looks for.
//!
//! The ordinary run is short. `WRITES=1000 READERS=20 FAULTS=20 PAUSE_MS=10000 cargo test --release --test fresh --
//! --nocapture --test-threads 1` is the full one, and prints its figures.

#[path = "fresh/broken.rs"]
mod broken;
#[path = "fresh/faults.rs"]
mod faults;
#[path = "fresh/frozen.rs"]
mod frozen;
#[path = "fresh/gone.rs"]
mod gone;
#[path = "fresh/healthy.rs"]
mod healthy;
#[path = "fresh/nodes.rs"]
mod nodes;
#[path = "fresh/readers.rs"]
mod readers;
#[path = "support/all.rs"]
pub mod support;

/// A number that the environment names, or the ordinary run's.
fn asked(name: &str, usual: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}
