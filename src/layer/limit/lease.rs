//! An organisation's share of the budget that all nodes have together. Calls are leased in chunks, ahead of need, by a
//! task of its own: no call waits for another machine. A call that comes before its lease is let in on credit, which
//! the next lease pays; once a lease came short there is no credit until one does not. Where the shared budget is out
//! of reach, the node's own limit is all there is.

use std::{
    sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    time::Duration,
};

use super::pace::nanos;
use crate::domain::budget::{Rate, Spent};

/// A lease is for a twentieth of a second's calls.
const CHUNKS_A_SECOND: u32 = 20;
/// A budget that ran dry is not asked again sooner.
const DRY: Duration = Duration::from_millis(10);
/// One that is out of reach is not asked again sooner.
const ALONE: Duration = Duration::from_secs(1);

/// What is leased.
pub(super) struct Lease {
    chunk: i64,
    /// Calls let in at most before their lease: a burst, which the node's own limit bounds too.
    credit: i64,
    /// Calls that may be let in; below zero what was let in on credit.
    left: AtomicI64,
    /// Until when the shared budget has nothing, in monotonic nanoseconds.
    dry_until: AtomicU64,
    /// Until when the node is on its own.
    alone_until: AtomicU64,
    asking: AtomicBool,
    /// The last lease was not all that was asked for.
    short: AtomicBool,
}

/// What the caller has to do.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Taken {
    /// Nothing.
    Enough,
    /// Ask for so many, then settle.
    Ask(u32),
}

// === impl Lease ===

impl Lease {
    /// Nothing leased yet.
    pub(super) fn new(rate: Rate) -> Self {
        Self {
            chunk: i64::from((rate.per_second / CHUNKS_A_SECOND).clamp(1, rate.burst.max(1))),
            credit: i64::from(rate.burst.max(1)),
            left: AtomicI64::new(0),
            dry_until: AtomicU64::new(0),
            alone_until: AtomicU64::new(0),
            asking: AtomicBool::new(false),
            short: AtomicBool::new(false),
        }
    }

    /// Takes for a call: whether it may go on, and how many to ask for; or how long to wait, and how many.
    pub(super) fn take(&self, weight: u32, now: Duration) -> (Result<(), Duration>, Taken) {
        let now = nanos(now);
        if now < self.alone_until.load(Ordering::Relaxed) {
            return (Ok(()), Taken::Enough);
        }
        let weight = i64::from(weight);
        let left = self.left.fetch_sub(weight, Ordering::AcqRel) - weight;
        let dry = self.dry_until.load(Ordering::Relaxed).saturating_sub(now);
        // Credit bridges the time that a lease takes; it is no second budget.
        let over = left < 0 && (self.short.load(Ordering::Relaxed) || left < -self.credit.max(weight));
        if over {
            self.left.fetch_add(weight, Ordering::AcqRel);
        }
        let wanted = dry == 0 && left < self.chunk / 2 + 1;
        let taken = match wanted && !self.asking.swap(true, Ordering::AcqRel) {
            true => Taken::Ask(u32::try_from((self.chunk - left.min(0)).max(1)).unwrap_or(u32::MAX)),
            false => Taken::Enough,
        };
        let answer = if over { Err(Duration::from_nanos(dry).max(DRY)) } else { Ok(()) };
        (answer, taken)
    }

    /// What came of asking for so many.
    pub(super) fn settle(&self, asked: u32, spent: Option<Spent>, now: Duration) {
        match spent {
            Some(Spent { granted, wait }) => {
                self.left.fetch_add(i64::from(granted), Ordering::AcqRel);
                self.short.store(granted < asked, Ordering::Relaxed);
                if granted < asked {
                    self.dry_until.store(nanos(now + wait.max(DRY)), Ordering::Relaxed);
                }
            }
            None => {
                // What was let in on credit is forgiven: nobody knows what the others had.
                self.left.store(0, Ordering::Release);
                self.short.store(false, Ordering::Relaxed);
                self.alone_until.store(nanos(now + ALONE), Ordering::Relaxed);
            }
        }
        self.asking.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { per_second: 200, burst: 200 };
    const NOW: Duration = Duration::from_secs(9);

    fn ok(asked: Taken) -> (Result<(), Duration>, Taken) {
        (Ok(()), asked)
    }

    #[test]
    fn a_chunk_is_asked_for_once_and_ahead_of_need() {
        let lease = Lease::new(RATE);
        // The first comes on credit, with a chunk of ten to pay it.
        assert_eq!(lease.take(1, NOW), ok(Taken::Ask(11)));
        assert_eq!(lease.take(1, NOW), ok(Taken::Enough));
        lease.settle(11, Some(Spent { granted: 11, wait: Duration::ZERO }), NOW);
        for _ in 0..3 {
            assert_eq!(lease.take(1, NOW), ok(Taken::Enough));
        }
        // Half of it is gone: more is asked for while some are left.
        assert_eq!(lease.take(1, NOW), ok(Taken::Ask(10)));
        for _ in 0..5 {
            assert_eq!(lease.take(1, NOW), ok(Taken::Enough));
        }
    }

    #[test]
    fn credit_ends() {
        let lease = Lease::new(RATE);
        let let_in = (0..1_000).filter(|_| lease.take(1, NOW).0.is_ok()).count();
        assert_eq!(let_in, 200);
    }

    #[test]
    fn a_dry_budget_is_told_and_asked_again_later() {
        let lease = Lease::new(RATE);
        assert_eq!(lease.take(1, NOW), ok(Taken::Ask(11)));
        lease.settle(11, Some(Spent { granted: 3, wait: Duration::from_millis(40) }), NOW);
        assert_eq!(lease.take(1, NOW), ok(Taken::Enough));
        assert_eq!(lease.take(1, NOW), ok(Taken::Enough));
        assert_eq!(lease.take(1, NOW), (Err(Duration::from_millis(40)), Taken::Enough));
        // Then it is asked again, and nothing is let in before it gave all that was asked for.
        let later = NOW + Duration::from_millis(40);
        assert_eq!(lease.take(1, later), (Err(DRY), Taken::Ask(11)));
        lease.settle(11, Some(Spent { granted: 1, wait: DRY }), later);
        assert_eq!(lease.take(1, later), ok(Taken::Enough));
        assert!(lease.take(1, later).0.is_err());
        let later = later + DRY;
        assert_eq!(lease.take(1, later), (Err(DRY), Taken::Ask(11)));
        lease.settle(11, Some(Spent { granted: 11, wait: Duration::ZERO }), later);
        assert_eq!((0..1_000).filter(|_| lease.take(1, later).0.is_ok()).count(), 211);
    }

    #[test]
    fn out_of_reach_the_node_is_on_its_own() {
        let lease = Lease::new(RATE);
        assert_eq!(lease.take(1, NOW), ok(Taken::Ask(11)));
        lease.settle(11, None, NOW);
        for _ in 0..1_000 {
            assert_eq!(lease.take(1, NOW), ok(Taken::Enough));
        }
        assert_eq!(lease.take(1, NOW + ALONE), ok(Taken::Ask(11)));
    }
}
