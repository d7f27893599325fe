//! No cache: a node that keeps its own counsel.

use std::time::Duration;

use tokio::sync::watch;

use super::{BoxFuture, Cache, State, Value, Version};
use crate::domain::budget::{Rate, Spent, Tried};

/// Keeps nothing, hears nothing, shares nothing.
pub struct NoCache {
    hints: watch::Sender<i64>,
}

// === impl NoCache ===

impl NoCache {
    /// No cache.
    pub fn new() -> Self {
        Self { hints: watch::Sender::new(0) }
    }
}

impl Default for NoCache {
    fn default() -> Self {
        Self::new()
    }
}

impl Cache for NoCache {
    fn load(&self, wanted: Vec<Version>) -> BoxFuture<Vec<Option<Vec<u8>>>> {
        Box::pin(std::future::ready(vec![None; wanted.len()]))
    }

    fn keep(&self, _: Vec<Value>) -> BoxFuture<()> {
        Box::pin(std::future::ready(()))
    }

    fn announce(&self, _: Vec<Version>) -> BoxFuture<()> {
        Box::pin(std::future::ready(()))
    }

    fn hint(&self, _: i64) {}

    fn hints(&self) -> watch::Receiver<i64> {
        self.hints.subscribe()
    }

    fn spend(&self, _: &str, _: u32, _: Rate) -> BoxFuture<Option<Spent>> {
        Box::pin(std::future::ready(None))
    }

    fn guess(&self, _: Vec<Tried>) -> BoxFuture<Option<Vec<Duration>>> {
        Box::pin(std::future::ready(None))
    }

    fn state(&self) -> State {
        State::Absent
    }
}
