//! governor's limiters on the node's own clock.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use governor::{
    Quota, RateLimiter,
    clock::Clock as Ticks,
    middleware::NoOpMiddleware,
    state::{InMemoryState, NotKeyed},
};

use crate::domain::{budget::Rate, time::Clock};

/// A limiter.
pub(super) struct Limiter {
    bucket: RateLimiter<NotKeyed, InMemoryState, Monotonic, NoOpMiddleware<Duration>>,
    clock: Monotonic,
    burst: NonZeroU32,
}

/// The node's monotonic clock, as governor reads one.
#[derive(Clone)]
struct Monotonic(Arc<dyn Clock>);

// === impl Limiter ===

impl Limiter {
    /// A full bucket. A rate of nothing is one a second.
    pub(super) fn new(rate: Rate, clock: Arc<dyn Clock>) -> Self {
        let clock = Monotonic(clock);
        let one = |count| NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN);
        let burst = one(rate.burst);
        let quota = Quota::per_second(one(rate.per_second)).allow_burst(burst);
        Self { bucket: RateLimiter::direct_with_clock(quota, clock.clone()), clock, burst }
    }

    /// Takes so many, all or none; a bucket that can never hold as many gives what it can hold. Otherwise says when to
    /// try again.
    pub(super) fn take(&self, count: u32) -> Result<(), Duration> {
        let count = NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN).min(self.burst);
        match self.bucket.check_n(count) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(until)) => Err(until.wait_time_from(self.clock.now())),
            Err(_) => Err(Duration::from_secs(1)),
        }
    }
}

// === impl Monotonic ===

impl Ticks for Monotonic {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.monotonic()
    }
}
