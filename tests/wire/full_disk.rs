//! A disk that is full: UNAVAILABLE, nothing half done, and back without a restart once there is room. The disk is
//! a limit on the size of files that the gateway's process gets, and is given back later.

use std::process::Command;

use greenlane::rpc::pb::{self, supervision_service_client::SupervisionServiceClient};
use prost_types::Timestamp;
use tonic::Code;

use super::refusal;
use crate::support::node::Node;

fn talk(number: usize) -> pb::RecordTalkRequest {
    pb::RecordTalkRequest {
        mvno: "mvnos/m01".to_owned(),
        talk_time: Some(Timestamp { seconds: 1_469_000_000, nanos: 0 }),
        parties: vec!["mvnos/m01".to_owned()],
        minutes_sha256: "0".repeat(64),
        undertakings: vec!["字".repeat(500); 20],
        request_id: format!("full-{number}"),
        ..Default::default()
    }
}

#[tokio::test]
async fn a_full_disk_is_unavailable_and_passes() {
    let folder = tempfile::tempdir().expect("a folder");
    drop(Node::at(folder.path())); // the database is there, and some room is left in the limit below
    // SIGXFSZ ignored: a write past the limit fails instead of killing. 4 MiB, in blocks of 1 KiB.
    let limited = ["bash", "-c", "trap '' XFSZ; ulimit -S -f 4096; exec \"$0\" \"$@\""];
    let world = Node::by(&limited, folder.path());
    let mut client = SupervisionServiceClient::new(world.connect("regulator-miit").await);
    let mut done = Vec::new();
    let full = loop {
        match client.record_talk(talk(done.len())).await {
            Ok(answer) => done.push(answer.into_inner().talk.expect("a talk").name),
            Err(status) => break status,
        }
        assert!(done.len() < 1000, "the disk never filled");
    };
    assert_eq!(full.code(), Code::Unavailable, "{full:?}");
    assert_eq!(refusal::read(&full).reason, "STORE_UNAVAILABLE");
    let again = client.record_talk(talk(done.len())).await.expect_err("still full");
    assert_eq!(again.code(), Code::Unavailable);

    make_room(world.pid());

    let after = client.record_talk(talk(done.len())).await.expect("there is room again").into_inner();
    done.push(after.talk.expect("a talk").name);
    let database = world.database();
    let recorded: i64 = database
        .query_row("SELECT COUNT(*) FROM fact WHERE kind = 'TALK'", [], |row| row.get(0))
        .expect("a count");
    let entered: i64 = database
        .query_row("SELECT COUNT(*) FROM entry WHERE kind = 'ACT' AND method LIKE '%RecordTalk'", [], |row| {
            row.get(0)
        })
        .expect("a count");
    let expected = i64::try_from(done.len()).expect("few");
    assert_eq!((recorded, entered), (expected, expected), "what was refused left nothing");
}

/// Lifts the limit of a running process.
fn make_room(pid: i32) {
    let done = Command::new("prlimit").args(["--pid", &pid.to_string(), "--fsize=unlimited:"]).status();
    assert!(done.expect("prlimit of util-linux").success());
}
