//! The sessions that work: opened when they are needed, up to a limit, and never handed on with something left open.

use std::{sync::Arc, time::Duration};

use deadpool::{
    Runtime,
    managed::{self, Metrics, PoolError, RecycleError, RecycleResult},
};

use super::{OpenError, Options, connection::Connection, unavailable};
use crate::store::StoreError;

/// How long work waits for a session: callers have deadlines of their own, and work that comes too late does nothing.
const WAIT: Duration = Duration::from_secs(30);
/// How long a session may take to come about: every host in turn.
const CREATE: Duration = Duration::from_secs(4);

pub(super) type Pool = managed::Pool<Manager>;

pub(super) struct Manager(Options);

/// A pool without a session yet.
pub(super) fn build(options: Options) -> Pool {
    managed::Pool::builder(Manager(options.clone()))
        .max_size(options.connections.max(1))
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(WAIT))
        .create_timeout(Some(CREATE))
        .build()
        .expect("time limits have their runtime")
}

/// Why there is no session, in the store's words. One that cannot be opened now may be a second later.
pub(super) fn refused(error: PoolError<OpenError>) -> StoreError {
    match error {
        PoolError::Backend(OpenError::Unreachable { .. }) => StoreError::Retry,
        PoolError::Backend(error) => StoreError::Unavailable(error.to_string()),
        PoolError::Timeout(_) => unavailable("no session with the database in time"),
        PoolError::Closed | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => {
            unavailable("the pool is closed")
        }
    }
}

// === impl Manager ===

impl managed::Manager for Manager {
    type Type = Arc<Connection>;
    type Error = OpenError;

    async fn create(&self) -> Result<Arc<Connection>, OpenError> {
        Connection::open(&self.0, Arc::default()).await.map(Arc::new)
    }

    async fn recycle(&self, session: &mut Arc<Connection>, _: &Metrics) -> RecycleResult<OpenError> {
        if session.is_usable() { Ok(()) } else { Err(RecycleError::message("ended, or left open")) }
    }
}
