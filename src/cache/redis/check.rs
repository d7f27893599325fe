//! Tries everything once, as `serve` does at its start and `doctor` when asked: one clear line where something is
//! wrong, so that a node never finds out later.

use std::{collections::HashMap, time::Duration};

use redis::{RedisResult, Value, aio::MultiplexedConnection, from_redis_value};

use super::{
    Settings,
    client::Door,
    fault::Fault,
    full,
    script::{Put, Scripts, publish},
};
use crate::{
    domain::{budget::Rate, time::Clock},
    host,
};

/// What is told of a Redis that can be used.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Report {
    /// How long a command takes there and back.
    pub round_trip: Duration,
    /// Its version, as it says it.
    pub version: String,
    /// The version of the protocol that is spoken.
    pub protocol: i64,
    /// `standalone`, `sentinel` or `cluster`.
    pub mode: String,
    /// Its memory, where our user may ask.
    pub memory: Option<Memory>,
}

/// What a Redis does with its memory.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Memory {
    /// Bytes that it may use at most; 0 for no bound.
    pub limit: u64,
    /// What it does when it is full.
    pub policy: String,
}

/// Connects, and does once what a node does. Leaves nothing behind.
pub async fn check(settings: &Settings, clock: &dyn Clock) -> Result<Report, Fault> {
    let door = Door::open(settings)?;
    let mut connection = door.connect(|_| ()).await?;
    let limit = settings.connect_limit;
    let channel = full(&settings.prefix, "hints");
    done(limit, "SUBSCRIBE", connection.subscribe(&channel)).await?;

    let id = host::random::<8>().map(|byte| format!("{byte:02x}")).concat();
    let key = full(&settings.prefix, &format!("check/{id}"));
    let scripts = Scripts::new();
    let (record, ttl) = (door.seal.value(&key, 1, b"check"), Duration::from_secs(10));
    let put = Put { key: key.clone(), revision: 1, record: record.clone(), ttl };
    done(limit, "EVALSHA, EVAL, SCRIPT LOAD, GETRANGE or SET", scripts.put(connection.clone(), &[put]))
        .await?;
    let start = clock.monotonic();
    let keys = [key];
    let taken = done(limit, "GETRANGE", scripts.take(connection.clone(), &keys)).await?;
    let round_trip = clock.monotonic().saturating_sub(start);
    if taken.first() != Some(&record) {
        return Err(Fault::OutOfReach("it did not keep what was written; is it out of memory?".to_owned()));
    }
    let [key] = keys;
    done(limit, "DEL", scripts.drop(connection.clone(), &[(key.clone(), record)])).await?;
    let rate = Rate { per_second: 1000, burst: 1 };
    done(limit, "TIME", scripts.spend(connection.clone(), &key, 1, rate)).await?;
    // A hint without a seal: whoever hears it ignores it.
    done(limit, "PUBLISH", publish(connection.clone(), &format!("{channel}/check"), b"")).await?;
    done(limit, "DEL", async { redis::cmd("DEL").arg(&key).exec_async(&mut connection).await }).await?;
    done(limit, "PING", async { redis::cmd("PING").exec_async(&mut connection).await }).await?;
    let hello =
        done(limit, "HELLO", async { redis::cmd("HELLO").query_async(&mut connection).await }).await?;
    let memory = done(limit, "INFO", memory(&mut connection)).await.ok().flatten();
    Ok(report(round_trip, hello, memory))
}

fn report(round_trip: Duration, mut hello: HashMap<String, Value>, memory: Option<Memory>) -> Report {
    let mut said = |name: &str| hello.remove(name);
    let text =
        |value: Option<Value>| value.and_then(|value| from_redis_value(value).ok()).unwrap_or_default();
    let protocol = said("proto").and_then(|value| from_redis_value(value).ok()).unwrap_or_default();
    Report { round_trip, version: text(said("version")), protocol, mode: text(said("mode")), memory }
}

/// No node asks this: the user may not be allowed to.
async fn memory(connection: &mut MultiplexedConnection) -> RedisResult<Option<Memory>> {
    let told: String = redis::cmd("INFO").arg("memory").query_async(connection).await?;
    let line = |name: &str| told.lines().find_map(|line| line.strip_prefix(name));
    let limit = line("maxmemory:").and_then(|limit| limit.trim().parse().ok());
    Ok(limit.zip(line("maxmemory_policy:")).map(|(limit, policy)| {
        let policy = policy.trim().to_owned();
        Memory { limit, policy }
    }))
}

async fn done<T>(
    limit: Duration,
    what: &'static str,
    command: impl Future<Output = RedisResult<T>>,
) -> Result<T, Fault> {
    match tokio::time::timeout(limit, command).await {
        Ok(answer) => answer.map_err(|error| Fault::of(&error, what)),
        Err(_) => Err(Fault::OutOfReach(format!("{what} was not answered in {} ms", limit.as_millis()))),
    }
}
