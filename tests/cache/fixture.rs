//! What every case needs: two handles of one cache, and short words.

use std::{fs, path::Path, sync::Arc, time::Duration};

use greenlane::{
    cache::{Cache, Settings, State, Value, Version, memory::MemoryCache, redis::RedisCache},
    host::SystemClock,
};
use tokio::runtime::Handle;

use crate::server::{Server, until};

/// Two handles, as two nodes have them.
pub struct Pair {
    pub a: Arc<dyn Cache>,
    pub b: Arc<dyn Cache>,
}

pub fn clock() -> Arc<SystemClock> {
    Arc::new(SystemClock::start())
}

/// In one process both are the same.
pub fn memory() -> Pair {
    let cache = Arc::new(MemoryCache::new(clock()));
    Pair { a: cache.clone(), b: cache }
}

/// Two nodes on one Redis, both connected.
pub async fn redis(server: &Server) -> Pair {
    Pair { a: Arc::new(connected(server).await), b: Arc::new(connected(server).await) }
}

/// Settings for a server, with the limits of a machine that does many things at once.
pub fn settings(server: &Server) -> Settings {
    let mut settings = Settings::new(server.url(), seal_key(server.folder.path()));
    settings.command_limit = Duration::from_millis(500);
    settings.connect_limit = Duration::from_secs(5);
    settings.retry = Duration::from_millis(50);
    settings.heartbeat = Duration::from_millis(50);
    settings
}

/// The key of the seals, the same for all nodes of a server.
pub fn seal_key(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("seal");
    fs::write(&path, [7; 32]).expect("a file");
    path
}

/// A node on that Redis.
pub async fn connected(server: &Server) -> RedisCache {
    let cache = open(&settings(server));
    assert_eq!(cache.tried().await, State::Connected);
    cache
}

pub fn open(settings: &Settings) -> RedisCache {
    RedisCache::open(settings, Handle::current(), clock()).expect("settings that can be used")
}

pub fn version(key: &str, revision: i64) -> Version {
    Version::new(key, revision)
}

pub fn value(key: &str, revision: i64, bytes: &str) -> Value {
    Value { version: version(key, revision), bytes: bytes.as_bytes().to_vec() }
}

/// The value of a key at a revision, as text.
pub async fn load(cache: &dyn Cache, key: &str, revision: i64) -> Option<String> {
    let mut found = cache.load(vec![version(key, revision)]).await;
    assert_eq!(found.len(), 1);
    found.remove(0).map(|bytes| String::from_utf8(bytes).expect("text"))
}

#[track_caller]
pub fn until_connected(cache: &dyn Cache) {
    until("the cache is connected", || cache.state() == State::Connected);
}

#[track_caller]
pub fn until_out_of_reach(cache: &dyn Cache) {
    until("the cache is out of reach", || matches!(cache.state(), State::OutOfReach { .. }));
}
