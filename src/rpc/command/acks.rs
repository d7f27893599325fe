//! Acknowledgements on their way in: read, settled together as far as they have come, and each answered.

use std::sync::Arc;

use futures_util::StreamExt;
use tokio::sync::mpsc;
use tonic::Streaming;

use crate::{
    domain::refusal::Refusal,
    rpc::{
        convert::command,
        parts::Parts,
        pb::{self, stream_commands_request::Kind as Asked},
    },
    service::{
        Gateway,
        command::{judge::Ack, session::Claim, stream::Event},
        context::Context,
    },
};

/// Settled together at most.
const TOGETHER: usize = 64;

type Answers = mpsc::Sender<Result<Event, Refusal>>;

/// What the acknowledgements of a stream are taken for.
pub(super) struct Taking {
    pub(super) gateway: Arc<Gateway>,
    pub(super) context: Context,
    pub(super) claim: Claim,
    pub(super) parts: Option<Parts>,
}

// === impl Taking ===

impl Taking {
    /// Takes the acknowledgements of a stream until it ends. Whoever does not read the answers is not listened to.
    pub(super) async fn take(self, incoming: Streaming<pb::StreamCommandsRequest>, answers: Answers) {
        // Read one by one: as it was sent, each may be a thousand times what is kept of it.
        let mut incoming =
            incoming.map(|message| message.map(|message| read(message.kind))).ready_chunks(TOGETHER);
        loop {
            let chunk = tokio::select! {
                chunk = incoming.next() => chunk,
                // The stream has ended: the connection too, or it was taken over.
                () = answers.closed() => return,
                () = self.gateway.closing.cancelled() => return,
            };
            // The receiver may have said all that it had to say, and go on listening.
            let Some(chunk) = chunk else { return };
            let mut acks = Vec::with_capacity(chunk.len());
            let mut end = None;
            for message in chunk {
                match message {
                    Ok(Some(ack)) => acks.push(ack),
                    Ok(None) => {
                        end = Some(Some(Refusal::field(
                            "ack",
                            "REQUIRED",
                            "every message after the first one",
                        )));
                        break;
                    }
                    Err(_) => {
                        end = Some(None);
                        break;
                    }
                }
            }
            if !acks.is_empty() {
                match settle(&self.gateway, &self.context, &self.claim, acks).await {
                    Ok(settled) => {
                        let charged = charge(self.parts.as_ref(), &settled);
                        for (sequence, refused) in settled {
                            if answers.send(Ok(Event::Acked(sequence, refused))).await.is_err() {
                                return;
                            }
                        }
                        if let Err(refusal) = charged {
                            end = Some(Some(refusal));
                        }
                    }
                    Err(refusal) => end = Some(Some(refusal)),
                }
            }
            if let Some(end) = end {
                if let Some(refusal) = end {
                    // The receiver may be gone: then nobody needs to hear it.
                    let _ = answers.send(Err(refusal)).await;
                }
                return;
            }
        }
    }
}

/// Charges those that were refused like calls that are.
pub(super) fn charge(parts: Option<&Parts>, settled: &[(i64, Option<Refusal>)]) -> Result<(), Refusal> {
    let refused = settled.iter().filter(|(_, refused)| refused.is_some()).count();
    parts.map_or(Ok(()), |parts| parts.refused(refused))
}

/// An acknowledgement with its sequence, or what is wrong with it.
pub(super) type Read = (i64, Result<Ack, Refusal>);

/// Reads a message; `None` where it is no acknowledgement.
fn read(kind: Option<Asked>) -> Option<Read> {
    match kind {
        Some(Asked::Ack(ack)) => Some(one(ack)),
        Some(Asked::Open(_)) | None => None,
    }
}

/// Reads one.
pub(super) fn one(ack: pb::CommandAck) -> Read {
    (ack.sequence, command::ack(ack))
}

/// Settles them; each with its sequence, in their order. What is wrong in one by itself keeps no other from counting.
pub(super) async fn settle(
    gateway: &Gateway,
    context: &Context,
    claim: &Claim,
    acks: Vec<Read>,
) -> Result<Vec<(i64, Option<Refusal>)>, Refusal> {
    let mut answers: Vec<(i64, Option<Refusal>)> = Vec::with_capacity(acks.len());
    let mut fine = Vec::with_capacity(acks.len());
    let mut places = Vec::with_capacity(acks.len());
    for (sequence, ack) in acks {
        match ack {
            Ok(ack) => {
                places.push(answers.len());
                fine.push(ack);
                answers.push((sequence, None));
            }
            Err(refusal) => answers.push((sequence, Some(refusal))),
        }
    }
    // Even where none is fine: whoever holds no session is told so.
    let settled = gateway.settle(context, claim, fine).await?;
    for (place, settled) in places.into_iter().zip(settled) {
        answers[place].1 = settled.err();
    }
    Ok(answers)
}
