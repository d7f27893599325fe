//! A full disk: whoever cannot be written is told so, what was acknowledged stays, and room is enough to go on.

use std::{fs, path::Path, process::Command};

use greenlane::store::{
    Abort, Store, sql,
    sql::request::Kept,
    sqlite::{self, Options},
};
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::fixture::{Held, NOW, assert_unavailable, begun, enter, entered, open};

/// Set in the process whose files may not grow.
const CHILD: &str = "GREENLANE_TEST_FULL_DISK";

#[tokio::test]
async fn a_file_at_its_limit_takes_writes_again_once_there_is_room() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = Options { max_pages: Some(200), ..Options::default() };
    let store = sqlite::open(&folder.path().join("db"), options, NOW).expect("the store opens");
    let mut kept = 0;
    let full = loop {
        match keep(&store, kept).await {
            Ok(()) => kept += 1,
            full @ Err(_) => break full,
        }
        assert!(kept < 200, "the file grew past its limit");
    };
    assert_unavailable(full);
    store.health().await.expect("reads go on");
    let pruned = store.write(|tx| {
        Box::pin(async move { Ok(sql::request::prune(tx, NOW.plus(sql::request::KEPT_FOR)).await?) })
    });
    assert_eq!(pruned.await.expect("room is made"), kept, "what was acknowledged was there, and no more");
    keep(&store, kept).await.expect("a write");
}

async fn keep(store: &Store, n: u64) -> Result<(), Abort> {
    let kept = Kept {
        organisation: "mvnos/m01".to_owned(),
        request_id: n.to_string(),
        method: "/test".to_owned(),
        payload_sha256: String::new(),
        answer: vec![0; 20_000],
        create_time: NOW,
    };
    store
        .write(move |tx| {
            let kept = kept.clone();
            Box::pin(async move { Ok(sql::request::add(tx, &kept).await?) })
        })
        .await
}

/// Runs in a process of its own: the limit holds for every file of a process.
#[test]
fn a_disk_that_fills_fails_whole_groups_and_recovers() {
    if std::env::var_os(CHILD).is_some() {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        return runtime.block_on(fill_and_recover());
    }
    // A write past the limit is an error only where the signal is ignored; the shell hands that on.
    let name = "full_disk::a_disk_that_fills_fails_whole_groups_and_recovers";
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; exec \"$0\" --exact \"$1\" --nocapture"])
        .arg(std::env::current_exe().expect("this program"))
        .arg(name)
        .env(CHILD, "1")
        .output()
        .expect("a process");
    let (said, failed) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.contains("1 passed"), "{said}\n{failed}");
}

async fn fill_and_recover() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("db");
    let store = open(&path);
    enter(store.clone(), "before").await.expect("a write");

    let room = limit_to(grown(&path) + 16 * 1024);
    let mut acknowledged = vec!["before".to_owned()];
    let full = loop {
        let id = format!("until full {}", acknowledged.len());
        match enter(store.clone(), id.clone()).await {
            Ok(()) => acknowledged.push(id),
            full @ Err(_) => break full,
        }
        assert!(acknowledged.len() < 1000, "the disk never filled");
    };
    assert_unavailable(full);
    assert_eq!(entered(&store).await, acknowledged, "reads go on");

    let held = Held::new(&store);
    let group: Vec<_> = (0..3).map(|n| begun(enter(store.clone(), format!("group {n}")))).collect();
    held.release().await;
    for write in group {
        assert_unavailable(write.await);
    }
    assert_eq!(entered(&store).await, acknowledged, "nothing of the group");

    setrlimit(Resource::RLIMIT_FSIZE, room.0, room.1).expect("room");
    enter(store.clone(), "after").await.expect("a write once there is room");
    acknowledged.push("after".to_owned());
    assert_eq!(entered(&store).await, acknowledged);
    drop(store);
    assert_eq!(entered(&open(&path)).await, acknowledged, "nothing comes back after a restart");
}

/// How long the write-ahead log is.
fn grown(path: &Path) -> u64 {
    fs::metadata(path.with_file_name("db-wal")).expect("the log").len()
}

/// Lets no file of this process grow further; returns the limits as they were.
fn limit_to(length: u64) -> (u64, u64) {
    let room = getrlimit(Resource::RLIMIT_FSIZE).expect("the limit");
    setrlimit(Resource::RLIMIT_FSIZE, length, room.1).expect("no room");
    room
}
