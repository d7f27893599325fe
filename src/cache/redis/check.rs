//! Tries everything once, as `serve` does at its start and `doctor` when asked: one clear line where something is
//! wrong, so that a node never finds out later.

use std::time::Duration;

use redis::RedisResult;

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
    done(limit, "PING", async { redis::cmd("PING").exec_async(&mut connection).await }).await?;
    Ok(Report { round_trip })
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
