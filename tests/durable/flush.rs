//! No answer leaves before its commit is on the disk: the node's calls of the kernel, followed by strace, in the order
//! in which they were made. `ANSWERS=1000` for the full figure.

use greenlane::rpc::pb::{self, supervision_service_client::SupervisionServiceClient};
use prost_types::Timestamp;

use crate::{
    support::{figure::asked, node::Node},
    trace::{self, Found},
};

/// What a trace of so many writes shows, one after the other on one connection; with more words for strace.
async fn traced(answers: usize, more: &[&str]) -> Found {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("trace");
    let command = [&trace::command(&file)[..], more].concat();
    let mut node = Node::by(&command, &folder.path().join("dev"));
    let mut client = SupervisionServiceClient::new(node.connect("regulator-miit").await);
    for _ in 0..answers {
        let talk = pb::RecordTalkRequest {
            mvno: "mvnos/m01".to_owned(),
            talk_time: Some(Timestamp { seconds: 1_469_000_000, nanos: 0 }),
            parties: vec!["regulators/miit".to_owned()],
            minutes_sha256: "0".repeat(64),
            ..Default::default()
        };
        client.record_talk(talk).await.expect("recorded");
    }
    let address = node.address.clone();
    assert!(node.stop().success());
    let trace = std::fs::read_to_string(file).expect("a trace");
    trace::read(&trace, &address)
}

#[tokio::test]
async fn no_answer_leaves_before_its_commit_is_flushed() {
    let answers = asked("ANSWERS", 50);
    let found = traced(answers, &[]).await;
    println!("traced: {found:?}");
    assert_eq!((found.answers, found.early), (answers, 0), "{found:?}");
    assert!(found.flushes >= answers, "{found:?}");
}

/// The control: a library in front of the kernel's flushes that answers them itself. Every answer is early.
#[tokio::test]
async fn without_flushes_every_answer_is_early() {
    let found = traced(10, &["-E", "LD_PRELOAD=libeatmydata.so"]).await;
    println!("traced without flushes: {found:?}");
    assert_eq!(found, Found { answers: 10, flushes: 0, early: 10 });
}
