//! A receiver's stream: its commands from a cursor on, read from the outbox as fast as the receiver takes them, with a
//! bookmark whenever everything was sent; and its acknowledgements, each answered once it is durable. Whoever is slow
//! holds a few rows and nobody up.

use std::{sync::Arc, time::Duration};

use tokio::sync::{mpsc, watch};

use super::{
    session::{Claim, fenced},
    sign::{OrderOf, Signable},
    signal::{Ear, Signal},
};
use crate::{
    domain::{
        entry::{Entry, EntryKind},
        refusal::{Reason, Refusal},
        time::Time,
    },
    host,
    service::{Gateway, context::Context, receipt::Signer, refusal},
    store::{
        Abort,
        sql::{self, command::CommandRow, receiver::Mark},
    },
};

/// A bookmark follows this often, so that a quiet stream is not a dead one.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// Commands read at a time: rows without their numbers.
const CHUNK: i64 = 32;
/// What was sent is written down after so long.
const UNSAID: Duration = Duration::from_millis(250);
/// Events that wait to be taken. A command is made only when it is.
const WAITING: usize = 4;
/// A receiver that takes nothing for so long is not told of more until it does.
const PATIENCE: Duration = Duration::from_millis(100);

/// What a receiver is sent.
#[derive(Debug)]
pub enum Event {
    /// A command; its numbers are read when the receiver takes it.
    Command(Box<CommandRow>),
    /// Everything up to this sequence was sent.
    Bookmark(i64),
    /// An acknowledgement is durable, or was refused.
    Acked(i64, Option<Refusal>),
}

/// A stream under way, as the one who sends it sees it.
pub struct Stream {
    /// What to send.
    pub events: mpsc::Receiver<Result<Event, Refusal>>,
    /// For acknowledging.
    pub claim: Claim,
    /// Where acknowledgements are answered.
    pub answers: mpsc::Sender<Result<Event, Refusal>>,
    /// Where it is told what was sent.
    pub sent: mpsc::UnboundedSender<i64>,
}

/// Makes commands when they are taken.
pub struct Maker {
    gateway: Arc<Gateway>,
    kept: Option<Arc<OrderOf>>,
}

/// Whether there can be a stream or pull from that cursor.
pub(super) fn cursor(after: i64, mark: Mark) -> Result<(), Abort> {
    if after < 0 || after > mark.last {
        let text = format!("0 (from the beginning) to {}, your last sequence", mark.last);
        return Err(Abort::Refused(Refusal::field("after_sequence", "OUT_OF_RANGE", text)));
    }
    if after < mark.oldest - 1 {
        let oldest = mark.oldest;
        let text = format!(
            "Commands before {oldest} are no longer kept: take every page of ListCommandedNumbers, then go on from \
             its after_sequence."
        );
        return Err(Abort::Refused(Refusal::new(Reason::CursorTooOld, text).with("oldest_sequence", oldest)));
    }
    Ok(())
}

/// The entry of commands that were handed out.
pub(super) fn sent_entry(context: &Context, sequences: &[i64], now: Time) -> Entry {
    Entry {
        entry_id: host::new_id(now),
        kind: EntryKind::Act,
        entry_time: now,
        caller: context.caller.to_string(),
        certificate_sha256: context.certificate_sha256.clone(),
        method: context.method.to_owned(),
        subject: context.caller.organisation.to_string(),
        request_sha256: context.request_sha256.clone(),
        outcome: "DONE".to_owned(),
        detail: serde_json::json!({ "sent": sequences }).to_string(),
        revision: None,
    }
}

impl Gateway {
    /// Opens a stream of the caller's commands. Faults are answered before it begins; it ends with a refusal when a newer
    /// session takes over, the organisation is suspended or the record is lost, and when its events are dropped.
    pub async fn stream_commands(self: &Arc<Self>, context: &Context, after: i64) -> Result<Stream, Refusal> {
        self.persons()?;
        let receiver = context.caller.organisation.clone();
        // Heard from before anything is read, so that nothing falls between.
        let ear = self.signals.listen(&receiver);
        let clock = self.clock.clone();
        let begun = self.store.write(move |tx| {
            let (receiver, now) = (receiver.clone(), clock.now());
            Box::pin(async move {
                let mark = sql::receiver::mark(tx, &receiver).await?;
                cursor(after, mark)?;
                Ok((Claim::begin(tx, &receiver, true, now).await?, mark))
            })
        });
        let (claim, mark) = begun.await.map_err(refusal)?;
        let (answers, events) = mpsc::channel(WAITING);
        let (sent, was_sent) = mpsc::unbounded_channel();
        let deliver = Deliver {
            gateway: self.clone(),
            claim: claim.clone(),
            sent: after,
            resent: mark.resends,
            sender: answers.clone(),
            ear,
            missed: false,
        };
        tokio::spawn(deliver.run());
        tokio::spawn(note(self.clone(), context.clone(), was_sent));
        Ok(Stream { events, claim, answers, sent })
    }

    /// What makes the commands of a stream.
    pub fn maker(self: &Arc<Self>) -> Maker {
        Maker { gateway: self.clone(), kept: None }
    }
}

/// Writes down what was sent, as much at once as there is.
async fn note(gateway: Arc<Gateway>, context: Context, mut sent: mpsc::UnboundedReceiver<i64>) {
    let mut sequences = Vec::new();
    while sent.recv_many(&mut sequences, 100).await > 0 {
        // Most are acknowledged in a moment, and that says it too.
        tokio::time::sleep(UNSAID).await;
        while let Ok(sequence) = sent.try_recv() {
            sequences.push(sequence);
        }
        let all = std::mem::take(&mut sequences);
        if let Err(refusal) = gateway.delivered(&context, all).await {
            // They count as sent when they are acknowledged.
            tracing::warn!(%refusal, "what was sent was not written down");
        }
    }
}

struct Deliver {
    gateway: Arc<Gateway>,
    claim: Claim,
    /// Everything up to here was handed over.
    sent: i64,
    /// Everything that was put on its way again up to here, too.
    resent: i64,
    sender: mpsc::Sender<Result<Event, Refusal>>,
    ear: Ear,
    /// Something may have happened that was not heard.
    missed: bool,
}

// === impl Deliver ===

impl Deliver {
    async fn run(mut self) {
        if let Err(Some(refusal)) = self.follow().await {
            // The receiver may be gone: then nobody needs to hear it.
            let _ = self.sender.send(Err(refusal)).await;
        }
    }

    async fn follow(&mut self) -> Result<(), Option<Refusal>> {
        self.catch_up().await?;
        let mut heard = self.ear.heard.clone();
        let mut swaps = self.gateway.board.revisions();
        let mut beat = tokio::time::interval_at(tokio::time::Instant::now() + HEARTBEAT, HEARTBEAT);
        loop {
            tokio::select! {
                () = self.sender.closed() => return Ok(()),
                () = self.gateway.closing.cancelled() => {
                    let _ = self.bookmark().await; // the receiver knows where to go on
                    return Ok(());
                }
                swapped = swaps.changed() => {
                    if swapped.is_err() {
                        return Ok(());
                    }
                    self.still_welcome()?;
                }
                changed = heard.changed() => {
                    if changed.is_err() {
                        return Ok(());
                    }
                    self.hear(&mut heard).await?;
                }
                _ = beat.tick() => {
                    // Should a signal ever be lost, nothing is late by more than a beat.
                    self.catch_up().await?;
                }
            }
        }
    }

    async fn hear(&mut self, heard: &mut watch::Receiver<Signal>) -> Result<(), Option<Refusal>> {
        let signal = heard.borrow_and_update().clone();
        self.still_mine().await?;
        if signal.mark.last > self.sent || signal.mark.resends > self.resent {
            self.catch_up().await?;
        }
        Ok(())
    }

    /// A receiver whose organisation was suspended meanwhile gets no more.
    fn still_welcome(&self) -> Result<(), Option<Refusal>> {
        let receiver = &self.claim.receiver;
        if !self.gateway.board.is_suspended(receiver) {
            return Ok(());
        }
        let text = format!("{receiver} is suspended here; ask the regulator.");
        Err(Some(Refusal::new(Reason::ParticipantSuspended, text).with("caller", receiver)))
    }

    /// A newer session takes over at once. What was heard may be of an older one: the record decides.
    async fn still_mine(&self) -> Result<(), Option<Refusal>> {
        let heard = self.ear.heard.borrow().session.clone();
        if !self.missed && heard.is_none_or(|session| session == self.claim.session) {
            return Ok(());
        }
        let receiver = self.claim.receiver.clone();
        let read = self.gateway.store.read(move |tx| {
            let receiver = receiver.clone();
            Box::pin(async move { Ok(sql::receiver::session(tx, &receiver).await?) })
        });
        let now = read.await.map_err(|abort| Some(refusal(abort)))?;
        if now.as_deref() == Some(self.claim.session.as_str()) { Ok(()) } else { Err(Some(fenced())) }
    }

    /// Hands over what there is, and says up to where that was.
    async fn catch_up(&mut self) -> Result<(), Option<Refusal>> {
        loop {
            self.read_on().await?;
            self.bookmark().await?;
            if !self.missed {
                return Ok(());
            }
            self.still_mine().await?;
        }
    }

    /// Hands over what there is: what was put on its way again, then what is new.
    async fn read_on(&mut self) -> Result<(), Option<Refusal>> {
        loop {
            self.missed = false;
            let (receiver, sent, resent) = (self.claim.receiver.clone(), self.sent, self.resent);
            let read = self.gateway.store.read(move |tx| {
                let receiver = receiver.clone();
                Box::pin(async move {
                    let again = sql::command::list_resent(tx, &receiver, resent, CHUNK).await?;
                    let new = sql::command::list_after(tx, &receiver, sent, CHUNK).await?;
                    Ok((again, new))
                })
            });
            let (again, new) = read.await.map_err(|abort| Some(refusal(abort)))?;
            let full = usize::try_from(CHUNK).unwrap_or(usize::MAX);
            let done = again.len() < full && new.len() < full;
            for row in again {
                self.resent = self.resent.max(row.resend.unwrap_or(0));
                // Never before those that come before it.
                if row.sequence <= sent {
                    self.hand(row).await?;
                }
            }
            for row in new {
                if row.sequence != self.sent + 1 {
                    // A hole would be a lie: nothing after it is sent.
                    return Err(Some(Refusal::store_unavailable()));
                }
                self.sent = row.sequence;
                self.hand(row).await?;
            }
            if done && !self.missed {
                return Ok(());
            }
        }
    }

    async fn hand(&mut self, row: CommandRow) -> Result<(), Option<Refusal>> {
        self.room().await?;
        // Asked each time: much may have happened while the receiver was slow to read.
        self.still_welcome()?;
        self.still_mine().await?;
        let place = self.sender.reserve().await.map_err(|_| None)?;
        place.send(Ok(Event::Command(Box::new(row))));
        Ok(())
    }

    /// Waits until the receiver can take one more.
    async fn room(&mut self) -> Result<(), Option<Refusal>> {
        let patient = tokio::time::timeout(PATIENCE, self.sender.reserve()).await;
        if let Ok(room) = patient {
            return room.map(drop).map_err(|_| None);
        }
        self.ear.doze();
        let room = self.sender.reserve().await.map(drop);
        self.ear.wake();
        self.missed = true;
        room.map_err(|_| None)
    }

    async fn bookmark(&mut self) -> Result<(), Option<Refusal>> {
        self.room().await?;
        self.sender.send(Ok(Event::Bookmark(self.sent))).await.map_err(|_| None)
    }
}

// === impl Maker ===

impl Maker {
    /// What signs them.
    pub fn signer(&self) -> &Signer {
        &self.gateway.signer
    }

    /// The command of a row, as it is sent.
    pub async fn make(&mut self, row: CommandRow) -> Result<Signable, Refusal> {
        let (mut made, kept) = self.gateway.signables(vec![row], self.kept.take()).await?;
        self.kept = kept;
        made.pop().ok_or_else(Refusal::store_unavailable)
    }
}
