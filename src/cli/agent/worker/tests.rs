//! Commands carried out by a program, one after another.

use std::{fs, path::Path};

use super::*;
use crate::cli::agent::hook::tests::program;

fn command(sequence: i64) -> pb::Command {
    pb::Command {
        sequence,
        command_id: format!("id-{sequence}"),
        kind: pb::CommandKind::Shutdown.into(),
        msisdns: vec![format!("+86170{sequence:08}")],
        ..Default::default()
    }
}

/// Does these by that script; what was done, in order.
async fn work(folder: &Path, script: &str, sequences: &[i64]) -> (Shared, Vec<i64>) {
    let program = program(folder, &format!("cd '{}'\n{script}", folder.display()));
    let journal = Shared::new(Journal::open(&folder.join("state")).expect("a journal"));
    let (jobs, todo) = mpsc::unbounded_channel();
    let (done, mut finished) = mpsc::unbounded_channel();
    let stopping = watch::Sender::new(false);
    let terms = Terms { tries: 3, pause: Duration::from_millis(1), patience: Duration::from_secs(60) };
    let worker = Worker {
        hook: Hook::Program { path: program, state: folder.to_owned() },
        terms,
        printer: Printer::new().unwrap_or_else(|_| panic!("descriptors")),
        journal: journal.clone(),
        jobs: todo,
        done,
        stopping: stopping.subscribe(),
    };
    sequences.iter().for_each(|sequence| jobs.send(command(*sequence)).expect("it listens"));
    drop(jobs);
    worker.run().await.expect("the journal is written");
    let mut order = Vec::new();
    while let Some(command) = finished.recv().await {
        order.push(command.sequence);
    }
    (journal, order)
}

#[tokio::test]
async fn in_order_and_by_results() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = r#"cat >>all; echo >>all; echo "$GREENLANE_COMMAND_ID" >>ids"#;
    let (journal, order) = work(folder.path(), script, &[1, 2, 3]).await;
    assert_eq!(order, [1, 2, 3]);
    assert_eq!(fs::read_to_string(folder.path().join("ids")).expect("run"), "id-1\nid-2\nid-3\n");
    let all = fs::read_to_string(folder.path().join("all")).expect("run");
    let first: serde_json::Value = serde_json::from_str(all.lines().next().expect("a line")).expect("JSON");
    assert_eq!(first["sequence"], "1");
    assert_eq!(first["commandId"], "id-1");
    assert_eq!(first["msisdns"][0], "+8617000000001");
    assert_eq!(first["kind"], "COMMAND_KIND_SHUTDOWN");
    assert_eq!(journal.lock().verdict("id-2").expect("done").summary(), ("EXECUTED", 0));
}

#[tokio::test]
async fn once_more_and_then_failed() {
    let folder = tempfile::tempdir().expect("a folder");
    let (journal, _) = work(folder.path(), "echo x >>runs; exit 7", &[1]).await;
    assert_eq!(fs::read_to_string(folder.path().join("runs")).expect("run"), "x\nx\nx\n");
    assert_eq!(journal.lock().verdict("id-1").expect("done").summary(), ("FAILED", 0));
    let folder = tempfile::tempdir().expect("a folder");
    let script = "echo x >>runs; [ $GREENLANE_TIMES = 2 ]";
    let (journal, _) = work(folder.path(), script, &[1]).await;
    assert_eq!(fs::read_to_string(folder.path().join("runs")).expect("run"), "x\nx\n");
    assert_eq!(journal.lock().verdict("id-1").expect("done").summary(), ("EXECUTED", 0));
}

#[tokio::test]
async fn what_is_printed_must_be_results() {
    let folder = tempfile::tempdir().expect("a folder");
    let (journal, _) = work(folder.path(), "echo ok", &[1]).await;
    assert_eq!(journal.lock().verdict("id-1").expect("done").summary(), ("FAILED", 0));
}
