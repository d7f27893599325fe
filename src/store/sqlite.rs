//! SQLite: one file, one node. WAL with `synchronous=FULL`, one writer thread with group commit, a few readers.
//! This file
//! opens the database and hands work to the threads; `writer` and `reader` are those threads. No rule, no table.

mod followers;
mod log;
mod migrate;
pub mod probe;
mod reader;
mod tx;
mod writer;

use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, config::DbConfig};
use thiserror::Error;
use tokio::sync::oneshot;

use super::{Abort, Answer, BoxFuture, Engine, Follower, Store, StoreError, Work};
use crate::domain::time::Time;

/// `GRLN` in ASCII: marks a file as ours.
const APPLICATION_ID: i64 = 0x4752_4C4E;

/// How the file is opened.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Threads that read.
    pub readers: usize,
    /// Work that waits for the writer at most; more is refused at once.
    pub queue: usize,
    /// Requests in one commit at most.
    pub group: usize,
    /// Pages that the file may grow to; for tests of a full disk.
    pub max_pages: Option<u32>,
}

/// Why a file is not opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Another process has it.
    #[error("{0} is used by another process; stop that one, or give this one a file of its own")]
    InUse(PathBuf),
    /// Not a database of greenlane.
    #[error("{0} is a database of another program; name another file")]
    Foreign(PathBuf),
    /// Made by a newer greenlane.
    #[error("the schema is at {found}, newer than this program's {ours}; run the newer program")]
    Newer {
        /// In the file.
        found: i64,
        /// In this program.
        ours: i64,
    },
    /// A migration that was applied is not the one in this program.
    #[error("migration {0} in the database is not the one in this program; run the program that made it")]
    Changed(i64),
    /// A setting that would lose acknowledged writes.
    #[error("the file's {setting} is {found}, and {needed} is needed; is it on a network file system?")]
    Unsafe {
        /// Which setting.
        setting: &'static str,
        /// As it is.
        found: String,
        /// As it must be.
        needed: &'static str,
    },
    /// The file cannot be used.
    #[error("{path}: {error}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// SQLite cannot use it.
    #[error("{path}: {error}")]
    Sqlite {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: rusqlite::Error,
    },
}

/// How long another program's lock on the file is waited for, each time.
const BUSY: Duration = Duration::from_secs(1);
/// How often work is tried that another program keeps from beginning.
const ATTEMPTS: u32 = 3;
/// Prepared statements kept by a connection: more than the house has.
const STATEMENTS: usize = 128;
/// What makes the writer fast and is no matter of safety: temporary pages stay in memory; 16 MiB of pages are at hand, of
/// which those that find something are asked for by every write; and 16 MiB of log are written before its pages go to
/// their places, each of them once (`log`).
pub const PACE: &str =
    "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = 4096";

/// The readers end before the writer: the writer holds the lock.
struct Sqlite {
    readers: reader::Handle,
    writer: writer::Handle,
}

/// Work on its way to a thread.
struct Job {
    work: Work,
    answer: oneshot::Sender<Answer>,
}

/// Opens the database, makes it where there is none, and brings its schema up to date. The last handle that is
/// dropped waits for the writes under way, so that the file can be opened again at once.
pub fn open(path: &Path, options: Options, now: Time) -> Result<Store, OpenError> {
    let path = &real(path)?;
    let lock = lock(path)?;
    let failed = |error| OpenError::Sqlite { path: path.clone(), error };
    let mut connection = connect(path).map_err(failed)?;
    identify(&connection, path)?;
    settle(&connection, path)?;
    connection.execute_batch(PACE).map_err(failed)?;
    migrate::run(&mut connection, path, now)?;
    if let Some(pages) = options.max_pages {
        connection.pragma_update(None, "max_page_count", pages).map_err(failed)?;
    }
    let reading = || connect_to_read(path).map_err(failed);
    let readers = (0..options.readers.max(1)).map(|_| reading()).collect::<Result<_, _>>()?;
    let log = log::Log::start(&mut connection, connect(path).map_err(failed)?).map_err(failed)?;
    let writer = writer::Handle::start(connection, reading()?, log, &options, lock);
    Ok(Store::new(Sqlite { readers: reader::Handle::start(readers, options.queue.max(1)), writer }))
}

/// The file itself, however it is called: a second name must not get round the lock.
fn real(path: &Path) -> Result<PathBuf, OpenError> {
    let io = |error| OpenError::Io { path: path.to_owned(), error };
    if path.exists() {
        return path.canonicalize().map_err(io);
    }
    let name = path.file_name().ok_or_else(|| io(std::io::ErrorKind::InvalidFilename.into()))?;
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        Some(_) | None => Path::new("."),
    };
    Ok(folder.canonicalize().map_err(io)?.join(name))
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    // Not as a URI: its parameters could turn locking off.
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // A statement is planned once, not again for values that it was not planned with.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(connection)
}

fn connect_to_read(path: &Path) -> rusqlite::Result<Connection> {
    let connection = connect(path)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

/// What belongs to the file and lies beside it.
fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// The lock of a file, held as long as this is.
struct Lock(File);

impl Drop for Lock {
    /// Given back and not just closed: a process that was begun a moment ago has a copy of the handle until it is its own.
    fn drop(&mut self) {
        if let Err(error) = self.0.unlock() {
            tracing::warn!(%error, "the file's lock ends with this process");
        }
    }
}

fn lock(path: &Path) -> Result<Lock, OpenError> {
    let name = beside(path, ".lock");
    let io = |error| OpenError::Io { path: path.to_owned(), error };
    let file = File::options().create(true).truncate(false).write(true).open(name).map_err(io)?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(path.to_owned())),
        Err(TryLockError::Error(error)) => Err(io(error)),
    }
}

/// Ours, or empty and from now on ours.
fn identify(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let failed = |error| OpenError::Sqlite { path: path.to_owned(), error };
    let id: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(failed)?;
    let tables: i64 =
        connection.query_row("SELECT COUNT(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(failed)?;
    match (id, tables) {
        (APPLICATION_ID, _) => Ok(()),
        (0, 0) => connection.pragma_update(None, "application_id", APPLICATION_ID).map_err(failed),
        _ => Err(OpenError::Foreign(path.to_owned())),
    }
}

/// Makes the settings, and reads each back: a file system that cannot keep them is refused.
fn settle(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let failed = |error| OpenError::Sqlite { path: path.to_owned(), error };
    let rows: [(&'static str, &str, &'static str); 5] = [
        ("journal_mode", "WAL", "wal"),
        ("synchronous", "FULL", "2"),
        ("foreign_keys", "ON", "1"),
        ("trusted_schema", "OFF", "0"),
        // Without it a REPLACE deletes the row in its way past the triggers that keep facts and entries.
        ("recursive_triggers", "ON", "1"),
    ];
    for (setting, value, needed) in rows {
        connection.execute_batch(&format!("PRAGMA {setting} = {value}")).map_err(failed)?;
        let found: rusqlite::types::Value =
            connection.pragma_query_value(None, setting, |row| row.get(0)).map_err(failed)?;
        let found = match found {
            rusqlite::types::Value::Integer(n) => n.to_string(),
            rusqlite::types::Value::Text(text) => text,
            other => format!("{other:?}"),
        };
        if found != needed {
            return Err(OpenError::Unsafe { setting, found, needed });
        }
    }
    Ok(())
}

/// What a thread that is gone, or too busy, answers.
fn unavailable(why: &str) -> StoreError {
    StoreError::Unavailable(why.to_owned())
}

/// What is said to the outside once the engine has tried often enough.
fn given_up(error: StoreError) -> StoreError {
    match error {
        StoreError::Retry => unavailable("another program holds the database"),
        StoreError::Unavailable(_) | StoreError::Duplicate | StoreError::Inconsistent { .. } => error,
    }
}

/// Waits for a thread to end, unless this is that thread: work may hold the last handle.
fn join(thread: JoinHandle<()>) {
    if thread.thread().id() != thread::current().id() && thread.join().is_err() {
        tracing::error!("a thread of the store panicked");
    }
}

async fn answered(sent: Result<(), StoreError>, answer: oneshot::Receiver<Answer>) -> Answer {
    sent?;
    answer.await.unwrap_or_else(|_| Err(Abort::Store(unavailable("the thread ended"))))
}

// === impl Job ===

impl Job {
    fn answer(self, answer: Answer) {
        let answer = answer.map_err(|abort| match abort {
            Abort::Store(error) => Abort::Store(given_up(error)),
            Abort::Refused(_) => abort,
        });
        let _ = self.answer.send(answer); // the caller may be gone; the work is done all the same
    }
}

// === impl Options ===

impl Default for Options {
    fn default() -> Self {
        Self { readers: 2, queue: 4096, group: 256, max_pages: None }
    }
}

// === impl Sqlite ===

impl Engine for Sqlite {
    fn write(&self, work: Work) -> BoxFuture<'static, Answer> {
        let (answer, receiver) = oneshot::channel();
        let sent = self.writer.send(writer::Task::Work(Job { work, answer }));
        Box::pin(answered(sent, receiver))
    }

    fn read(&self, work: Work) -> BoxFuture<'static, Answer> {
        let (answer, receiver) = oneshot::channel();
        let sent = self.readers.send(Job { work, answer });
        Box::pin(answered(sent, receiver))
    }

    fn follow(&self, follower: Arc<dyn Follower>) {
        self.writer.follow(follower);
    }

    fn refresh(&self) -> BoxFuture<'static, Result<(), StoreError>> {
        let (answer, receiver) = oneshot::channel();
        let sent = self.writer.send(writer::Task::Refresh(answer));
        Box::pin(async move {
            sent?;
            receiver.await.unwrap_or_else(|_| Err(unavailable("the thread ended")))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_that_does_not_hold_is_refused() {
        let memory = Connection::open_in_memory().expect("SQLite");
        let refused = settle(&memory, Path::new("memory"));
        assert!(matches!(refused, Err(OpenError::Unsafe { setting: "journal_mode", .. })));
    }
}
