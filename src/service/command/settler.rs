//! Where acknowledgements wait for each other: those that come while others are being settled are settled together, in
//! one transaction of the node, whoever sent them. One order's receivers would otherwise wait for its row one by one.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::sync::oneshot;

use super::{
    judge::Ack,
    session::Claim,
    settle::{self, Settled},
};
use crate::{
    domain::{refusal::Refusal, time::Clock},
    service::{Gateway, context::Context, persons::Persons, refusal},
    store::Store,
};

/// Acknowledgements in one transaction, about: each may be about 500 numbers.
const TOGETHER: usize = 64;

/// Acknowledgements of one call.
#[derive(Clone)]
pub struct Asked {
    /// Whose, and by which certificate.
    pub context: Context,
    /// Under which session.
    pub claim: Claim,
    /// What is said.
    pub acks: Arc<Vec<Ack>>,
}

type Answer = Result<Settled, Refusal>;
type Waiting = VecDeque<(Asked, oneshot::Sender<Answer>)>;

/// The acknowledgements of a node that wait.
#[derive(Clone, Default)]
pub struct Settler {
    waiting: Arc<Mutex<Waiting>>,
    /// Somebody settles them.
    busy: Arc<AtomicBool>,
}

impl Gateway {
    /// Settles acknowledgements of a receiver. Refused as a whole where its session is over; otherwise each is durable or
    /// refused by itself.
    pub async fn settle(&self, context: &Context, claim: &Claim, acks: Vec<Ack>) -> Answer {
        let persons = self.persons()?.clone();
        let (answer, answered) = oneshot::channel();
        let asked = Asked { context: context.clone(), claim: claim.clone(), acks: Arc::new(acks) };
        self.settler.lock().push_back((asked, answer));
        if !self.settler.busy.swap(true, Ordering::AcqRel) {
            let (settler, store, clock) = (self.settler.clone(), self.store.clone(), self.clock.clone());
            tokio::spawn(settler.run(store, clock, persons));
        }
        // Whoever settles them may end with its thread when the node stops.
        let settled = answered.await.unwrap_or_else(|_| Err(Refusal::store_unavailable()));
        self.signals.stir();
        settled
    }
}

// === impl Settler ===

impl Settler {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Nothing in here can panic halfway through a change.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn run(self, store: Store, clock: Arc<dyn Clock>, persons: Arc<Persons>) {
        loop {
            let (asked, answers): (Vec<Asked>, Vec<_>) = self.next().into_iter().unzip();
            if asked.is_empty() {
                self.busy.store(false, Ordering::Release);
                // Somebody may have come just before: whoever is first goes on.
                if self.lock().is_empty() || self.busy.swap(true, Ordering::AcqRel) {
                    return;
                }
                continue;
            }
            match settle::together(&store, &clock, &persons, asked).await {
                Ok(settled) => answers.into_iter().zip(settled).for_each(|(answer, settled)| {
                    let _ = answer.send(settled); // who asked may be gone
                }),
                Err(abort) => {
                    let refusal = refusal(abort);
                    for answer in answers {
                        let _ = answer.send(Err(refusal.clone()));
                    }
                }
            }
        }
    }

    /// The next that are settled together.
    fn next(&self) -> Vec<(Asked, oneshot::Sender<Answer>)> {
        let mut waiting = self.lock();
        let mut acks = 0;
        let fits = waiting.iter().take_while(|(asked, _)| {
            acks += asked.acks.len();
            acks <= TOGETHER
        });
        let many = fits.count().max(1).min(waiting.len());
        waiting.drain(..many).collect()
    }
}
