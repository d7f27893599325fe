//! One organisation's crowd, and everybody else.

use greenlane::rpc::pb::{
    self, command_service_client::CommandServiceClient, compliance_service_client::ComplianceServiceClient,
    stream_commands_request::Kind as Asks, stream_commands_response::Kind as Told,
};
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::Code;

use super::refusal;
use crate::support::node::Node;

/// Every act wakes every watch, so nobody may have any number of them.
#[tokio::test]
async fn watches_of_one_organisation_have_an_end() {
    let world = Node::start();
    let mut open = Vec::new();
    let refused = 'full: loop {
        let mut client = ComplianceServiceClient::new(world.connect("mvno-m07").await);
        for _ in 0..60 {
            match client.watch_standings(pb::WatchStandingsRequest::default()).await {
                Ok(watch) => open.push(watch),
                Err(status) => break 'full refusal::read(&status),
            }
            assert!(open.len() <= 100, "there is no end");
        }
    };
    assert_eq!((refused.code, refused.reason.as_str()), (Code::ResourceExhausted, "OVERLOADED"));
    assert_eq!(open.len(), 100);
    let mut other = ComplianceServiceClient::new(world.connect("mvno-m08").await);
    other.watch_standings(pb::WatchStandingsRequest::default()).await.expect("nobody else's matter");
}

fn junk(sequence: i64) -> pb::CommandAck {
    pb::CommandAck { sequence, outcome: pb::ResultOutcome::Executed.into(), ..Default::default() }
}

/// Acknowledgements of nothing are charged like calls that are refused, and stay in the ledger as a count.
#[tokio::test]
async fn acknowledgements_of_nothing_have_an_end() {
    let world = Node::start();
    let mut client = CommandServiceClient::new(world.connect("mvno-m07").await);
    let pulled = client.pull_commands(pb::PullCommandsRequest::default()).await.expect("pulled").into_inner();
    let mut calls = 0;
    let refused = loop {
        let acks = (1..=100).map(|at| junk(pulled.last_sequence + at)).collect();
        let asked = pb::AckCommandsRequest { session: pulled.session.clone(), acks };
        match client.ack_commands(asked).await {
            Ok(answer) => assert!(answer.into_inner().acks.iter().all(|ack| ack.error.is_some())),
            Err(status) => break refusal::read(&status),
        }
        calls += 1;
        assert!(calls < 100, "there is no end");
    };
    assert_eq!((refused.code, refused.reason.as_str()), (Code::ResourceExhausted, "RATE_LIMITED"));
    let (entries, longest): (i64, i64) = world
        .database()
        .query_row(
            "SELECT COUNT(*), MAX(LENGTH(detail)) FROM entry WHERE method LIKE '%/AckCommands'
               AND kind = 'REFUSAL' AND outcome = 'COMMAND_NOT_FOUND'",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .expect("counted");
    assert_eq!(entries, calls);
    assert!(longest < 100, "{longest}");
    let mut other = CommandServiceClient::new(world.connect("mvno-m08").await);
    other.pull_commands(pb::PullCommandsRequest::default()).await.expect("nobody else's matter");
}

/// The same on a stream, which ends.
#[tokio::test]
async fn a_stream_of_acknowledgements_of_nothing_ends() {
    let world = Node::start();
    let mut client = CommandServiceClient::new(world.connect("mvno-m07").await);
    let (sends, sent) = tokio::sync::mpsc::unbounded_channel();
    let says = |kind| pb::StreamCommandsRequest { kind: Some(kind) };
    sends.send(says(Asks::Open(pb::OpenCommands::default()))).expect("open");
    let stream = client.stream_commands(UnboundedReceiverStream::new(sent)).await;
    let mut stream = stream.expect("a stream").into_inner();
    for at in 0..5_000 {
        sends.send(says(Asks::Ack(junk(1_000_000 + at)))).expect("open");
    }
    let mut acked = 0;
    let refused = loop {
        match stream.message().await {
            Ok(answer) => acked += i64::from(matches!(answer.expect("open").kind, Some(Told::Acked(_)))),
            Err(status) => break refusal::read(&status),
        }
    };
    assert_eq!((refused.code, refused.reason.as_str()), (Code::ResourceExhausted, "RATE_LIMITED"));
    assert!((500..5_000).contains(&acked), "{acked}");
}
