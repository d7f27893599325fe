//! What becomes of registrations by time alone: the ladder is climbed, what was kept long enough is erased, and data keys
//! are wrapped by the newest key.

mod climb;
mod erase;
mod rewrap;

pub use rewrap::StoredKeys;

/// Lines of a batch: one transaction.
const BATCH: i64 = 200;
