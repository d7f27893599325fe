//! Wakes the streams of receivers: after every commit that may concern them, and before that commit is answered, it is
//! read once for all streams of this node where their receivers are. Bodies do not come this way: each stream reads its
//! own from the outbox. Whoever watches an order is stirred by whatever happens to orders, and looks whether it was that
//! one.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

use crate::{
    domain::name::ParticipantName,
    store::{BoxFuture, Follower, StoreError, Tx, sql, sql::receiver::Mark},
};

/// Where a receiver is.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Signal {
    /// Its sequences.
    pub mark: Mark,
    /// The session that counts.
    pub session: Option<String>,
}

type Senders = HashMap<ParticipantName, watch::Sender<Signal>>;

/// The receivers with a stream on this node, and who watches orders there.
#[derive(Default)]
pub struct Signals {
    senders: Mutex<Senders>,
    /// Counts what happened to orders.
    stirred: watch::Sender<u64>,
}

/// A stream's ear; its receiver is forgotten with the last one.
pub struct Ear {
    signals: Arc<Signals>,
    receiver: ParticipantName,
    /// What is heard.
    pub heard: watch::Receiver<Signal>,
}

// === impl Signals ===

impl Signals {
    /// Listens for a receiver from now on.
    pub fn listen(self: &Arc<Self>, receiver: &ParticipantName) -> Ear {
        let heard = self.lock().entry(receiver.clone()).or_default().subscribe();
        Ear { signals: self.clone(), receiver: receiver.clone(), heard }
    }

    /// Something happened to an order. What is put into an outbox stirs by itself, on every node.
    pub fn stir(&self) {
        self.stirred.send_modify(|times| *times = times.wrapping_add(1));
    }

    /// Hears whatever happens to orders from now on.
    pub fn stirred(&self) -> watch::Receiver<u64> {
        self.stirred.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, Senders> {
        // Nothing in here can panic halfway through a change.
        self.senders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn tell(&self, tx: &mut dyn Tx) -> Result<(), StoreError> {
        self.stir();
        let names: Vec<String> = self.lock().keys().map(ToString::to_string).collect();
        if names.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let marks = sql::receiver::marks(tx, &names).await?;
        let senders = self.lock();
        for (receiver, mark, session) in marks {
            if let Some(sender) = senders.get(&receiver) {
                let signal = Signal { mark, session };
                sender.send_if_modified(|last| {
                    let differs = *last != signal;
                    if differs {
                        *last = signal;
                    }
                    differs
                });
            }
        }
        Ok(())
    }
}

impl Follower for Signals {
    fn follow<'t>(&'t self, tx: &'t mut dyn Tx) -> BoxFuture<'t, Result<(), StoreError>> {
        Box::pin(self.tell(tx))
    }

    fn lost(&self) {
        // Streams look by themselves at every bookmark.
    }
}

// === impl Ear ===

impl Drop for Ear {
    fn drop(&mut self) {
        let mut senders = self.signals.lock();
        // This ear is still one of those counted.
        if senders.get(&self.receiver).is_some_and(|sender| sender.receiver_count() <= 1) {
            senders.remove(&self.receiver);
        }
    }
}
