//! The cache within one process: for nodes that live in the same one, and as the plain model of what the port
//! promises.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::watch;

use super::{BoxFuture, Cache, State, Value, Version, is_key};
use crate::domain::{
    budget::{Rate, Spent, Tried},
    identity::guess::{Budget, Limits, Verdict},
    time::{Clock, Time},
};

/// Keys held at most; a new one is not kept once there are so many.
const MOST: usize = 65_536;

/// The cache. Nodes that share it hold the same one.
pub struct MemoryCache {
    held: Mutex<Held>,
    hints: watch::Sender<i64>,
    clock: Arc<dyn Clock>,
}

#[derive(Default)]
struct Held {
    values: HashMap<String, (i64, Option<Vec<u8>>)>,
    /// Of each budget, when all that was taken will have been earned.
    budgets: HashMap<String, Duration>,
    guesses: HashMap<String, Budget>,
}

// === impl MemoryCache ===

impl MemoryCache {
    /// An empty cache.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { held: Mutex::default(), hints: watch::Sender::new(0), clock }
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        // Nothing in here can panic halfway through a change.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cache for MemoryCache {
    fn load(&self, wanted: Vec<Version>) -> BoxFuture<Vec<Option<Vec<u8>>>> {
        let held = self.lock();
        let find = |version: &Version| {
            let (revision, bytes) = held.values.get(&version.key)?;
            bytes.clone().filter(|_| *revision == version.revision)
        };
        let found = wanted.iter().map(find).collect();
        Box::pin(std::future::ready(found))
    }

    fn keep(&self, values: Vec<Value>) -> BoxFuture<()> {
        let mut held = self.lock();
        for value in values.into_iter().filter(Value::is_sound) {
            held.put(value.version, Some(value.bytes));
        }
        Box::pin(std::future::ready(()))
    }

    fn announce(&self, recorded: Vec<Version>) -> BoxFuture<()> {
        let mut held = self.lock();
        for version in recorded.into_iter().filter(Version::is_sound) {
            held.put(version, None);
        }
        Box::pin(std::future::ready(()))
    }

    fn hint(&self, revision: i64) {
        self.hints.send_replace(revision);
    }

    fn hints(&self) -> watch::Receiver<i64> {
        self.hints.subscribe()
    }

    fn spend(&self, budget: &str, asked: u32, rate: Rate) -> BoxFuture<Option<Spent>> {
        let sound = is_key(budget) && rate.per_second > 0 && rate.burst > 0;
        let spent = sound.then(|| self.lock().spend(budget, asked, rate, self.clock.monotonic()));
        Box::pin(std::future::ready(spent))
    }

    fn guess(&self, tried: Vec<Tried>) -> BoxFuture<Option<Vec<Duration>>> {
        let now = self.clock.now();
        let sound = tried.iter().all(Tried::is_sound);
        let told = sound.then(|| {
            let mut held = self.lock();
            tried.into_iter().map(|tried| held.guess(tried, now)).collect()
        });
        Box::pin(std::future::ready(told))
    }

    fn state(&self) -> State {
        State::Connected
    }
}

// === impl Held ===

impl Held {
    /// Takes a value, or the bare word that there is one, unless a newer one is known.
    fn put(&mut self, version: Version, bytes: Option<Vec<u8>>) {
        let room = self.values.len() < MOST;
        match self.values.get_mut(&version.key) {
            Some((revision, held)) if version.revision > *revision => {
                (*revision, *held) = (version.revision, bytes);
            }
            Some((revision, held)) if version.revision == *revision && bytes.is_some() => *held = bytes,
            Some(_) => {}
            None if room => {
                self.values.insert(version.key, (version.revision, bytes));
            }
            None => {}
        }
    }

    /// As the script of Redis does it.
    fn guess(&mut self, tried: Tried, now: Time) -> Duration {
        let limits =
            Limits { values: usize::try_from(tried.most).unwrap_or(usize::MAX), window: tried.window };
        let budget = self.guesses.remove(&tried.budget).unwrap_or_default();
        let (budget, until) = match tried.value {
            None => {
                let until = budget.suspected_until(now, &limits);
                (budget, until)
            }
            Some(value) => match budget.spend(value, now, &limits) {
                (budget, Verdict::Within) => (budget, None),
                (budget, Verdict::Suspected { until }) => (budget, Some(until)),
            },
        };
        if self.guesses.len() < MOST {
            self.guesses.insert(tried.budget, budget);
        }
        until.map_or(Duration::ZERO, |until| until.since(now))
    }

    /// As the script of Redis does it: what is taken now is earned later, at most a burst ahead.
    fn spend(&mut self, budget: &str, asked: u32, rate: Rate, now: Duration) -> Spent {
        let one = Duration::from_secs(1) / rate.per_second;
        let ahead = one * rate.burst;
        let earned = self.budgets.entry(budget.to_owned()).or_default();
        let from = (*earned).clamp(now, now + ahead);
        let room = (now + ahead - from).as_nanos() / one.as_nanos().max(1);
        let granted = asked.min(u32::try_from(room).unwrap_or(u32::MAX));
        *earned = from + one * granted;
        Spent { granted, wait: (*earned + one).saturating_sub(now + ahead) }
    }
}
