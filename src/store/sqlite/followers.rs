//! The followers, and the connection on which they read what was committed. It cannot write.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex},
    time::Duration,
};

use rusqlite::Connection;

use super::{
    tx::{SqliteTx, error, finish},
    unavailable,
};
use crate::store::{Follower, StoreError};

/// How soon a follower that lost the record tries to find it again while nothing else happens, and how rarely at last.
const RETRY: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// Who follows; shared with the handle, where followers are added.
pub(super) type List = Arc<Mutex<Vec<Arc<dyn Follower>>>>;

/// The followers, as the writer's thread sees them.
pub(super) struct Followers {
    connection: Connection,
    list: List,
    /// A follower failed and has not succeeded since: when to try again.
    retry: Option<Duration>,
}

// === impl Followers ===

impl Followers {
    pub(super) fn new(connection: Connection, list: List) -> Self {
        Self { connection, list, retry: None }
    }

    /// How long to wait for other work before the followers are tried again; `None` when none is behind.
    pub(super) fn retry(&self) -> Option<Duration> {
        self.retry
    }

    /// Runs every follower on what is committed. One that fails is told so, and keeps no other from following.
    pub(super) fn run(&mut self) -> Result<(), StoreError> {
        let list = self.list.lock().expect("nobody panics holding it").clone();
        let begun = self.connection.execute_batch("BEGIN").map_err(error);
        let mut first = Ok(());
        for follower in &list {
            let followed = begun.clone().and_then(|()| follow(&mut self.connection, follower.as_ref()));
            if let Err(failure) = &followed {
                tracing::error!(error = %failure, "a follower lost the record");
                if catch_unwind(AssertUnwindSafe(|| follower.lost())).is_err() {
                    tracing::error!("a follower panicked when told that it lost the record");
                }
            }
            first = first.and(followed);
        }
        // Nothing was written: however the snapshot ends, what was read holds.
        let _ = self.connection.execute_batch("COMMIT");
        self.retry = match &first {
            Ok(()) => None,
            Err(_) => Some(self.retry.map_or(RETRY.0, |last| (last * 2).min(RETRY.1))),
        };
        first
    }
}

fn follow(connection: &mut Connection, follower: &dyn Follower) -> Result<(), StoreError> {
    let mut tx = SqliteTx::new(connection, false);
    match catch_unwind(AssertUnwindSafe(|| finish(follower.follow(&mut tx)))) {
        Ok(Some(followed)) => followed,
        Ok(None) => Err(unavailable("a follower waited inside its transaction")),
        Err(_) => Err(unavailable("a follower panicked")),
    }
}
