//! The readers: a few threads, each with a connection that cannot write. Every read is one snapshot.

use std::{
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread::{self, JoinHandle},
};

use rusqlite::Connection;

use super::{
    ATTEMPTS, Job, join,
    tx::{SqliteTx, error},
    unavailable,
};
use crate::store::{Abort, Answer, StoreError, Work};

/// The way to the threads. They end when this is dropped, once they have read what waits.
pub(super) struct Handle {
    jobs: Option<SyncSender<Job>>,
    threads: Vec<JoinHandle<()>>,
}

// === impl Handle ===

impl Handle {
    pub(super) fn start(connections: Vec<Connection>, queue: usize) -> Self {
        let (sender, jobs) = sync_channel(queue);
        let jobs = Arc::new(Mutex::new(jobs));
        let start = |connection| {
            let jobs = jobs.clone();
            let thread = thread::Builder::new().name("store-reader".to_owned());
            thread.spawn(move || run(connection, &jobs)).expect("a thread can be started")
        };
        let threads = connections.into_iter().map(start).collect();
        Self { jobs: Some(sender), threads }
    }

    pub(super) fn send(&self, job: Job) -> Result<(), StoreError> {
        let jobs = self.jobs.as_ref().expect("taken by drop alone");
        jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => unavailable("too many reads wait"),
            TrySendError::Disconnected(_) => unavailable("the readers ended"),
        })
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.jobs = None;
        self.threads.drain(..).for_each(join);
    }
}

fn run(mut connection: Connection, jobs: &Mutex<Receiver<Job>>) {
    loop {
        let next = jobs.lock().expect("nobody panics holding it").recv();
        let Ok(job) = next else { return };
        let mut answer = read(&mut connection, &job.work);
        for _ in 1..ATTEMPTS {
            if matches!(answer, Err(Abort::Store(StoreError::Retry))) {
                answer = read(&mut connection, &job.work);
            }
        }
        job.answer(answer);
    }
}

fn read(connection: &mut Connection, work: &Work) -> Answer {
    let answer = match connection.execute_batch("BEGIN") {
        Ok(()) => SqliteTx::new(connection, false).run(work),
        Err(failure) => Err(Abort::Store(error(failure))),
    };
    // Nothing was written: however the snapshot ends, the answer holds.
    let _ = connection.execute_batch("COMMIT");
    answer
}
