//! A shelf within one process, bounded.

use super::Shelf;
use crate::authority::{BoxFuture, kept::Kept};

/// Decisions held at most, some 200 bytes each; the one not asked for longest goes first.
const MOST: u64 = 100_000;

/// The shelf.
pub struct MemoryShelf {
    held: Kept<String, (i64, Vec<u8>)>,
}

// === impl MemoryShelf ===

impl MemoryShelf {
    /// An empty shelf.
    pub fn new() -> Self {
        Self { held: Kept::new(MOST) }
    }
}

impl Default for MemoryShelf {
    fn default() -> Self {
        Self::new()
    }
}

impl Shelf for MemoryShelf {
    fn load(&self, wanted: Vec<(String, i64)>) -> BoxFuture<Vec<Option<Vec<u8>>>> {
        let find = |(key, revision): &(String, i64)| {
            let (kept, value) = self.held.get(key)?;
            (kept == *revision).then_some(value)
        };
        Box::pin(std::future::ready(wanted.iter().map(find).collect()))
    }

    fn keep(&self, key: String, revision: i64, value: Vec<u8>) -> BoxFuture<()> {
        self.held.change(key, |held| match held {
            Some((later, kept)) if later > revision => (later, kept),
            Some(_) | None => (revision, value),
        });
        Box::pin(std::future::ready(()))
    }
}
