//! Keeps the followers at the record: one session of its own follows what any node commits, woken by notifications,
//! by this node's own commits and by hints, and at the latest by its interval. Whoever asks while a round runs waits
//! for the next one, so that any number of askers cost one round.

use std::{
    panic::AssertUnwindSafe,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::FutureExt;
use tokio::{
    runtime::Handle,
    sync::{Notify, mpsc, oneshot},
    task::JoinHandle,
};

use super::{
    OpenError, Options,
    connection::{CHANNEL, Connection, told},
    tx::{Mode, PgTx},
    unavailable,
};
use crate::store::{Follower, StoreError};

/// A round that takes longer has failed: what is held becomes too old to be answered soon after.
const PATIENCE: Duration = Duration::from_millis(400);
/// A node that starts cold opens its first session and reads everything: nothing that it holds becomes old meanwhile.
const COLD: Duration = Duration::from_secs(30);

/// Why a round is run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Cause {
    /// This node committed something: followers that miss it hold less than was acknowledged here.
    Commit,
    /// Somebody needs to know now.
    Asked,
}

struct Ask {
    cause: Cause,
    answer: oneshot::Sender<Result<(), StoreError>>,
}

/// The way to the keeper. It ends with the last handle.
#[derive(Clone)]
pub(super) struct Keeper {
    asks: mpsc::Sender<Ask>,
    woken: Arc<Notify>,
    list: Arc<Mutex<Vec<Arc<dyn Follower>>>>,
    behind: Arc<AtomicBool>,
}

struct Round {
    options: Options,
    woken: Arc<Notify>,
    list: Arc<Mutex<Vec<Arc<dyn Follower>>>>,
    /// The last round failed.
    behind: Arc<AtomicBool>,
    session: Option<Arc<Connection>>,
    /// A session on its way: a round that cannot wait for it leaves it to the next.
    opening: Option<JoinHandle<Result<Connection, OpenError>>>,
    /// A follower holds something, so a round reads what is new and no more.
    warm: bool,
}

// === impl Keeper ===

impl Keeper {
    /// The first session is the one by which the store was opened; `woken` is what it tells of notifications.
    pub(super) fn start(options: Options, first: Connection, woken: Arc<Notify>, runtime: &Handle) -> Self {
        let (asks, asked) = mpsc::channel(4096);
        let list = Arc::default();
        let behind = Arc::new(AtomicBool::new(false));
        let round = Round {
            options,
            woken: Arc::clone(&woken),
            list: Arc::clone(&list),
            behind: behind.clone(),
            session: None,
            opening: Some(runtime.spawn(async move { Ok(listening(first).await) })),
            warm: false,
        };
        runtime.spawn(round.keep(asked));
        Self { asks, woken, list, behind }
    }

    pub(super) fn follow(&self, follower: Arc<dyn Follower>) {
        self.list.lock().expect("nobody panics holding it").push(follower);
    }

    /// Says that there may be something to follow.
    pub(super) fn wake(&self) {
        self.woken.notify_one();
    }

    /// Whether the last round failed, so that a commit of any kind is a reason to try again.
    pub(super) fn is_behind(&self) -> bool {
        self.behind.load(Ordering::Acquire)
    }

    /// A round that begins after this call.
    pub(super) async fn run(&self, cause: Cause) -> Result<(), StoreError> {
        let (answer, answered) = oneshot::channel();
        self.asks.send(Ask { cause, answer }).await.map_err(|_| unavailable("the keeper ended"))?;
        answered.await.unwrap_or_else(|_| Err(unavailable("the keeper ended")))
    }
}

// === impl Round ===

impl Round {
    async fn keep(mut self, mut asked: mpsc::Receiver<Ask>) {
        loop {
            let mut asks = Vec::new();
            tokio::select! {
                ask = asked.recv() => match ask {
                    Some(ask) => asks.push(ask),
                    None => return,
                },
                () = self.woken.notified() => {}
                () = tokio::time::sleep(self.options.poll) => {}
            }
            while let Ok(ask) = asked.try_recv() {
                asks.push(ask);
            }
            let committed = asks.iter().any(|ask| ask.cause == Cause::Commit);
            let done = self.round(committed).await;
            self.behind.store(done.is_err(), Ordering::Release);
            if let Err(error) = &done {
                tracing::warn!(%error, "the record was not followed");
            }
            for ask in asks {
                let _ = ask.answer.send(done.clone()); // nobody waits any more
            }
        }
    }

    fn followers(&self) -> Vec<Arc<dyn Follower>> {
        self.list.lock().expect("nobody panics holding it").clone()
    }

    async fn round(&mut self, committed: bool) -> Result<(), StoreError> {
        let followers = self.followers();
        if followers.is_empty() {
            return Ok(());
        }
        let limit = if self.warm { PATIENCE } else { COLD };
        let reached = match self.session(limit).await {
            Ok(session) => tokio::time::timeout(limit, follow(session, &followers))
                .await
                .map_err(|_| unavailable("the database did not answer the feed in time")),
            Err(error) => Err(error),
        };
        if reached.is_err() && committed {
            // What is held is older than what this node is about to acknowledge. Otherwise it holds for its while.
            followers.iter().for_each(|follower| follower.lost());
        }
        let done = reached.and_then(|followed| followed);
        self.warm |= done.is_ok();
        if done.is_err() {
            // Whatever is left on it, the next round begins on a new one.
            self.session = None;
        }
        done
    }

    async fn session(&mut self, limit: Duration) -> Result<Arc<Connection>, StoreError> {
        if let Some(session) = self.session.as_ref().filter(|session| session.is_usable()) {
            return Ok(session.clone());
        }
        self.session = None;
        let opening = self.opening.get_or_insert_with(|| {
            let (options, woken) = (self.options.clone(), self.woken.clone());
            tokio::spawn(async move { Ok(listening(Connection::open(&options, woken).await?).await) })
        });
        let Ok(opened) = tokio::time::timeout(limit, &mut *opening).await else {
            return Err(unavailable("no session for the feed yet"));
        };
        self.opening = None;
        let session = match opened {
            Ok(Ok(session)) => Arc::new(session),
            Ok(Err(error)) => return Err(StoreError::Unavailable(error.to_string())),
            Err(_) => return Err(unavailable("opening a session panicked")),
        };
        self.session = Some(session.clone());
        Ok(session)
    }
}

/// A session that hears of commits. An engine without notifications is followed by the interval alone.
async fn listening(session: Connection) -> Connection {
    if let Err(error) = session.client.batch_execute(&format!("LISTEN {CHANNEL}")).await {
        tracing::warn!(error = %told(&error), "no notifications; changes are found by looking");
    }
    session
}

/// Every follower on one snapshot. One that fails keeps no other from following.
async fn follow(session: Arc<Connection>, followers: &[Arc<dyn Follower>]) -> Result<(), StoreError> {
    let mut tx = PgTx::begin(session, Mode::Read);
    let mut first = Ok(());
    for follower in followers {
        let following = AssertUnwindSafe(async { follower.follow(&mut tx).await });
        let followed =
            following.catch_unwind().await.unwrap_or_else(|_| Err(unavailable("a follower panicked")));
        if let Err(failure) = &followed {
            tracing::error!(error = %failure, "a follower lost the record");
            if std::panic::catch_unwind(AssertUnwindSafe(|| follower.lost())).is_err() {
                tracing::error!("a follower panicked when told that it lost the record");
            }
        }
        first = first.and(followed);
    }
    match first {
        Ok(()) => tx.commit().await.map(drop),
        Err(failure) => {
            tx.roll_back().await;
            Err(failure)
        }
    }
}
