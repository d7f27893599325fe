//! Where the store could be got round: replaced rows, work that goes on when its transaction is gone, another
//! process, and revisions out of the order of commits.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use greenlane::store::{
    Store, sql,
    sql::request::Kept,
    sqlite::{self, OpenError, Options},
};
use tokio::task::JoinSet;

use crate::{
    fixture::{NOW, assert_unavailable, enter, entered, entry, open, put},
    suite::change,
};

/// The order of revisions is the order of commits: an entry takes the place at which its transaction came.
pub async fn revisions_come_in_the_order_of_commits(store: &Store) {
    let mut writes = JoinSet::new();
    for at in 0..1000 {
        let store = store.clone();
        writes.spawn(async move {
            let written = store.write(move |tx| {
                Box::pin(async move {
                    let revision = change(tx).await?;
                    let id = format!("{revision}");
                    sql::entry::append(tx, &entry(&id)).await?;
                    // One in ten takes a revision and gives it back: no gap is left.
                    if at % 10 == 9 { Ok(put(tx, &id).await?) } else { Ok(()) }
                })
            });
            written.await.is_ok()
        });
    }
    let done = writes.join_all().await.into_iter().filter(|done| *done).count();
    assert_eq!(done, 900);
    assert_eq!(entered(store).await, (1..=900).map(|revision| revision.to_string()).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_replacement_is_no_way_round() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(&folder.path().join("db"));
    enter(store.clone(), "one").await.expect("a write");
    let replaced = store.write(|tx| {
        Box::pin(async move {
            let sql =
                "INSERT OR REPLACE INTO entry (seq, entry_id, kind, entry_time, caller, certificate_sha256,
                         method, subject, request_sha256, outcome, detail)
                       VALUES (1, 'two', 'ACT', 0, '', '', '', '', '', '', '{}')";
            Ok(tx.execute(sql, &[]).await?)
        })
    });
    assert_unavailable(replaced.await);
    assert_eq!(entered(&store).await, ["one"]);
}

/// Out of room, SQLite gives the whole transaction up. Work that does not look must not write outside of one.
#[tokio::test]
async fn work_that_goes_on_without_a_transaction_writes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = Options { max_pages: Some(200), ..Options::default() };
    let store = sqlite::open(&folder.path().join("db"), options, NOW).expect("the store opens");
    let stubborn = store.write(|tx| {
        Box::pin(async move {
            let mut kept = Kept {
                organisation: "mvnos/m01".to_owned(),
                request_id: String::new(),
                method: "/test".to_owned(),
                payload_sha256: String::new(),
                answer: vec![0; 64 * 1024],
                create_time: NOW,
            };
            for at in 0.. {
                kept.request_id = format!("{at}");
                if sql::request::add(tx, &kept).await.is_err() {
                    break;
                }
                assert!(at < 1000, "it never filled");
            }
            // Not looked at, and on it goes.
            let _ = put(tx, "stray").await;
            let _ = sql::change::next_revision(tx).await;
            Ok(())
        })
    });
    assert_unavailable(stubborn.await);
    assert!(entered(&store).await.is_empty());
    let revision = store.read(|tx| Box::pin(async move { Ok(sql::change::revision(tx).await?) })).await;
    assert_eq!(revision.expect("a read"), 0);
    enter(store.clone(), "later").await.expect("the writer goes on");
}

/// Set for the process that tries the file of another.
const DATABASE: &str = "GREENLANE_TEST_DATABASE";

#[tokio::test]
async fn a_file_has_one_process() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("db");
    let store = open(&path);
    assert_eq!(other_process(&path), Some(4), "refused");
    enter(store.clone(), "still works").await.expect("a write");
    drop(store);
    assert_eq!(other_process(&path), Some(3), "free again");
    assert_eq!(entered(&open(&path)).await, ["still works"]);
}

/// How this very program ends in a process of its own, asked for one test.
fn other_process(path: &Path) -> Option<i32> {
    let program = std::env::current_exe().expect("this program");
    let mut command = Command::new(program);
    command.args(["--exact", "edges::the_other_process", "--ignored"]).env(DATABASE, path);
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("it runs").code()
}

#[test]
#[ignore = "run by a_file_has_one_process, in a process of its own"]
fn the_other_process() {
    let Some(path) = std::env::var_os(DATABASE) else { return };
    match sqlite::open(Path::new(&path), Options::default(), NOW) {
        Ok(_) => std::process::exit(3),
        Err(OpenError::InUse(_)) => std::process::exit(4),
        Err(error) => panic!("{error}"),
    }
}
