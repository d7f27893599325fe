//! The cache that nodes share, best effort by design: nothing that it returns is believed without proof, and none of
//! its failures fails a caller. What is lost here costs speed, never truth: the truth is the row in the store, and a
//! value counts only as the exact revision that the store names.
//!
//! To add a cache: implement [`Cache`] in a file of its own and run `tests/cache/suite.rs` on it.

pub mod memory;
pub mod none;
pub mod redis;
mod settings;

use std::{pin::Pin, time::Duration};

use tokio::sync::watch;

pub use self::none::NoCache;
pub use self::redis::RedisCache;
pub use self::settings::Settings;
use crate::domain::{
    budget::{Rate, Spent, Tried},
    time::Time,
};

/// What the cache's calls return. It needs nothing of the runtime on which it is awaited.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Values beyond this are not kept: a standing takes a few hundred bytes.
pub const MOST_BYTES: usize = 64 * 1024;

/// A key at a revision. Keys look like `standing/mvnos/m01` and name no person.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Version {
    /// Up to 200 of `a-z 0-9 / - _ .`; any other is never kept.
    pub key: String,
    /// Never negative.
    pub revision: i64,
}

/// A value to keep.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// Of which key, at which revision.
    pub version: Version,
    /// Up to [`MOST_BYTES`].
    pub bytes: Vec<u8>,
}

/// Whether the cache can be used.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum State {
    /// There is none.
    Absent,
    /// It answers.
    Connected,
    /// It does not.
    OutOfReach {
        /// Since when.
        since: Time,
        /// In words for the operator, without a secret.
        why: String,
    },
}

/// A cache. Every call ends within the cache's own time limits, whatever happens to it.
pub trait Cache: Send + Sync + 'static {
    /// The values of exactly these revisions, in their order; `None` for what is not there or cannot be proved.
    fn load(&self, wanted: Vec<Version>) -> BoxFuture<Vec<Option<Vec<u8>>>>;

    /// Keeps values. An older one never replaces a newer one, nor lands once a newer revision of its key was announced.
    fn keep(&self, values: Vec<Value>) -> BoxFuture<()>;

    /// Says that these revisions are recorded: older values of the keys go, and fills that are late are refused.
    fn announce(&self, recorded: Vec<Version>) -> BoxFuture<()>;

    /// Tells the other nodes that there is something to look for. Returns at once; of many, the newest is told.
    fn hint(&self, revision: i64);

    /// Hears the hints of others. Marked changed at each hint, and whenever some may have been missed. The number is
    /// the last heard and proves nothing: look into the store.
    fn hints(&self) -> watch::Receiver<i64>;

    /// Takes from a budget that all nodes share; `None` when it is out of reach.
    fn spend(&self, budget: &str, asked: u32, rate: Rate) -> BoxFuture<Option<Spent>>;

    /// Tries values against budgets of guesses that all nodes share. For each, in their order, how long until it is whole
    /// again, zero where the value may be tried; `None` when it is out of reach.
    fn guess(&self, tried: Vec<Tried>) -> BoxFuture<Option<Vec<Duration>>>;

    /// Whether the cache can be used now.
    fn state(&self) -> State;
}

// === impl Version ===

impl Version {
    /// A key at a revision.
    pub fn new(key: impl Into<String>, revision: i64) -> Self {
        Self { key: key.into(), revision }
    }

    /// Whether this can be kept at all.
    pub fn is_sound(&self) -> bool {
        is_key(&self.key) && self.revision >= 0
    }
}

// === impl Value ===

impl Value {
    /// Whether this can be kept at all.
    pub fn is_sound(&self) -> bool {
        self.version.is_sound() && self.bytes.len() <= MOST_BYTES
    }
}

// === impl Tried ===

impl Tried {
    /// Whether this can be counted at all.
    fn is_sound(&self) -> bool {
        is_key(&self.budget) && (1..=64).contains(&self.most) && self.window >= Duration::from_millis(1)
    }
}

/// Whether a text can be a key, or the name of a budget.
fn is_key(text: &str) -> bool {
    let fine = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"/-_.".contains(&b);
    (1..=200).contains(&text.len()) && text.bytes().all(fine)
}
