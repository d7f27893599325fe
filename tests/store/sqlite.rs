//! What only a file can do: be opened twice, be another's, be closed and opened again; and how requests are grouped.

use std::{fs, path::Path};

use greenlane::{
    domain::{
        entry::Entry,
        refusal::{Reason, Refusal},
    },
    store::{
        Abort, Store, StoreError, sql,
        sqlite::{self, OpenError, Options},
    },
};
use rusqlite::Connection;

use crate::{
    fixture::{Held, NOW, assert_unavailable, begun, enter, entered, entry, failure, open, put},
    follow::runs_during,
    suite::change,
};

fn reopen(path: &Path) -> Result<Store, OpenError> {
    sqlite::open(path, Options::default(), NOW)
}

fn tamper(path: &Path, sql: &str) {
    Connection::open(path).expect("SQLite").execute_batch(sql).expect("a statement");
}

#[tokio::test]
async fn a_file_opened_again_has_everything() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("db");
    let store = open(&path);
    enter(store.clone(), "one").await.expect("a write");
    store.write(|tx| Box::pin(change(tx))).await.expect("a change");
    drop(store);
    let store = open(&path);
    assert_eq!(entered(&store).await, ["one"]);
    assert_eq!(store.write(|tx| Box::pin(change(tx))).await.expect("a change"), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_handle_waits_for_the_writes_under_way() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("db");
    let store = open(&path);
    let held = Held::new(&store);
    let waiting: Vec<_> = (0..20).map(|n| begun(enter(store.clone(), n.to_string()))).collect();
    drop(waiting);
    held.release().await;
    drop(store);
    assert_eq!(entered(&open(&path)).await.len(), 20);
}

#[tokio::test]
async fn a_file_is_opened_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, other) = (folder.path().join("db"), folder.path().join("other name"));
    let store = open(&path);
    std::os::unix::fs::symlink(&path, &other).expect("a link");
    for name in [&path, &other, &folder.path().join("./db")] {
        assert!(matches!(reopen(name), Err(OpenError::InUse(_))), "{}", name.display());
    }
    enter(store, "still works").await.expect("a write");
    assert!(reopen(&path).is_ok());
}

#[tokio::test]
async fn a_path_is_no_uri() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("file:db?nolock=1");
    enter(open(&path), "one").await.expect("a write");
    assert!(path.exists());
}

#[test]
fn a_file_of_another_program_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("db");
    for sql in ["CREATE TABLE theirs (x)", "PRAGMA application_id = 7"] {
        let _ = fs::remove_file(&path);
        tamper(&path, sql);
        let before = fs::read(&path).expect("the file");
        assert!(matches!(reopen(&path), Err(OpenError::Foreign(_))), "{sql}");
        assert_eq!(fs::read(&path).expect("the file"), before);
    }
    fs::write(&path, "no database at all, but longer than SQLite's header of a hundred bytes".repeat(9))
        .expect("a file");
    assert!(matches!(reopen(&path), Err(OpenError::Sqlite { .. })));
    assert!(matches!(reopen(&folder.path().join("no/such/folder")), Err(OpenError::Io { .. })));
}

#[test]
fn a_newer_schema_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("db");
    drop(open(&path));
    tamper(
        &path,
        "INSERT INTO schema_migration (version, name, checksum, apply_time) VALUES (999, '', '', 0)",
    );
    assert!(matches!(reopen(&path), Err(OpenError::Newer { found: 999, .. })));
    tamper(&path, "DELETE FROM schema_migration WHERE version = 999");
    assert!(reopen(&path).is_ok());
}

#[test]
fn a_changed_migration_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("db");
    drop(open(&path));
    tamper(&path, "UPDATE schema_migration SET checksum = upper(checksum) WHERE version = 1");
    assert!(matches!(reopen(&path), Err(OpenError::Changed(1))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_is_one_group() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(&folder.path().join("db"));
    let runs = runs_during(&store, async {
        let held = Held::new(&store);
        let mut changes = Vec::new();
        for _ in 0..50 {
            changes.push(begun(store.write(|tx| Box::pin(change(tx)))));
        }
        let panics = begun(store.write::<(), _>(|_| panic!("on purpose")));
        let last = begun(enter(store.clone(), "last"));
        held.release().await;
        for (at, change) in changes.into_iter().enumerate() {
            assert_eq!(change.await.expect("a change"), at as i64 + 1);
        }
        assert_unavailable(panics.await);
        last.await.expect("a write");
    });
    assert_eq!(runs.await, 1, "followers run once for a group");
}

/// The first group is done again with savepoints, the later ones have them from the start.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fails_after_it_wrote_is_undone_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(&folder.path().join("db"));
    for round in 0..3 {
        let held = Held::new(&store);
        let mut changes = Vec::new();
        for n in 0..10 {
            changes.push(begun(store.write(|tx| Box::pin(change(tx)))));
            let refused = store.write(move |tx| {
                Box::pin(async move {
                    change(tx).await?;
                    put(tx, &format!("refused {round} {n}")).await?;
                    Err::<(), _>(Abort::Refused(Refusal::new(Reason::Internal, "No.")))
                })
            });
            drop(begun(refused));
        }
        let last = begun(enter(store.clone(), format!("last {round}")));
        held.release().await;
        for (at, change) in changes.into_iter().enumerate() {
            assert_eq!(change.await.expect("a change"), round * 10 + at as i64 + 1, "dense");
        }
        last.await.expect("a write");
    }
    assert_eq!(entered(&store).await, ["last 0", "last 1", "last 2"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_refuses_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = Options { queue: 2, ..Options::default() };
    let store = sqlite::open(&folder.path().join("db"), options, NOW).expect("the store opens");
    let held = Held::new(&store);
    let waiting = [begun(enter(store.clone(), "one")), begun(enter(store.clone(), "two"))];
    assert_unavailable(enter(store.clone(), "three").await);
    held.release().await;
    for write in waiting {
        write.await.expect("a write");
    }
    enter(store.clone(), "four").await.expect("there is room again");
    assert_eq!(entered(&store).await, ["one", "two", "four"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_fails_fails_its_group_and_no_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(&folder.path().join("db"));
    let held = Held::new(&store);
    let beside = begun(enter(store.clone(), "beside"));
    // Put off to the commit, a missing row is found by the commit itself, which then leaves its transaction open.
    let late = begun(store.write(|tx| {
        Box::pin(async move {
            tx.execute("PRAGMA defer_foreign_keys = ON", &[]).await?;
            let sql = "INSERT INTO standing (mvno, standing, previous, since_time, revision, rule_version)
                       VALUES ('mvnos/none', 'WATCH', 'WATCH', 0, 0, '')";
            Ok(tx.execute(sql, &[]).await?)
        })
    }));
    held.release().await;
    assert_unavailable(beside.await);
    assert_unavailable(late.await);
    enter(store.clone(), "next").await.expect("the next group");
    assert_eq!(entered(&store).await, ["next"]);
}

#[tokio::test]
async fn work_that_waits_is_a_fault() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(&folder.path().join("db"));
    let waits = store.write(|tx| {
        Box::pin(async move {
            put(tx, "half").await?;
            tokio::task::yield_now().await;
            Ok(())
        })
    });
    assert_unavailable(waits.await);
    assert_unavailable(store.read::<(), _>(|_| Box::pin(std::future::pending())).await);
    assert!(entered(&store).await.is_empty());
}

#[tokio::test]
async fn another_programs_lock_is_waited_out_and_no_more() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("db");
    let store = open(&path);
    let other = Connection::open(&path).expect("SQLite");
    other.execute_batch("BEGIN IMMEDIATE").expect("a lock");
    let error = failure(enter(store.clone(), "no").await);
    assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
    assert!(entered(&store).await.is_empty(), "reads go on");
    other.execute_batch("ROLLBACK").expect("no lock");
    enter(store.clone(), "yes").await.expect("a write");
}

/// The log is copied beside the writer, and begins anew all the same while writes go on without a pause.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_does_not_grow_under_load() {
    /// Of one write: 50 pages.
    const BYTES: usize = 200_000;
    const WRITES: usize = 1_200;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("db");
    let store = open(&path);
    let writers = (0..4).map(|writer| {
        let store = store.clone();
        tokio::spawn(async move {
            for n in 0..WRITES / 4 {
                let id = format!("{writer}-{n}");
                let entry = Entry { detail: "x".repeat(BYTES), ..entry(&id) };
                let done = store.write(move |tx| {
                    let entry = entry.clone();
                    Box::pin(async move { Ok(sql::entry::append(tx, &entry).await?) })
                });
                done.await.expect("a write");
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.expect("no write failed");
    }
    let written = u64::try_from(BYTES * WRITES).expect("a length");
    let log = fs::metadata(folder.path().join("db-wal")).expect("the log").len();
    assert!(log < written / 2, "a log of {log} bytes for {written}");
    drop(store);
    assert_eq!(entered(&open(&path)).await.len(), WRITES);
}
