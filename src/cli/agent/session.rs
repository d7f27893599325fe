//! One stream of commands, from its opening to its end. A command is acknowledged when it has come, and again by its
//! result, which is on this disk before.

use std::{
    collections::{HashSet, VecDeque},
    time::Duration,
};

use tokio::{
    sync::{
        mpsc::{self, UnboundedReceiver, UnboundedSender},
        watch,
    },
    time::timeout,
};
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::{Code, Status, Streaming, transport::Channel};
use tonic_types::StatusExt;
use tracing::{error, info, warn};

use super::{seal::Seals, worker::Shared};
use crate::{
    cli::{ctl::refused, stop::Stop},
    rpc::pb::{
        self, command_service_client::CommandServiceClient, stream_commands_request, stream_commands_response,
    },
};

/// A gateway sends a bookmark every five seconds: one that is silent for so long is gone.
const SILENCE: Duration = Duration::from_secs(30);
/// So many numbers wait at most; while they do nothing more is read.
const WAITING: usize = 20_000;

/// Why a stream ended.
#[derive(Debug)]
pub(super) enum Cut {
    /// Another try may go better.
    Passing(String),
    /// Somebody opened a session after this one.
    Fenced,
    /// What comes next is no longer kept there; the oldest sequence that is.
    TooOld(i64),
    /// Nothing that another try would change.
    Fatal(String),
    /// It was to stop.
    Stopped,
}

/// What outlives a stream.
pub(super) struct Desk {
    pub(super) journal: Shared,
    /// To the work.
    pub(super) jobs: UnboundedSender<pb::Command>,
    /// From the work.
    pub(super) done: UnboundedReceiver<pb::Command>,
    /// Ids of what waits or is being done.
    pub(super) waiting: HashSet<String>,
    /// Their numbers.
    pub(super) numbers: usize,
    pub(super) stop: Stop,
    /// Tells the work to begin nothing more.
    pub(super) stopping: watch::Sender<bool>,
    /// The work has ended.
    pub(super) idle: bool,
}

/// A stream, open.
pub(super) struct Session<'a> {
    desk: &'a mut Desk,
    seals: &'a Seals,
    receiver: &'a str,
    acks: UnboundedSender<pb::StreamCommandsRequest>,
    /// Sent and not answered: the sequence, and whether it was the result.
    open: VecDeque<(i64, bool)>,
    /// The highest sequence that came.
    seen: i64,
}

/// The reason of a refusal.
pub(super) fn cut(status: &Status) -> Cut {
    let details = status.get_error_details();
    let info = details.error_info();
    let reason = info.map(|info| info.reason.clone()).unwrap_or_default();
    let oldest = info.and_then(|info| info.metadata.get("oldest_sequence")?.parse().ok());
    let lines = refused::lines(status).join("; ");
    match (reason.as_str(), status.code()) {
        ("CURSOR_TOO_OLD", _) => Cut::TooOld(oldest.unwrap_or(i64::MAX)),
        ("SESSION_FENCED", _) => Cut::Fenced,
        (_, Code::ResourceExhausted | Code::DeadlineExceeded | Code::Internal) => Cut::Passing(lines),
        _ if refused::passes(status) => Cut::Passing(lines),
        _ => Cut::Fatal(lines),
    }
}

// === impl Session ===

impl<'a> Session<'a> {
    /// Opens a stream and stays until it ends.
    pub(super) async fn run(
        desk: &'a mut Desk,
        seals: &'a Seals,
        receiver: &'a str,
        channel: Channel,
    ) -> Cut {
        let (acks, requests) = mpsc::unbounded_channel();
        let seen = desk.journal.lock().cursor();
        let open = stream_commands_request::Kind::Open(pb::OpenCommands { after_sequence: seen });
        let mut session = Self { desk, seals, receiver, acks, open: VecDeque::new(), seen };
        session.send(open);
        let mut client = CommandServiceClient::new(channel);
        let begun = tokio::select! {
            begun = timeout(SILENCE, client.stream_commands(UnboundedReceiverStream::new(requests))) => begun,
            () = session.desk.stop.asked() => {
                let _ = session.desk.end(); // there is nothing to acknowledge by
                return Cut::Stopped;
            }
        };
        match begun {
            Ok(Ok(answers)) => {
                info!(after = seen, "listening");
                session.listen(answers.into_inner()).await
            }
            Ok(Err(status)) => cut(&status),
            Err(_) => Cut::Passing("the gateway does not answer".to_owned()),
        }
    }

    async fn listen(&mut self, mut answers: Streaming<pb::StreamCommandsResponse>) -> Cut {
        loop {
            if self.desk.idle && !self.open.iter().any(|(_, result)| *result) {
                return Cut::Stopped;
            }
            let room = self.desk.numbers < WAITING || *self.desk.stopping.borrow();
            let step = tokio::select! {
                answer = timeout(SILENCE, answers.message()), if room => match answer {
                    Ok(Ok(Some(answer))) => self.hear(answer),
                    Ok(Ok(None)) => Err(Cut::Passing("the stream ended".to_owned())),
                    Ok(Err(status)) => Err(cut(&status)),
                    Err(_) => Err(Cut::Passing("the gateway is silent".to_owned())),
                },
                command = self.desk.done.recv(), if !self.desk.idle => {
                    match command {
                        Some(command) => self.finished(&command),
                        None => self.desk.idle = true,
                    }
                    Ok(())
                }
                () = self.desk.stop.asked() => self.desk.end(),
            };
            if let Err(cut) = step {
                return cut;
            }
        }
    }

    fn hear(&mut self, answer: pb::StreamCommandsResponse) -> Result<(), Cut> {
        match answer.kind {
            // It will come again.
            Some(stream_commands_response::Kind::Command(_)) if *self.desk.stopping.borrow() => Ok(()),
            Some(stream_commands_response::Kind::Command(command)) => self.take(command),
            Some(stream_commands_response::Kind::Bookmark(bookmark)) if bookmark.sequence > self.seen => {
                Err(Cut::Passing(format!("sequence {} did not come", self.seen + 1)))
            }
            Some(stream_commands_response::Kind::Acked(acked)) => self.acked(&acked),
            Some(stream_commands_response::Kind::Bookmark(_)) | None => Ok(()),
        }
    }

    /// A command came.
    fn take(&mut self, command: pb::Command) -> Result<(), Cut> {
        let sequence = command.sequence;
        if !self.seals.sealed(&command, self.receiver) {
            return Err(Cut::Fatal(format!(
                "command {sequence} is not signed for {} by a key that is pinned ({}); nothing of it was done. Was the \
                 gateway's key turned? Then start again with --signing-key and the new one",
                self.receiver,
                self.seals.ids()
            )));
        }
        if sequence > self.seen + 1 {
            return Err(Cut::Passing(format!("sequence {} did not come", self.seen + 1)));
        }
        self.seen = self.seen.max(sequence);
        if self.is_done(&command) {
            self.finished(&command);
            return Ok(());
        }
        self.ack(pb::CommandAck { sequence, ..Default::default() }, false);
        if self.desk.waiting.insert(command.command_id.clone()) {
            let kind = command.kind().as_str_name().trim_start_matches("COMMAND_KIND_");
            let (numbers, drill) = (command.msisdns.len(), command.drill);
            info!(sequence, command = command.command_id, kind, numbers, drill, "came");
            self.desk.numbers += numbers;
            let gone = |_| Cut::Fatal("nobody carries commands out any more".to_owned());
            self.desk.jobs.send(command).map_err(gone)?;
        }
        Ok(())
    }

    fn is_done(&self, command: &pb::Command) -> bool {
        self.desk.journal.lock().verdict(&command.command_id).is_some()
    }

    /// A command is done, now or long since.
    fn finished(&mut self, command: &pb::Command) {
        self.desk.left(command);
        let verdict = self.desk.journal.lock().verdict(&command.command_id).cloned();
        if let Some(verdict) = verdict {
            self.ack(verdict.ack(command), true);
        }
    }

    /// An acknowledgement is durable at the gateway, or never will be.
    fn acked(&mut self, acked: &pb::CommandAcked) -> Result<(), Cut> {
        let place = self.open.iter().position(|(sequence, _)| *sequence == acked.sequence);
        let Some((sequence, result)) = place.and_then(|place| self.open.remove(place)) else {
            return Ok(());
        };
        if let Some(error) = acked.error.as_ref().filter(|error| error.code != 0) {
            match Code::from(error.code) {
                Code::InvalidArgument | Code::NotFound => {
                    // The same again would be refused again.
                    error!(
                        sequence,
                        result,
                        error = error.message,
                        "the gateway does not take that it is done"
                    );
                }
                Code::Unavailable | Code::DeadlineExceeded => {
                    warn!(sequence, error = error.message, "to be acknowledged again");
                    return Err(Cut::Passing(error.message.clone()));
                }
                _ => return Err(Cut::Fenced),
            }
        }
        if result {
            let settled = self.desk.journal.lock().settle(sequence);
            settled.map_err(|error| Cut::Fatal(format!("the journal cannot be written: {error}")))?;
        }
        Ok(())
    }

    fn ack(&mut self, ack: pb::CommandAck, result: bool) {
        self.open.push_back((ack.sequence, result));
        self.send(stream_commands_request::Kind::Ack(ack));
    }

    fn send(&self, kind: stream_commands_request::Kind) {
        // A stream that has ended says so where it is read.
        let _ = self.acks.send(pb::StreamCommandsRequest { kind: Some(kind) });
    }
}

// === impl Desk ===

impl Desk {
    /// What is being done is done to its end, and acknowledged; asked twice, it ends at once.
    pub(super) fn end(&mut self) -> Result<(), Cut> {
        info!("stopping");
        self.stopping.send_replace(true);
        if self.stop.is_pressing() { Err(Cut::Stopped) } else { Ok(()) }
    }

    /// A command does not wait any more.
    pub(super) fn left(&mut self, command: &pb::Command) {
        if self.waiting.remove(&command.command_id) {
            self.numbers = self.numbers.saturating_sub(command.msisdns.len());
        }
    }
}
