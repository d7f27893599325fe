//! The connection to Redis and its breaker. There is a connection that answers, or there is none and every command
//! fails at once. Commands that fail in a row, or a connection that ends, take it away; only the keeper makes a new
//! one, one try at a time, so that nobody ever waits for a connection that may not come.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwapOption;
use redis::{
    ErrorKind, PushInfo, PushKind, RedisError, RedisResult, ServerErrorKind, aio::MultiplexedConnection,
};
use tokio::sync::{Notify, watch};

use super::{State, client::Door, fault::Fault};
use crate::{domain::time::Clock, host};

/// Commands that fail in a row until the connection is given up.
const PATIENCE: u32 = 5;
/// Why there is no connection before the first try.
pub(super) const UNTRIED: &str = "not tried yet";

/// What is measured here.
const CONNECTED: &str = "greenlane_cache_connected";
const CONNECTIONS: &str = "greenlane_cache_connections_total";
const FAULTS: &str = "greenlane_cache_faults_total";

/// The connection, while there is one.
pub(super) struct Link {
    pub(super) door: Door,
    live: ArcSwapOption<Live>,
    state: watch::Sender<State>,
    clock: Arc<dyn Clock>,
    command_limit: Duration,
    retry: Duration,
    heartbeat: Duration,
}

/// A connection that answers, as far as is known.
struct Live {
    connection: MultiplexedConnection,
    /// Commands that failed since one succeeded.
    failed: AtomicU32,
    lost: Arc<Lost>,
}

/// Told once a connection is no good any more.
#[derive(Default)]
struct Lost {
    /// Whether it ended by itself.
    ended: AtomicBool,
    told: Notify,
}

/// The times of a link.
pub(super) struct Times {
    pub(super) command_limit: Duration,
    pub(super) retry: Duration,
    pub(super) heartbeat: Duration,
}

// === impl Link ===

impl Link {
    /// No connection yet.
    pub(super) fn new(door: Door, clock: Arc<dyn Clock>, times: Times) -> Self {
        let since = clock.now();
        let state = State::OutOfReach { since, why: UNTRIED.to_owned() };
        metrics::gauge!(CONNECTED).set(0.0);
        Self {
            door,
            live: ArcSwapOption::empty(),
            state: watch::Sender::new(state),
            clock,
            command_limit: times.command_limit,
            retry: times.retry,
            heartbeat: times.heartbeat,
        }
    }

    /// Whether there is a connection, now and from now on.
    pub(super) fn state(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    /// Runs a command within the time limit; `None` where it was not done, or nobody knows.
    pub(super) async fn ask<T, F>(
        &self,
        command: &'static str,
        work: impl FnOnce(MultiplexedConnection) -> F,
    ) -> Option<T>
    where
        F: Future<Output = RedisResult<T>>,
    {
        let Some(live) = self.live.load_full() else {
            count(command, "unreached");
            return None;
        };
        match tokio::time::timeout(self.command_limit, work(live.connection.clone())).await {
            Ok(Ok(answer)) => {
                live.failed.store(0, Ordering::Relaxed);
                Some(answer)
            }
            Ok(Err(error)) => {
                let fault = Fault::of(&error, command);
                count(command, "refused");
                tracing::debug!(command, %fault, "a command of the cache failed");
                // A refusal is an answer: the connection is sound.
                if !is_answer(&error) {
                    live.fail();
                }
                None
            }
            Err(_) => {
                count(command, "late");
                live.fail();
                None
            }
        }
    }

    /// Keeps a connection for ever: makes it, watches it, makes it again. `pushed` hears what the server pushes, and
    /// `renewed` runs whenever there is a new connection that hears `channel`.
    pub(super) async fn keep(
        self: Arc<Self>,
        channel: String,
        pushed: impl Fn(&PushInfo) + Clone + Send + Sync + 'static,
        renewed: impl Fn() + Send,
    ) {
        loop {
            let lost = Arc::<Lost>::default();
            match self.connect(&channel, pushed.clone(), lost.clone()).await {
                Ok(connection) => {
                    let live = Arc::new(Live { connection, failed: AtomicU32::new(0), lost: lost.clone() });
                    self.live.store(Some(live));
                    self.state.send_replace(State::Connected);
                    metrics::gauge!(CONNECTED).set(1.0);
                    metrics::counter!(CONNECTIONS).increment(1);
                    tracing::info!("the cache is connected");
                    renewed();
                    let start = self.clock.monotonic();
                    self.watch(&lost).await;
                    self.live.store(None);
                    let lasted = self.clock.monotonic().saturating_sub(start);
                    let ended = lost.ended.load(Ordering::Relaxed);
                    self.out_of_reach(match ended {
                        true => "it ended the connection".to_owned(),
                        false => format!("{PATIENCE} commands in a row were not answered in time"),
                    });
                    // A restart, most likely. What ends again and again is not worth a hurry.
                    if ended && lasted >= self.retry {
                        continue;
                    }
                }
                Err(fault) => self.out_of_reach(fault.to_string()),
            }
            tokio::time::sleep(jittered(self.retry, 20)).await;
        }
    }

    async fn connect(
        &self,
        channel: &str,
        pushed: impl Fn(&PushInfo) + Send + Sync + 'static,
        lost: Arc<Lost>,
    ) -> Result<MultiplexedConnection, Fault> {
        let mut connection = self
            .door
            .connect(move |push| match push.kind {
                PushKind::Disconnection => lost.tell(true),
                _ => pushed(&push),
            })
            .await?;
        let subscribing = connection.subscribe(channel);
        match tokio::time::timeout(self.door.connect_limit, subscribing).await {
            Ok(subscribed) => subscribed.map_err(|error| Fault::of(&error, "SUBSCRIBE"))?,
            Err(_) => return Err(Fault::OutOfReach("SUBSCRIBE is not answered".to_owned())),
        }
        Ok(connection)
    }

    /// Until the connection is lost. A quiet one is tried; one that does not answer is tried again at once, until it
    /// does or the breaker has seen enough.
    async fn watch(&self, lost: &Lost) {
        let watched = async {
            let mut pause = self.heartbeat;
            loop {
                tokio::time::sleep(pause).await;
                let ping = |mut connection: MultiplexedConnection| async move {
                    redis::cmd("PING").exec_async(&mut connection).await
                };
                let answered = self.ask("PING", ping).await.is_some();
                pause = if answered { self.heartbeat } else { Duration::from_millis(1) };
            }
        };
        tokio::select! {
            () = lost.told.notified() => {}
            () = watched => {}
        }
    }

    /// Says since when, and why now.
    fn out_of_reach(&self, why: String) {
        metrics::gauge!(CONNECTED).set(0.0);
        let now = self.clock.now();
        self.state.send_modify(|state| {
            let since = match state {
                State::OutOfReach { since, why: known } => {
                    if *known != why {
                        tracing::warn!(why, "the cache is still out of reach");
                    }
                    *since
                }
                State::Connected | State::Absent => {
                    tracing::warn!(why, "the cache is out of reach; answers come from the database");
                    now
                }
            };
            *state = State::OutOfReach { since, why };
        });
    }
}

// === impl Live ===

impl Live {
    fn fail(&self) {
        if self.failed.fetch_add(1, Ordering::Relaxed) + 1 >= PATIENCE {
            self.lost.tell(false);
        }
    }
}

// === impl Lost ===

impl Lost {
    fn tell(&self, ended: bool) {
        self.ended.fetch_or(ended, Ordering::Relaxed);
        self.told.notify_one();
    }
}

/// A time, give or take some percent, so that nodes do not do the same at once.
pub(super) fn jittered(time: Duration, percent: u32) -> Duration {
    let [a, b] = host::random();
    let share = f64::from(u16::from_be_bytes([a, b])) / f64::from(u16::MAX);
    let spread = f64::from(percent) / 100.0;
    time.mul_f64(1.0 - spread + 2.0 * spread * share)
}

/// Whether Redis itself said no, and would go on answering.
fn is_answer(error: &RedisError) -> bool {
    match error.kind() {
        ErrorKind::Server(kind) => !matches!(
            kind,
            ServerErrorKind::BusyLoading | ServerErrorKind::MasterDown | ServerErrorKind::ReadOnly
        ),
        kind => kind == ErrorKind::Extension,
    }
}

/// Counts a command that was not done.
pub(super) fn count(command: &'static str, why: &'static str) {
    metrics::counter!(FAULTS, "command" => command, "why" => why).increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_stays_within_its_share() {
        for _ in 0..10_000 {
            let time = jittered(Duration::from_secs(100), 10);
            assert!((90.0..=110.0).contains(&time.as_secs_f64()), "{time:?}");
        }
    }
}
