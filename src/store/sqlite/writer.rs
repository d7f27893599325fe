//! The writer: one thread, one connection, group commit. Whatever waits is done in one transaction, each request in
//! a savepoint of its own; then one commit, then the followers, then the answers.

use std::{
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel},
    },
    thread,
    time::Duration,
};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::{
    Job,
    tx::{SqliteTx, error, finish},
    unavailable,
};
use crate::store::{Abort, Answer, Follower, StoreError};

/// How often followers that lost the record try to find it again while nothing else happens.
const RETRY: Duration = Duration::from_millis(100);

/// What the writer is asked to do.
pub(super) enum Task {
    /// Work in a transaction.
    Work(Job),
    /// Run the followers.
    Refresh(oneshot::Sender<Result<(), StoreError>>),
}

type Followers = Arc<Mutex<Vec<Arc<dyn Follower>>>>;

/// The way to the thread. The thread ends when this is dropped.
pub(super) struct Handle {
    tasks: SyncSender<Task>,
    followers: Followers,
}

struct Writer {
    connection: Connection,
    tasks: Receiver<Task>,
    group: usize,
    followers: Followers,
    /// A follower failed and has not succeeded since.
    behind: bool,
}

// === impl Handle ===

impl Handle {
    pub(super) fn start(connection: Connection, queue: usize, group: usize) -> Self {
        let (sender, tasks) = sync_channel(queue);
        let followers = Followers::default();
        let writer = Writer { connection, tasks, group, followers: followers.clone(), behind: false };
        let thread = thread::Builder::new().name("store-writer".to_owned());
        thread.spawn(move || writer.run()).expect("a thread can be started");
        Self { tasks: sender, followers }
    }

    pub(super) fn send(&self, task: Task) -> Result<(), StoreError> {
        self.tasks.try_send(task).map_err(|error| match error {
            TrySendError::Full(_) => unavailable("too many writes wait"),
            TrySendError::Disconnected(_) => unavailable("the writer ended"),
        })
    }

    pub(super) fn follow(&self, follower: Arc<dyn Follower>) {
        self.followers.lock().expect("nobody panics holding it").push(follower);
    }
}

// === impl Writer ===

impl Writer {
    fn run(mut self) {
        loop {
            match self.tasks.recv_timeout(if self.behind { RETRY } else { Duration::MAX }) {
                Ok(task) => self.group(task),
                Err(RecvTimeoutError::Timeout) => {
                    let _ = self.follow(); // tried again next time
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Does one task and whatever else waits.
    fn group(&mut self, first: Task) {
        let mut jobs = Vec::new();
        let mut refreshes = Vec::new();
        let mut next = Some(first);
        while let Some(task) = next.take() {
            match task {
                Task::Work(job) => jobs.push(job),
                Task::Refresh(answer) => refreshes.push(answer),
            }
            if jobs.len() < self.group {
                next = self.tasks.try_recv().ok();
            }
        }
        if !jobs.is_empty() {
            self.commit(jobs);
        }
        if !refreshes.is_empty() {
            let followed = self.follow();
            for answer in refreshes {
                let _ = answer.send(followed.clone()); // nobody waits any more
            }
        }
    }

    fn commit(&mut self, jobs: Vec<Job>) {
        let done = self.transact(&jobs);
        let answers = match done {
            Ok((answers, changed)) => {
                if changed || self.behind {
                    let _ = self.follow(); // the followers know that they are behind
                }
                answers
            }
            Err(failure) => {
                // Not half of it: the rest of the transaction is given up with the commit.
                let _ = self.connection.execute_batch("ROLLBACK");
                jobs.iter().map(|_| Err(Abort::Store(failure.clone()))).collect()
            }
        };
        for (job, answer) in jobs.into_iter().zip(answers) {
            let _ = job.answer.send(answer); // the caller is gone; the work is done all the same
        }
    }

    fn transact(&mut self, jobs: &[Job]) -> Result<(Vec<Answer>, bool), StoreError> {
        self.batch("BEGIN IMMEDIATE")?;
        let mut changed = false;
        let mut answers = Vec::with_capacity(jobs.len());
        for job in jobs {
            self.batch("SAVEPOINT job")?;
            let mut tx = SqliteTx::new(&mut self.connection, true);
            let answer = tx.run(&job.work);
            let marked = tx.changed;
            if self.connection.is_autocommit() {
                // The engine gave the whole transaction up: out of room, most likely.
                return Err(match answer {
                    Err(Abort::Store(failure)) => failure,
                    Ok(_) | Err(Abort::Refused(_)) => unavailable("the transaction was given up"),
                });
            }
            if answer.is_ok() {
                changed |= marked;
                self.batch("RELEASE job")?;
            } else {
                self.batch("ROLLBACK TO job; RELEASE job")?;
            }
            answers.push(answer);
        }
        self.batch("COMMIT")?;
        Ok((answers, changed))
    }

    /// Runs every follower on what is committed.
    fn follow(&mut self) -> Result<(), StoreError> {
        let followers = self.followers.lock().expect("nobody panics holding it").clone();
        let mut followed = self.batch("BEGIN");
        for follower in &followers {
            if followed.is_ok() {
                let mut tx = SqliteTx::new(&mut self.connection, false);
                let waited = unavailable("a follower waited inside its transaction");
                followed = finish(follower.follow(&mut tx)).unwrap_or(Err(waited));
            }
        }
        let ended = if self.connection.is_autocommit() { Ok(()) } else { self.batch("COMMIT") };
        let followed = followed.and(ended);
        self.behind = followed.is_err();
        if let Err(failure) = &followed {
            tracing::error!(error = %failure, "a follower lost the record");
            followers.iter().for_each(|follower| follower.lost());
        }
        followed
    }

    fn batch(&mut self, sql: &str) -> Result<(), StoreError> {
        self.connection.execute_batch(sql).map_err(error)
    }
}
