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

/// One receiver's streams on this node.
#[derive(Default)]
struct Told {
    sender: watch::Sender<Signal>,
    /// How many of them listen just now.
    awake: usize,
}

type Receivers = HashMap<ParticipantName, Told>;

/// The receivers with a stream on this node, and who watches orders there.
#[derive(Default)]
pub struct Signals {
    receivers: Mutex<Receivers>,
    /// Counts what happened to orders.
    stirred: watch::Sender<u64>,
    /// How many streams wait for a receiver that does not read.
    stalled: watch::Sender<usize>,
}

/// A stream's ear; its receiver is forgotten with the last one.
pub struct Ear {
    signals: Arc<Signals>,
    receiver: ParticipantName,
    awake: bool,
    /// What is heard.
    pub heard: watch::Receiver<Signal>,
}

// === impl Signals ===

impl Signals {
    /// Listens for a receiver from now on.
    pub fn listen(self: &Arc<Self>, receiver: &ParticipantName) -> Ear {
        let mut receivers = self.lock();
        let told = receivers.entry(receiver.clone()).or_default();
        told.awake += 1;
        let heard = told.sender.subscribe();
        Ear { signals: self.clone(), receiver: receiver.clone(), awake: true, heard }
    }

    /// Something happened to an order. What is put into an outbox stirs by itself, on every node.
    pub fn stir(&self) {
        self.stirred.send_modify(|times| *times = times.wrapping_add(1));
    }

    /// Hears whatever happens to orders from now on.
    pub fn stirred(&self) -> watch::Receiver<u64> {
        self.stirred.subscribe()
    }

    /// How many streams here wait for a receiver that does not read, now and from now on.
    pub fn stalled(&self) -> watch::Receiver<usize> {
        self.stalled.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, Receivers> {
        // Nothing in here can panic halfway through a change.
        self.receivers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn awake(&self) -> Vec<String> {
        let receivers = self.lock();
        let awake = receivers.iter().filter(|(_, told)| told.awake > 0);
        awake.map(|(receiver, _)| receiver.to_string()).collect()
    }

    async fn tell(&self, tx: &mut dyn Tx) -> Result<(), StoreError> {
        self.stir();
        let names = self.awake();
        if names.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let marks = sql::receiver::marks(tx, &names).await?;
        let receivers = self.lock();
        for (receiver, mark, session) in marks {
            if let Some(told) = receivers.get(&receiver) {
                let signal = Signal { mark, session };
                told.sender.send_if_modified(|last| {
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

impl Ear {
    /// Hears no more: its stream waits for a receiver that does not read, and nobody looks after every commit whether
    /// there is more for it.
    pub fn doze(&mut self) {
        if std::mem::replace(&mut self.awake, false) {
            self.count(|awake| awake.saturating_sub(1));
            self.signals.stalled.send_modify(|stalled| *stalled += 1);
        }
    }

    /// Hears again, but not what was said meanwhile: its stream has to look for itself.
    pub fn wake(&mut self) {
        if !std::mem::replace(&mut self.awake, true) {
            self.count(|awake| awake + 1);
            self.signals.stalled.send_modify(|stalled| *stalled = stalled.saturating_sub(1));
        }
    }

    fn count(&self, change: impl Fn(usize) -> usize) {
        if let Some(told) = self.signals.lock().get_mut(&self.receiver) {
            told.awake = change(told.awake);
        }
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.wake();
        self.count(|awake| awake.saturating_sub(1));
        let mut receivers = self.signals.lock();
        // This ear is still one of those counted.
        if receivers.get(&self.receiver).is_some_and(|told| told.sender.receiver_count() <= 1) {
            receivers.remove(&self.receiver);
        }
    }
}
