//! A shelf in the cache that nodes share. What comes back was sealed by one of them, or is taken for nothing.

use std::sync::Arc;

use super::Shelf;
use crate::{
    authority::BoxFuture,
    cache::{Cache, Value, Version},
};

/// The shelf.
pub struct CacheShelf(Arc<dyn Cache>);

// === impl CacheShelf ===

impl CacheShelf {
    /// A shelf in that cache.
    pub fn new(cache: Arc<dyn Cache>) -> Self {
        Self(cache)
    }
}

impl Shelf for CacheShelf {
    fn load(&self, wanted: Vec<(String, i64)>) -> BoxFuture<Vec<Option<Vec<u8>>>> {
        self.0.load(wanted.into_iter().map(|(key, revision)| Version::new(key, revision)).collect())
    }

    fn keep(&self, key: String, revision: i64, bytes: Vec<u8>) -> BoxFuture<()> {
        self.0.keep(vec![Value { version: Version::new(key, revision), bytes }])
    }
}
