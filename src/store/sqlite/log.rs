//! The log's way into the file, in a thread of its own: what is copied and flushed there keeps no write waiting, and no
//! answer. A copy ends behind a writer that goes on; the last pages are the writer's own, between two groups, so that the
//! log begins anew and does not grow.

use std::{
    mem,
    sync::{
        Arc, Mutex, PoisonError, TryLockError,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
};

use rusqlite::{Connection, hooks::Wal};

use super::join;

/// Pages of the log from which on they are copied; what SQLite does by itself at that number is left to this room.
const COPIED: usize = 4096;
/// Pages that the writer copies itself: a moment's work.
const LAST: usize = 192;
/// Pages of the log at which the writer waits for the copy: it must not be outrun for ever.
const MOST: usize = 4 * COPIED;

/// The log, as the writer's thread sees it.
pub(super) struct Log {
    /// In it after the last commit.
    pages: Arc<AtomicUsize>,
    /// In it when it was looked at last.
    seen: usize,
    /// It has begun anew since the copier was told.
    anew: bool,
    copier: Arc<Mutex<Copier>>,
    wake: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Who copies, and how much of the log.
struct Copier {
    connection: Connection,
    copied: usize,
}

// === impl Log ===

impl Log {
    /// Of that writer; what is copied beside it is copied by that other connection.
    pub(super) fn start(writer: &mut Connection, beside: Connection) -> rusqlite::Result<Self> {
        let pages = Arc::new(AtomicUsize::new(0));
        let told = pages.clone();
        writer.wal_hook(Some(move |_: &mut Wal, pages: i32| {
            told.store(usize::try_from(pages).unwrap_or(0), Ordering::Relaxed);
            Ok(())
        }))?;
        let copier = Arc::new(Mutex::new(Copier { connection: beside, copied: 0 }));
        let (wake, woken) = sync_channel(1);
        let copying = copier.clone();
        let thread = thread::Builder::new().name("store-log".to_owned());
        let thread = thread.spawn(move || serve(&woken, &copying)).expect("a thread can be started");
        Ok(Self { pages, seen: 0, anew: false, copier, wake: Some(wake), thread: Some(thread) })
    }

    /// Looks after it, when everybody has been answered.
    pub(super) fn tend(&mut self, writer: &Connection) {
        let pages = self.pages.load(Ordering::Relaxed);
        self.anew |= pages < mem::replace(&mut self.seen, pages);
        if pages < COPIED {
            return;
        }
        let mut copier = if pages < MOST {
            match self.copier.try_lock() {
                Ok(copier) => copier,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => return,
            }
        } else {
            self.copier.lock().unwrap_or_else(PoisonError::into_inner)
        };
        if mem::take(&mut self.anew) {
            copier.copied = 0;
        }
        if pages >= MOST || pages.saturating_sub(copier.copied) <= LAST {
            copier.copied = copy(writer, copier.copied);
        } else if let Some(wake) = &self.wake {
            let _ = wake.try_send(()); // woken already
        }
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.wake = None;
        self.thread.take().into_iter().for_each(join);
    }
}

fn serve(woken: &Receiver<()>, copier: &Mutex<Copier>) {
    while woken.recv().is_ok() {
        let mut copier = copier.lock().unwrap_or_else(PoisonError::into_inner);
        copier.copied = copy(&copier.connection, copier.copied);
    }
}

/// Copies what can be without keeping anybody waiting. How many of the log's pages are copied.
fn copy(connection: &Connection, before: usize) -> usize {
    let copied: rusqlite::Result<i64> = connection
        .prepare_cached("PRAGMA wal_checkpoint(PASSIVE)")
        .and_then(|mut copy| copy.query_row([], |row| row.get(2)));
    match copied {
        Ok(copied) => usize::try_from(copied).unwrap_or(before),
        Err(error) => {
            tracing::warn!(%error, "the log was not copied into the file; tried again");
            before
        }
    }
}
