//! Turns of standings as they happen, from any kept revision on, with a bookmark whenever nothing happens.

use std::{collections::HashSet, sync::Arc, time::Duration};

use tokio::sync::{broadcast, mpsc};
use tokio_util::sync::CancellationToken;

use super::{Gateway, board::Board, check_status::may_see, refusal};
use crate::{
    domain::{
        caller::{Caller, Class},
        name::ParticipantName,
        refusal::{Reason, Refusal},
    },
    store::{Abort, sql, sql::change::Change},
};

/// A bookmark follows this often, so that a quiet stream is not a dead one.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// Changes read at a time.
const CHUNK: i64 = 500;

/// What a watcher is sent.
#[derive(Clone, Debug)]
pub enum Event {
    /// A standing turned, or a fact was recorded.
    Change(Change),
    /// Everything up to this revision was sent.
    Bookmark(i64),
}

/// Which turns.
#[derive(Clone, Debug)]
pub struct Watch {
    /// Of these MVNOs; empty for all that the caller may see.
    pub mvnos: Vec<ParticipantName>,
    /// After this revision; 0 for the oldest kept.
    pub after_revision: i64,
}

impl Gateway {
    /// Starts a watch. Faults of the request are answered before the stream begins; the stream ends with a refusal
    /// when the record is lost, and when the receiver is dropped.
    pub async fn watch_standings(
        &self,
        caller: &Caller,
        watch: Watch,
        changes: broadcast::Receiver<Change>,
    ) -> Result<mpsc::Receiver<Result<Event, Refusal>>, Refusal> {
        for mvno in &watch.mvnos {
            may_see(caller, mvno)?;
        }
        let mut wanted: HashSet<ParticipantName> = watch.mvnos.iter().cloned().collect();
        if caller.class() == Class::Mvno {
            wanted.insert(caller.organisation.clone());
        }
        self.check_start(watch.after_revision).await?;
        let (sender, receiver) = mpsc::channel(64);
        let follow = Follow {
            caller: caller.clone(),
            wanted,
            sent: watch.after_revision,
            sender,
            changes,
            store: self.store.clone(),
            board: self.board.clone(),
            closing: self.closing.clone(),
        };
        tokio::spawn(follow.run());
        Ok(receiver)
    }

    async fn check_start(&self, after: i64) -> Result<(), Refusal> {
        let (oldest, latest) = self
            .store
            .read(|tx| {
                Box::pin(async move { Ok((sql::change::oldest(tx).await?, sql::change::latest(tx).await?)) })
            })
            .await
            .map_err(refusal)?;
        let (oldest, latest) = (oldest.unwrap_or(1), latest.unwrap_or(0));
        if after < 0 || after > latest {
            let text = format!("0 (the oldest kept) to {latest}, the latest revision");
            return Err(Refusal::field("after_revision", "OUT_OF_RANGE", text));
        }
        if after != 0 && after < oldest - 1 {
            let message = format!(
                "Changes before revision {oldest} are no longer kept; list the standings, then watch on."
            );
            return Err(Refusal::new(Reason::WatchTooOld, message).with("oldest_revision", oldest));
        }
        Ok(())
    }
}

struct Follow {
    caller: Caller,
    wanted: HashSet<ParticipantName>,
    sent: i64,
    sender: mpsc::Sender<Result<Event, Refusal>>,
    changes: broadcast::Receiver<Change>,
    store: crate::store::Store,
    board: Arc<Board>,
    closing: CancellationToken,
}

/// What a watch can hear.
enum Heard {
    Change(Change),
    /// More than could be kept for this watcher.
    Lost,
    /// Time for a bookmark.
    Beat,
    /// The board was swapped.
    Swap,
    /// The node stops.
    Closing,
}

// === impl Follow ===

impl Follow {
    async fn run(mut self) {
        // Subscribed before reading, so nothing falls between what is read and what is heard.
        if let Err(end) = self.read_on().await {
            self.end(end).await;
            return;
        }
        let mut swaps = self.board.revisions();
        let mut beat = tokio::time::interval_at(tokio::time::Instant::now() + HEARTBEAT, HEARTBEAT);
        loop {
            let heard = tokio::select! {
                () = self.sender.closed() => return,
                () = self.closing.cancelled() => Heard::Closing,
                swapped = swaps.changed() => if swapped.is_ok() { Heard::Swap } else { Heard::Closing },
                _ = beat.tick() => Heard::Beat,
                heard = self.changes.recv() => match heard {
                    Ok(change) => Heard::Change(change),
                    Err(broadcast::error::RecvError::Lagged(_)) => Heard::Lost,
                    Err(broadcast::error::RecvError::Closed) => Heard::Closing,
                },
            };
            let went = match heard {
                Heard::Beat => self.bookmark().await,
                Heard::Change(change) => self.send(change).await,
                Heard::Lost => self.read_on().await,
                Heard::Swap => self.still_welcome(),
                Heard::Closing => {
                    let _ = self.bookmark().await; // the watcher knows where to go on
                    return;
                }
            };
            if let Err(end) = went {
                self.end(end).await;
                return;
            }
        }
    }

    /// A watcher whose organisation was suspended meanwhile hears no more.
    fn still_welcome(&self) -> Result<(), Option<Refusal>> {
        if !self.board.is_suspended(&self.caller.organisation) {
            return Ok(());
        }
        Err(Some(Refusal::takes_no_part(&self.caller)))
    }

    /// Reads the change log from where the watcher is to its end, then says so.
    async fn read_on(&mut self) -> Result<(), Option<Refusal>> {
        loop {
            let from = self.sent;
            let read = self.store.read(move |tx| {
                Box::pin(async move { sql::change::list_after(tx, from, CHUNK).await.map_err(Abort::from) })
            });
            let chunk = read.await.map_err(|abort| Some(refusal(abort)))?;
            let done = i64::try_from(chunk.len()).unwrap_or(CHUNK) < CHUNK;
            for change in chunk {
                self.send(change).await?;
            }
            if done {
                return self.bookmark().await;
            }
        }
    }

    async fn send(&mut self, change: Change) -> Result<(), Option<Refusal>> {
        // Heard and read may overlap: each revision is sent once.
        if change.revision <= self.sent {
            return Ok(());
        }
        self.sent = change.revision;
        if !self.wanted.is_empty() && !self.wanted.contains(&change.mvno) {
            return Ok(());
        }
        // Asked each time: a suspension may have come while the watcher was slow to read.
        self.still_welcome()?;
        self.sender.send(Ok(Event::Change(change))).await.map_err(|_| None)
    }

    async fn bookmark(&self) -> Result<(), Option<Refusal>> {
        self.sender.send(Ok(Event::Bookmark(self.sent))).await.map_err(|_| None)
    }

    async fn end(&self, end: Option<Refusal>) {
        if let Some(refusal) = end {
            // The receiver may be gone: then nobody needs to hear it.
            let _ = self.sender.send(Err(refusal)).await;
        }
    }
}
