//! The writer: one thread, one connection, group commit. Whatever waits is done in one transaction; then one commit,
//! then the followers, then the answers. A request that fails takes nothing of the others with it: what it wrote is
//! undone, by its savepoint, or by doing the group again with savepoints. Most groups have none that fails after it
//! wrote, and a savepoint copies every page that its request touches.

use std::{
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
    ATTEMPTS, Job, Lock, Options,
    followers::{Followers, List},
    given_up, join,
    log::Log,
    tx::{SqliteTx, error},
    unavailable,
};
use crate::store::{Abort, Answer, Follower, StoreError};

/// Groups that are done with savepoints from the start after one that had to be done again: requests that fail come in
/// swarms.
const GUARDED: u32 = 64;

/// What the writer is asked to do.
pub(super) enum Task {
    /// Work in a transaction.
    Work(Job),
    /// Run the followers.
    Refresh(oneshot::Sender<Result<(), StoreError>>),
}

/// What came of a group: an answer for each request, and whether something is to be followed.
type Done = (Vec<Answer>, bool);

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
    /// Groups that are still to be done with savepoints.
    guarded: u32,
    followers: Followers,
    log: Log,
    /// No second process on the same file until the last write is over. Dropped after the connections.
    _lock: Lock,
}

// === impl Handle ===

impl Handle {
    pub(super) fn start(
        connection: Connection,
        following: Connection,
        log: Log,
        options: &Options,
        lock: Lock,
    ) -> Self {
        let (sender, tasks) = sync_channel(options.queue.max(1));
        let list = List::default();
        let followers = Followers::new(following, list.clone());
        let group = options.group;
        let writer = Writer { connection, tasks, group, guarded: 0, followers, log, _lock: lock };
        let thread = thread::Builder::new().name("store-writer".to_owned());
        let thread = thread.spawn(move || writer.serve()).expect("a thread can be started");
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
    fn serve(mut self) {
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

    /// Does one task and whatever else waits. Whoever is about to ask goes first: where cores are few, those who were
    /// just answered ask again on this one, and more of them share a flush.
    fn group(&mut self, first: Task) {
        thread::yield_now();
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
        self.log.tend(&self.connection);
    }

    /// All of the group or nothing of it.
    fn transact(&mut self, jobs: &[Job]) -> Result<Done, StoreError> {
        self.guarded = self.guarded.saturating_sub(1);
        if self.guarded == 0 {
            if let Some(done) = self.settled(|writer| writer.attempt(jobs))? {
                return Ok(done);
            }
            self.guarded = GUARDED;
        }
        self.settled(|writer| writer.attempt_guarded(jobs))
    }

    /// Leaves no transaction open: it would keep every later one from beginning.
    fn settled<T>(
        &mut self,
        attempt: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let done = attempt(self);
        if !self.connection.is_autocommit() {
            let undone = self.run("ROLLBACK");
            return done.and_then(|done| undone.map(|()| done));
        }
        done
    }

    /// Without savepoints; `None` where one that failed has written, and others are in the group.
    fn attempt(&mut self, jobs: &[Job]) -> Result<Option<Done>, StoreError> {
        self.run("BEGIN IMMEDIATE")?;
        let mut changed = false;
        let mut answers = Vec::with_capacity(jobs.len());
        for job in jobs {
            let before = self.connection.total_changes();
            let (answer, marked) = self.work(job)?;
            changed |= marked && answer.is_ok();
            let is_torn = answer.is_err() && self.connection.total_changes() != before;
            answers.push(answer);
            if is_torn {
                // Alone, it is undone with its transaction.
                return Ok((jobs.len() == 1).then_some((answers, false)));
            }
        }
        self.run("COMMIT")?;
        Ok(Some((answers, changed)))
    }

    fn attempt_guarded(&mut self, jobs: &[Job]) -> Result<Done, StoreError> {
        self.run("BEGIN IMMEDIATE")?;
        let mut changed = false;
        let mut answers = Vec::with_capacity(jobs.len());
        for job in jobs {
            self.run("SAVEPOINT job")?;
            let (answer, marked) = self.work(job)?;
            if answer.is_ok() {
                changed |= marked;
            } else {
                self.run("ROLLBACK TO job")?;
            }
            self.run("RELEASE job")?;
            answers.push(answer);
        }
        self.run("COMMIT")?;
        Ok((answers, changed))
    }

    /// The answer of one request, and whether it marked a change.
    fn work(&mut self, job: &Job) -> Result<(Answer, bool), StoreError> {
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
        Ok((answer, marked))
    }

    fn run(&mut self, sql: &str) -> Result<(), StoreError> {
        self.connection.prepare_cached(sql).and_then(|mut run| run.raw_execute()).map(drop).map_err(error)
    }
}
