//! The readers: a few threads, each with a connection that cannot write. Every read is one snapshot.

use std::{
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread,
};

use rusqlite::Connection;

use super::{
    Job,
    tx::{SqliteTx, error},
    unavailable,
};
use crate::store::{Abort, StoreError};

/// The way to the threads. They end when this is dropped.
pub(super) struct Handle {
    jobs: SyncSender<Job>,
}

// === impl Handle ===

impl Handle {
    pub(super) fn start(connections: Vec<Connection>, queue: usize) -> Self {
        let (sender, jobs) = sync_channel(queue);
        let jobs = Arc::new(Mutex::new(jobs));
        for connection in connections {
            let jobs = jobs.clone();
            let thread = thread::Builder::new().name("store-reader".to_owned());
            thread.spawn(move || run(connection, &jobs)).expect("a thread can be started");
        }
        Self { jobs: sender }
    }

    pub(super) fn send(&self, job: Job) -> Result<(), StoreError> {
        self.jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => unavailable("too many reads wait"),
            TrySendError::Disconnected(_) => unavailable("the readers ended"),
        })
    }
}

fn run(mut connection: Connection, jobs: &Mutex<Receiver<Job>>) {
    loop {
        let next = jobs.lock().expect("nobody panics holding it").recv();
        let Ok(job) = next else { return };
        let answer = match connection.execute_batch("BEGIN") {
            Ok(()) => SqliteTx::new(&mut connection, false).run(&job.work),
            Err(failure) => Err(Abort::Store(error(failure))),
        };
        // Nothing was written: however the snapshot ends, the answer holds.
        let _ = connection.execute_batch("COMMIT");
        let _ = job.answer.send(answer);
    }
}
