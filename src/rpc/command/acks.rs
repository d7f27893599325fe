//! Acknowledgements on their way in: read, settled together as far as they have come, and each answered.

use std::sync::Arc;

use futures_util::StreamExt;
use tokio::sync::mpsc;
use tonic::Streaming;

use crate::{
    domain::refusal::Refusal,
    rpc::{
        convert::command,
        pb::{self, stream_commands_request::Kind as Asked},
    },
    service::{
        Gateway,
        command::{session::Claim, stream::Event},
        context::Context,
    },
};

/// Settled together at most.
const TOGETHER: usize = 64;

type Answers = mpsc::Sender<Result<Event, Refusal>>;

/// Takes the acknowledgements of a stream until it ends. Whoever does not read the answers is not listened to.
pub(super) async fn take(
    gateway: Arc<Gateway>,
    context: Context,
    claim: Claim,
    incoming: Streaming<pb::StreamCommandsRequest>,
    answers: Answers,
) {
    let mut incoming = incoming.ready_chunks(TOGETHER);
    loop {
        let chunk = tokio::select! {
            chunk = incoming.next() => chunk,
            // The stream has ended: the connection too, or it was taken over.
            () = answers.closed() => return,
            () = gateway.closing.cancelled() => return,
        };
        // The receiver may have said all that it had to say, and go on listening.
        let Some(chunk) = chunk else { return };
        let mut acks = Vec::with_capacity(chunk.len());
        let mut end = None;
        for message in chunk {
            match message.map(|message| message.kind) {
                Ok(Some(Asked::Ack(ack))) => acks.push(ack),
                Ok(Some(Asked::Open(_)) | None) => {
                    end = Some(Some(Refusal::field("ack", "REQUIRED", "every message after the first one")));
                    break;
                }
                Err(_) => {
                    end = Some(None);
                    break;
                }
            }
        }
        if !acks.is_empty() {
            match settle(&gateway, &context, &claim, acks).await {
                Ok(settled) => {
                    for (sequence, refused) in settled {
                        if answers.send(Ok(Event::Acked(sequence, refused))).await.is_err() {
                            return;
                        }
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

/// Settles them; each with its sequence, in their order. What is wrong in one by itself keeps no other from counting.
pub(super) async fn settle(
    gateway: &Gateway,
    context: &Context,
    claim: &Claim,
    acks: Vec<pb::CommandAck>,
) -> Result<Vec<(i64, Option<Refusal>)>, Refusal> {
    let mut answers: Vec<(i64, Option<Refusal>)> = Vec::with_capacity(acks.len());
    let mut fine = Vec::with_capacity(acks.len());
    let mut places = Vec::with_capacity(acks.len());
    for ack in acks {
        let sequence = ack.sequence;
        match command::ack(ack) {
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
