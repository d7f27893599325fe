//! What every case needs: an open store, entries to write, and ways to hold a write up.

use std::{
    path::Path,
    pin::Pin,
    sync::{Mutex, mpsc},
    task::{Context, Poll, Waker},
};

use greenlane::{
    domain::{
        entry::{Entry, EntryKind},
        refusal::Reason,
        time::Time,
    },
    store::{
        Abort, Store, StoreError, Tx, sql,
        sqlite::{self, Options},
    },
};
use tokio::task::JoinHandle;

/// A moment; no test depends on which.
pub const NOW: Time = Time::from_micros(1_600_000_000_000_000);

/// Opens a file with the ordinary options.
pub fn open(path: &Path) -> Store {
    sqlite::open(path, Options::default(), NOW).expect("the store opens")
}

/// An entry of that id.
pub fn entry(id: &str) -> Entry {
    Entry {
        entry_id: id.to_owned(),
        kind: EntryKind::Act,
        entry_time: NOW,
        caller: "regulators/miit/officer-1".to_owned(),
        certificate_sha256: "00".repeat(32),
        method: "/test".to_owned(),
        subject: "mvnos/m01".to_owned(),
        request_sha256: "11".repeat(32),
        outcome: "DONE".to_owned(),
        detail: "{}".to_owned(),
        revision: None,
    }
}

/// Appends an entry of that id.
pub async fn put(tx: &mut dyn Tx, id: &str) -> Result<(), StoreError> {
    sql::entry::append(tx, &entry(id)).await
}

/// Writes one entry in a transaction of its own.
pub async fn enter(store: Store, id: impl Into<String>) -> Result<(), Abort> {
    let id = id.into();
    store
        .write(move |tx| {
            let id = id.clone();
            Box::pin(async move { Ok(put(tx, &id).await?) })
        })
        .await
}

/// The ids of all entries, in the order of record.
pub async fn entered(store: &Store) -> Vec<String> {
    let entries =
        store.read(|tx| Box::pin(async move { Ok(sql::entry::list_after(tx, 0, i64::MAX).await?) }));
    entries.await.expect("a read").into_iter().map(|(_, entry)| entry.entry_id).collect()
}

/// How the store failed.
pub fn failure<T>(answer: Result<T, Abort>) -> StoreError {
    match answer {
        Err(Abort::Store(error)) => error,
        Err(Abort::Refused(refusal)) => panic!("refused: {}", refusal.reason.as_str()),
        Ok(_) => panic!("done"),
    }
}

/// Why the work said no.
pub fn refusal<T>(answer: Result<T, Abort>) -> Reason {
    match answer {
        Err(Abort::Refused(refusal)) => refusal.reason,
        Err(Abort::Store(error)) => panic!("failed: {error}"),
        Ok(_) => panic!("done"),
    }
}

/// Asserts that the store says that it cannot be used.
#[track_caller]
pub fn assert_unavailable<T>(answer: Result<T, Abort>) {
    let error = failure(answer);
    assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
}

/// A future that was begun: what it hands over is handed over, and it has not ended.
pub fn begun<'f, F: Future + Send + 'f>(future: F) -> Pin<Box<dyn Future<Output = F::Output> + Send + 'f>> {
    let mut future = Box::pin(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Pending => future,
        Poll::Ready(_) => panic!("ended at once"),
    }
}

/// A write that stays in its transaction until it is let go.
pub struct Held {
    release: mpsc::Sender<()>,
    write: JoinHandle<Result<(), Abort>>,
}

// === impl Held ===

impl Held {
    /// Returns once the write is in its transaction.
    pub fn new(store: &Store) -> Self {
        let (started, start) = mpsc::channel();
        let (release, wait) = mpsc::channel();
        let (store, wait) = (store.clone(), Mutex::new(wait));
        let write = tokio::spawn(async move {
            store
                .write(move |_| {
                    started.send(()).expect("the test waits");
                    wait.lock().expect("one write").recv().expect("the test lets go");
                    Box::pin(std::future::ready(Ok(())))
                })
                .await
        });
        start.recv().expect("the write starts");
        Self { release, write }
    }

    /// Lets the write go on.
    pub async fn release(self) {
        self.release.send(()).expect("the write waits");
        self.write.await.expect("no panic").expect("a write of nothing");
    }
}
