//! The cache in Redis. Everything runs on the runtime that was handed in; a call waits for its answer from whatever
//! runtime it comes. Redis may lie, forget, hang or vanish: values carry a seal and count only as the revision asked
//! for, commands have a time limit of ours, and a breaker (see `link`) makes a dead Redis cost nothing.

mod check;
mod client;
mod fault;
mod link;
mod script;
mod seal;

use std::{sync::Arc, time::Duration};

use redis::PushInfo;
use tokio::{
    runtime::Handle,
    sync::{Semaphore, watch},
};
use tokio_util::task::AbortOnDropHandle;

pub use self::{
    check::{Memory, Report, check},
    client::faults,
    fault::Fault,
};
use self::{
    client::Door,
    link::{Link, Times, count, jittered},
    script::Scripts,
    seal::Opened,
};
use super::{BoxFuture, Cache, MOST_BYTES, Settings, State, Value, Version, is_key};
use crate::{
    domain::{
        budget::{Rate, Spent, Tried},
        time::Clock,
    },
    host,
};

/// The form of keys and values; another form gets another number, and never meets this one.
const SCHEMA: u32 = 1;
/// Keys in one command: a few hundred KiB at most, well within the time limit.
const BATCH: usize = 256;
/// Calls at once; more are not done.
const MOST_CALLS: usize = 64;

const LOADS: &str = "greenlane_cache_loads_total";
const IGNORED: &str = "greenlane_cache_ignored_total";
const LATE_FILLS: &str = "greenlane_cache_late_fills_total";

/// The cache in Redis.
pub struct RedisCache {
    shared: Arc<Shared>,
    runtime: Handle,
    heard: watch::Sender<i64>,
    told: watch::Sender<i64>,
    _tasks: [AbortOnDropHandle<()>; 2],
}

/// What calls under way share.
struct Shared {
    link: Arc<Link>,
    scripts: Scripts,
    prefix: String,
    ttl: Duration,
    permits: Arc<Semaphore>,
}

// === impl RedisCache ===

impl RedisCache {
    /// Reads the files of the settings and begins to connect; returns before that is done.
    pub fn open(settings: &Settings, runtime: Handle, clock: Arc<dyn Clock>) -> Result<Self, Fault> {
        let times = Times {
            command_limit: settings.command_limit,
            retry: settings.retry,
            heartbeat: settings.heartbeat,
        };
        let link = Arc::new(Link::new(Door::open(settings)?, clock, times));
        let shared = Arc::new(Shared {
            link: link.clone(),
            scripts: Scripts::new(),
            prefix: settings.prefix.clone(),
            ttl: settings.ttl,
            permits: Arc::new(Semaphore::new(MOST_CALLS)),
        });
        let (heard, told) = (watch::Sender::new(0), watch::Sender::new(0));
        let node = host::random();
        let channel = shared.full("hints");
        let keeper = {
            let (renewed, hears) = (heard.clone(), heard.clone());
            let (link, seals, name) = (link.clone(), link, channel.clone());
            let pushed = move |push: &PushInfo| hear(push, &seals, &name, node, &hears);
            // Hints may have been missed: whoever follows looks again.
            runtime.spawn(link.keep(channel.clone(), pushed, move || renewed.send_modify(|_| ())))
        };
        let teller = runtime.spawn(tell(shared.clone(), told.subscribe(), channel, node));
        let _tasks = [AbortOnDropHandle::new(keeper), AbortOnDropHandle::new(teller)];
        Ok(Self { shared, runtime, heard, told, _tasks })
    }

    /// Returns once the first try to connect has ended, well or not.
    pub async fn tried(&self) -> State {
        let mut state = self.shared.link.state();
        let tried =
            state.wait_for(|state| !matches!(state, State::OutOfReach { why, .. } if why == link::UNTRIED));
        tried.await.map_or(State::Absent, |state| state.clone())
    }

    /// Runs a call on our runtime; `None` where there are too many, or the runtime is gone.
    fn run<T, F>(&self, call: &'static str, work: impl FnOnce(Arc<Shared>) -> F) -> BoxFuture<Option<T>>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let Ok(permit) = self.shared.permits.clone().try_acquire_owned() else {
            count(call, "busy");
            return Box::pin(std::future::ready(None));
        };
        let work = work(self.shared.clone());
        let running = AbortOnDropHandle::new(self.runtime.spawn(async move {
            let _permit = permit;
            work.await
        }));
        Box::pin(async move { running.await.ok() })
    }

    /// Records on their way to Redis.
    fn put(&self, call: &'static str, records: Vec<script::Put>) -> BoxFuture<()> {
        if records.is_empty() {
            return Box::pin(std::future::ready(()));
        }
        let done = self.run(call, move |shared| async move {
            for batch in records.chunks(BATCH) {
                let put = shared.link.ask(call, |connection| shared.scripts.put(connection, batch));
                let Some(refused) = put.await else { return };
                metrics::counter!(LATE_FILLS).increment(refused);
            }
        });
        Box::pin(async move {
            done.await;
        })
    }
}

impl Cache for RedisCache {
    fn load(&self, wanted: Vec<Version>) -> BoxFuture<Vec<Option<Vec<u8>>>> {
        let count = wanted.len();
        if count == 0 {
            return Box::pin(std::future::ready(Vec::new()));
        }
        let loaded = self.run("load", move |shared| shared.load(wanted));
        Box::pin(async move { loaded.await.unwrap_or_else(|| vec![None; count]) })
    }

    fn keep(&self, values: Vec<Value>) -> BoxFuture<()> {
        let record = |value: Value| {
            let Version { key, revision } = value.version;
            let key = self.shared.full(&key);
            let record = self.shared.link.door.seal.value(&key, revision, &value.bytes);
            script::Put { key, revision, record, ttl: jittered(self.shared.ttl, 10) }
        };
        let sound = values.into_iter().filter(Value::is_sound);
        self.put("keep", sound.map(record).collect())
    }

    fn announce(&self, recorded: Vec<Version>) -> BoxFuture<()> {
        let record = |version: Version| {
            let key = self.shared.full(&version.key);
            let record = self.shared.link.door.seal.floor(&key, version.revision);
            script::Put { key, revision: version.revision, record, ttl: jittered(self.shared.ttl, 10) }
        };
        let sound = recorded.into_iter().filter(Version::is_sound);
        self.put("announce", sound.map(record).collect())
    }

    fn hint(&self, revision: i64) {
        self.told.send_replace(revision);
    }

    fn hints(&self) -> watch::Receiver<i64> {
        self.heard.subscribe()
    }

    fn spend(&self, budget: &str, asked: u32, rate: Rate) -> BoxFuture<Option<Spent>> {
        if !is_key(budget) || rate.per_second == 0 || rate.burst == 0 {
            return Box::pin(std::future::ready(None));
        }
        let key = self.shared.full(&format!("budget/{budget}"));
        let spent = self.run("spend", move |shared| async move {
            let spend = |connection| shared.scripts.spend(connection, &key, asked, rate);
            shared.link.ask("spend", spend).await
        });
        Box::pin(async move { spent.await.flatten() })
    }

    fn guess(&self, tried: Vec<Tried>) -> BoxFuture<Option<Vec<Duration>>> {
        if tried.is_empty() || !tried.iter().all(Tried::is_sound) {
            return Box::pin(std::future::ready(None));
        }
        let full = |tried: Tried| (self.shared.full(&format!("guess/{}", tried.budget)), tried);
        let tried: Vec<(String, Tried)> = tried.into_iter().map(full).collect();
        let told = self.run("guess", move |shared| async move {
            let guess = |connection| shared.scripts.guess(connection, &tried);
            shared.link.ask("guess", guess).await.filter(|told| told.len() == tried.len())
        });
        Box::pin(async move { told.await.flatten() })
    }

    fn state(&self) -> State {
        self.shared.link.state().borrow().clone()
    }
}

// === impl Shared ===

impl Shared {
    /// A key as Redis sees it.
    fn full(&self, key: &str) -> String {
        full(&self.prefix, key)
    }

    async fn load(self: Arc<Self>, wanted: Vec<Version>) -> Vec<Option<Vec<u8>>> {
        let mut found = Vec::with_capacity(wanted.len());
        for batch in wanted.chunks(BATCH) {
            let keys: Vec<String> = batch.iter().map(|version| self.full(&version.key)).collect();
            let taken = self.link.ask("load", |connection| self.scripts.take(connection, &keys)).await;
            // One that failed would fail again: the rest is found in the store.
            let Some(records) = taken.filter(|records| records.len() == keys.len()) else { break };
            let mut rotten = Vec::new();
            for ((version, key), record) in batch.iter().zip(keys).zip(records) {
                let opened = match record.is_empty() || !version.is_sound() {
                    true => Opened::Floor,
                    false => self.link.door.seal.open(&key, version.revision, &record),
                };
                if matches!(opened, Opened::Torn | Opened::Poisoned) {
                    rotten.push((key, record));
                }
                found.push(value(opened));
            }
            if !rotten.is_empty() {
                self.link.ask("drop", |connection| self.scripts.drop(connection, &rotten)).await;
            }
        }
        found.resize(wanted.len(), None);
        found
    }
}

/// Counts what was found, and gives the value where it is one.
fn value(opened: Opened) -> Option<Vec<u8>> {
    let why = match opened {
        Opened::Value(bytes) => {
            metrics::counter!(LOADS, "outcome" => "hit").increment(1);
            return Some(bytes);
        }
        Opened::Floor => None,
        Opened::Older => Some("older"),
        Opened::Newer => Some("newer"),
        Opened::Torn => Some("torn"),
        Opened::Poisoned => Some("poisoned"),
    };
    if let Some(why) = why {
        metrics::counter!(IGNORED, "why" => why).increment(1);
    }
    metrics::counter!(LOADS, "outcome" => "miss").increment(1);
    None
}

/// A key as Redis sees it: whose, in which form, which.
fn full(prefix: &str, key: &str) -> String {
    format!("{prefix}:{SCHEMA}:{key}")
}

/// Takes a hint of another node from what Redis pushed.
fn hear(push: &PushInfo, link: &Link, channel: &str, node: [u8; 8], heard: &watch::Sender<i64>) {
    let Some(message) = redis::Msg::from_push_info(push.clone()) else { return };
    match link.door.seal.heard(channel, message.get_payload_bytes()) {
        Some((teller, _)) if teller == node => {}
        Some((_, revision)) => {
            heard.send_replace(revision);
        }
        None => metrics::counter!(IGNORED, "why" => "hint").increment(1),
    }
}

/// Tells hints, of many the newest.
async fn tell(shared: Arc<Shared>, mut told: watch::Receiver<i64>, channel: String, node: [u8; 8]) {
    while told.changed().await.is_ok() {
        let revision = *told.borrow_and_update();
        let hint = shared.link.door.seal.hint(&channel, node, revision);
        shared.link.ask("hint", |connection| script::publish(connection, &channel, &hint)).await;
    }
}
