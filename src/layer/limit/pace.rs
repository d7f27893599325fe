//! Answers at a pace: each is given a place in time, one after the other. Who asks more waits longer.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// Gives places.
pub(super) struct Pace {
    gap: u64,
    longest: u64,
    /// The next free place, in monotonic nanoseconds.
    next: AtomicU64,
}

/// A moment of the monotonic clock, in nanoseconds: 584 years of them.
pub(super) fn nanos(moment: Duration) -> u64 {
    u64::try_from(moment.as_nanos()).unwrap_or(u64::MAX)
}

// === impl Pace ===

impl Pace {
    /// So many places a second, none farther away than `longest`.
    pub(super) fn new(per_second: u32, longest: Duration) -> Self {
        let gap = 1_000_000_000 / u64::from(per_second.max(1));
        Self { gap, longest: nanos(longest), next: AtomicU64::new(0) }
    }

    /// How long to wait for the next place; `None` when that is too long, and then no place is taken.
    pub(super) fn take(&self, now: Duration) -> Option<Duration> {
        let now = nanos(now);
        let place = |next: u64| next.max(now) + self.gap;
        let free = |next: u64| (place(next) - now <= self.longest).then(|| place(next));
        let taken = self.next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, free).ok()?;
        Some(Duration::from_nanos(place(taken) - now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_follow_each_other_and_end() {
        let pace = Pace::new(10, Duration::from_secs(1));
        let now = Duration::from_secs(5);
        let waits: Vec<_> = std::iter::from_fn(|| pace.take(now)).map(|wait| wait.as_millis()).collect();
        assert_eq!(waits, [100, 200, 300, 400, 500, 600, 700, 800, 900, 1000]);
        // Time frees places, and a long pause no more than all of them.
        assert_eq!(pace.take(now + Duration::from_millis(250)), Some(Duration::from_millis(850)));
        assert_eq!(pace.take(now + Duration::from_secs(60)), Some(Duration::from_millis(100)));
    }
}
