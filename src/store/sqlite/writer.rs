//! The writer: one thread, one connection, group commit. Whatever waits is done in one transaction, each request in
//! a savepoint of its own; then one commit, then the followers, then the answers.

use std::{
    fs::File,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::{
    ATTEMPTS, Job, Options,
    followers::{Followers, List},
    given_up, join,
    tx::{SqliteTx, error},
    unavailable,
};
use crate::store::{Abort, Answer, Follower, StoreError};

/// What the writer is asked to do.
pub(super) enum Task {
    /// Work in a transaction.
    Work(Job),
    /// Run the followers.
    Refresh(oneshot::Sender<Result<(), StoreError>>),
}

/// The way to the thread. The thread ends when this is dropped, once it has written what waits.
pub(super) struct Handle {
    tasks: Option<SyncSender<Task>>,
    thread: Option<JoinHandle<()>>,
    followers: List,
}

struct Writer {
    connection: Connection,
    tasks: Receiver<Task>,
    group: usize,
    followers: Followers,
    /// No second process on the same file until the last write is over. Dropped after the connections.
    _lock: File,
}

// === impl Handle ===

impl Handle {
    pub(super) fn start(
        connection: Connection,
        following: Connection,
        options: &Options,
        lock: File,
    ) -> Self {
        let (sender, tasks) = sync_channel(options.queue.max(1));
        let list = List::default();
        let followers = Followers::new(following, list.clone());
        let writer = Writer { connection, tasks, group: options.group, followers, _lock: lock };
        let thread = thread::Builder::new().name("store-writer".to_owned());
        let thread = thread.spawn(move || writer.run()).expect("a thread can be started");
        Self { tasks: Some(sender), thread: Some(thread), followers: list }
    }

    pub(super) fn send(&self, task: Task) -> Result<(), StoreError> {
        let tasks = self.tasks.as_ref().expect("taken by drop alone");
        tasks.try_send(task).map_err(|error| match error {
            TrySendError::Full(_) => unavailable("too many writes wait"),
            TrySendError::Disconnected(_) => unavailable("the writer ended"),
        })
    }

    pub(super) fn follow(&self, follower: Arc<dyn Follower>) {
        self.followers.lock().expect("nobody panics holding it").push(follower);
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.tasks = None;
        self.thread.take().into_iter().for_each(join);
    }
}

// === impl Writer ===

impl Writer {
    fn run(mut self) {
        loop {
            match self.tasks.recv_timeout(self.followers.retry().unwrap_or(Duration::MAX)) {
                Ok(task) => self.group(task),
                Err(RecvTimeoutError::Timeout) => {
                    let _ = self.followers.run(); // who fails is told, and tried again
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
            let followed = self.followers.run().map_err(given_up);
            for answer in refreshes {
                let _ = answer.send(followed.clone()); // nobody waits any more
            }
        }
    }

    fn commit(&mut self, jobs: Vec<Job>) {
        let mut done = self.transact(&jobs);
        for _ in 1..ATTEMPTS {
            if matches!(done, Err(StoreError::Retry)) {
                done = self.transact(&jobs);
            }
        }
        let answers = match done {
            Ok((answers, changed)) => {
                if changed || self.followers.retry().is_some() {
                    let _ = self.followers.run(); // who fails is told; the write is done all the same
                }
                answers
            }
            Err(failure) => jobs.iter().map(|_| Err(Abort::Store(failure.clone()))).collect(),
        };
        for (job, answer) in jobs.into_iter().zip(answers) {
            job.answer(answer);
        }
    }

    /// All of the group or nothing of it.
    fn transact(&mut self, jobs: &[Job]) -> Result<(Vec<Answer>, bool), StoreError> {
        let done = self.attempt(jobs);
        if done.is_err() && !self.connection.is_autocommit() {
            // A transaction left open would keep every later one from beginning.
            let _ = self.batch("ROLLBACK");
        }
        done
    }

    fn attempt(&mut self, jobs: &[Job]) -> Result<(Vec<Answer>, bool), StoreError> {
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
                    Err(Abort::Store(failure @ (StoreError::Unavailable(_) | StoreError::Retry))) => failure,
                    // What one request made of it is not the answer to the others.
                    Ok(_) | Err(_) => unavailable("the transaction was given up"),
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

    fn batch(&mut self, sql: &str) -> Result<(), StoreError> {
        self.connection.execute_batch(sql).map_err(error)
    }
}
