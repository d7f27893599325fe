//! The commands that are scripts, so that each is one step for Redis. All keys of a call must be of one server:
//! Redis Cluster is not for this.

use std::time::Duration;

use redis::{RedisResult, Script, aio::MultiplexedConnection};

use super::seal::MOST_RECORD;
use crate::domain::budget::{Rate, Spent, Tried};

/// The scripts, hashed once.
pub(super) struct Scripts {
    put: Script,
    take: Script,
    drop: Script,
    spend: Script,
    guess: Script,
}

/// A record on its way.
pub(super) struct Put {
    pub(super) key: String,
    pub(super) revision: i64,
    pub(super) record: Vec<u8>,
    pub(super) ttl: Duration,
}

// === impl Scripts ===

impl Scripts {
    pub(super) fn new() -> Self {
        Self {
            put: Script::new(include_str!("put.lua")),
            take: Script::new(include_str!("take.lua")),
            drop: Script::new(include_str!("drop.lua")),
            spend: Script::new(include_str!("spend.lua")),
            guess: Script::new(include_str!("guess.lua")),
        }
    }

    /// Puts records where no newer ones are known; returns how many were refused.
    pub(super) async fn put(&self, mut connection: MultiplexedConnection, puts: &[Put]) -> RedisResult<u64> {
        let mut call = self.put.prepare_invoke();
        for put in puts {
            let ttl = u64::try_from(put.ttl.as_millis()).unwrap_or(u64::MAX).max(1);
            call.key(&put.key).arg(format!("{:019}", put.revision)).arg(&put.record[..]).arg(ttl);
        }
        call.invoke_async(&mut connection).await
    }

    /// Reads records; an empty one is none.
    pub(super) async fn take(
        &self,
        mut connection: MultiplexedConnection,
        keys: &[String],
    ) -> RedisResult<Vec<Vec<u8>>> {
        let mut call = self.take.prepare_invoke();
        keys.iter().for_each(|key| {
            call.key(key);
        });
        call.arg(MOST_RECORD).invoke_async(&mut connection).await
    }

    /// Drops what is still as it was read.
    pub(super) async fn drop(
        &self,
        mut connection: MultiplexedConnection,
        rotten: &[(String, Vec<u8>)],
    ) -> RedisResult<u64> {
        let mut call = self.drop.prepare_invoke();
        for (key, record) in rotten {
            call.key(key).arg(&record[..]);
        }
        call.arg(MOST_RECORD).invoke_async(&mut connection).await
    }

    /// Takes from a budget.
    pub(super) async fn spend(
        &self,
        mut connection: MultiplexedConnection,
        key: &str,
        asked: u32,
        rate: Rate,
    ) -> RedisResult<Spent> {
        let one = 1e6 / f64::from(rate.per_second);
        let mut call = self.spend.prepare_invoke();
        call.key(key).arg(asked).arg(one).arg(one * f64::from(rate.burst));
        let (granted, wait): (u32, u64) = call.invoke_async(&mut connection).await?;
        Ok(Spent { granted: granted.min(asked), wait: Duration::from_micros(wait) })
    }

    /// Tries values against budgets, each under its full key. What Redis says is no longer than the window.
    pub(super) async fn guess(
        &self,
        mut connection: MultiplexedConnection,
        tried: &[(String, Tried)],
    ) -> RedisResult<Vec<Duration>> {
        let mut call = self.guess.prepare_invoke();
        for (key, tried) in tried {
            let value = tried.value.map(|value| format!("{value:016x}")).unwrap_or_default();
            let window = u64::try_from(tried.window.as_millis()).unwrap_or(u64::MAX);
            call.key(key).arg(value).arg(tried.most).arg(window);
        }
        let told: Vec<u64> = call.invoke_async(&mut connection).await?;
        let windows = tried.iter().map(|(_, tried)| tried.window);
        Ok(told.into_iter().zip(windows).map(|(left, most)| Duration::from_millis(left).min(most)).collect())
    }
}

/// Tells everybody who hears the channel.
pub(super) async fn publish(
    mut connection: MultiplexedConnection,
    channel: &str,
    message: &[u8],
) -> RedisResult<()> {
    redis::cmd("PUBLISH").arg(channel).arg(message).exec_async(&mut connection).await
}
