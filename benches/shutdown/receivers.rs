//! Receivers that take every command and say at once that it has come and that it is done, and when each came.

use std::{sync::Arc, time::Duration};

use greenlane::{
    domain::time::Clock,
    rpc::pb::{
        self, command_service_client::CommandServiceClient, stream_commands_request, stream_commands_response,
    },
};
use tokio::{
    sync::mpsc::{self, UnboundedReceiver, UnboundedSender},
    task::JoinSet,
};
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::{Streaming, transport::Channel};

use crate::{blocks, site::Site};

/// Receivers at work.
pub struct Receivers {
    pub arrivals: UnboundedReceiver<Arrival>,
    _work: JoinSet<()>,
}

/// A command came.
pub struct Arrival {
    /// Which of them got it: carriers first.
    pub receiver: usize,
    pub at: Duration,
    pub command: pb::Command,
}

/// The identities of carriers and MVNOs, in that order.
pub fn identities(mvnos: std::ops::RangeInclusive<usize>) -> Vec<String> {
    let carriers = blocks::CARRIERS.map(|(name, _)| name.replace("carriers/", "carrier-"));
    carriers.into_iter().chain(mvnos.map(|m| format!("mvno-{}", blocks::mvno(m)))).collect()
}

// === impl Receivers ===

impl Receivers {
    /// All of them, listening.
    pub async fn start(site: &Site, identities: &[String], clock: &Arc<dyn Clock>) -> Self {
        let (arrived, arrivals) = mpsc::unbounded_channel();
        let mut work = JoinSet::new();
        for (receiver, identity) in identities.iter().enumerate() {
            let (acks, answers) = open(site.connect(identity).await).await;
            work.spawn(take(receiver, answers, acks, arrived.clone(), clock.clone()));
        }
        Self { arrivals, _work: work }
    }

    /// The next command.
    pub async fn next(&mut self) -> Arrival {
        self.arrivals.recv().await.expect("they are at work")
    }
}

/// A stream from the first command on; it answers once it is open.
pub async fn open(
    channel: Channel,
) -> (UnboundedSender<pb::StreamCommandsRequest>, Streaming<pb::StreamCommandsResponse>) {
    let (acks, requests) = mpsc::unbounded_channel();
    let kind = stream_commands_request::Kind::Open(pb::OpenCommands { after_sequence: 0 });
    acks.send(pb::StreamCommandsRequest { kind: Some(kind) }).expect("it is read");
    let mut client = CommandServiceClient::new(channel).max_decoding_message_size(16 << 20);
    let answers = client.stream_commands(UnboundedReceiverStream::new(requests)).await.expect("let in");
    (acks, answers.into_inner())
}

async fn take(
    receiver: usize,
    mut answers: Streaming<pb::StreamCommandsResponse>,
    acks: UnboundedSender<pb::StreamCommandsRequest>,
    arrived: UnboundedSender<Arrival>,
    clock: Arc<dyn Clock>,
) {
    while let Ok(Some(answer)) = answers.message().await {
        let Some(stream_commands_response::Kind::Command(command)) = answer.kind else { continue };
        let at = clock.monotonic();
        let outcome = match command.kind() {
            pb::CommandKind::Verify => pb::ResultOutcome::Verified,
            _ => pb::ResultOutcome::Executed,
        };
        let came = pb::CommandAck { sequence: command.sequence, ..Default::default() };
        let done = pb::CommandAck { outcome: outcome.into(), ..came.clone() };
        for ack in [came, done] {
            let kind = Some(stream_commands_request::Kind::Ack(ack));
            let _ = acks.send(pb::StreamCommandsRequest { kind }); // the stream may have ended
        }
        if arrived.send(Arrival { receiver, at, command }).is_err() {
            return;
        }
    }
}
