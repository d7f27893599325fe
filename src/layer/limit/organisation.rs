//! What one organisation has left of everything that is limited, and what of it was over since the last entry.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use super::{
    Settings, Share,
    lease::{Lease, Taken},
    pace::{Pace, nanos},
    rate::Limiter,
    stream::Open,
};
use crate::domain::{
    budget::{Rate, Spent},
    name::ParticipantName,
    time::Clock,
};

/// Calls that were over, by which limit.
const LIMITED: &str = "greenlane_limited_total";

/// One organisation.
pub(super) struct Organisation {
    pub(super) name: ParticipantName,
    clock: Arc<dyn Clock>,
    rate: Rate,
    calls: Limiter,
    lease: Lease,
    refusals: Refusals,
    pace: Pace,
    streams: AtomicUsize,
    over: [AtomicU64; 4],
}

/// Refused and abandoned calls, by method. Only these touch the lock, and calls while some method is barred.
struct Refusals {
    rate: Rate,
    /// The latest moment until which any method is barred.
    until: AtomicU64,
    methods: Mutex<HashMap<&'static str, Method>>,
}

/// The refusals of one method.
struct Method {
    limiter: Limiter,
    until: Duration,
}

/// A lease asked for. Settled when dropped, however that comes: one that is never settled would be the last.
struct Asking {
    organisation: Arc<Organisation>,
    asked: u32,
    spent: Option<Spent>,
}

/// Which limit a call is over, and when that may have passed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Over {
    /// This node's.
    Calls(Duration),
    /// The one that all nodes share.
    Shared(Duration),
    /// Of refused and abandoned calls.
    Refusals(Duration),
    /// Of open streams.
    Streams,
}

/// The words for what was over, in the order of [`Over::at`].
pub(super) const WORDS: [&str; 4] = ["calls", "shared", "refusals", "streams"];

// === impl Organisation ===

impl Organisation {
    /// One that has asked nothing yet.
    pub(super) fn new(name: ParticipantName, settings: &Settings, clock: Arc<dyn Clock>) -> Self {
        Self {
            name,
            rate: settings.calls,
            calls: Limiter::new(settings.calls, clock.clone()),
            lease: Lease::new(settings.calls),
            refusals: Refusals {
                rate: settings.refusals,
                until: AtomicU64::new(0),
                methods: Mutex::default(),
            },
            pace: Pace::new(settings.answers, settings.longest_hold),
            streams: AtomicUsize::new(0),
            over: std::array::from_fn(|_| AtomicU64::new(0)),
            clock,
        }
    }

    /// Whether too many calls of that method were refused.
    pub(super) fn may_call(&self, method: &'static str, now: Duration) -> Result<(), Over> {
        self.refusals.barred(method, now).map_or(Ok(()), |wait| Err(Over::Refusals(wait)))
    }

    /// The same, by the node's clock.
    pub(super) fn may_call_now(&self, method: &'static str) -> Result<(), Over> {
        self.may_call(method, self.clock.monotonic())
    }

    /// Takes from this node's budget.
    pub(super) fn spend(&self, weight: u32) -> Result<(), Over> {
        self.calls.take(weight).map_err(Over::Calls)
    }

    /// Takes from the budget that all nodes share.
    pub(super) fn spend_shared(
        self: &Arc<Self>,
        weight: u32,
        now: Duration,
        share: &Share,
    ) -> Result<(), Over> {
        let (answer, taken) = self.lease.take(weight, now);
        if let Taken::Ask(asked) = taken {
            let asking = Asking { organisation: self.clone(), asked, spent: None };
            let answer = share(&self.name, asked, self.rate);
            if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                runtime.spawn(async move {
                    // Taken whole: a part of it would not be settled with the task.
                    let mut asking = asking;
                    asking.spent = answer.await;
                });
            }
        }
        answer.map_err(Over::Shared)
    }

    /// Opens a stream; it is closed when what is returned is dropped.
    pub(super) fn open(self: &Arc<Self>, most: usize) -> Result<Open, Over> {
        let before = self.streams.fetch_add(1, Ordering::Relaxed);
        let stream = Open(self.clone());
        if before >= most { Err(Over::Streams) } else { Ok(stream) }
    }

    /// A stream is closed.
    pub(super) fn close(&self) {
        self.streams.fetch_sub(1, Ordering::Relaxed);
    }

    /// Calls of that method, or parts of one, were refused or abandoned.
    pub(super) fn charge(&self, method: &'static str, count: usize) {
        self.refusals.charge(method, count, &self.clock);
    }

    /// A call was over.
    pub(super) fn count(&self, over: Over) {
        self.over[over.at()].fetch_add(1, Ordering::Relaxed);
        metrics::counter!(LIMITED, "organisation" => self.name.to_string(), "limit" => WORDS[over.at()])
            .increment(1);
    }

    /// How long the next answer to such a call waits; `None` when that is too long.
    pub(super) fn hold(&self, now: Duration) -> Option<Duration> {
        self.pace.take(now)
    }

    /// How many calls were over since this was last asked, by limit.
    pub(super) fn take_over(&self) -> [u64; 4] {
        self.over.each_ref().map(|count| count.swap(0, Ordering::Relaxed))
    }

    /// Gives counts back that could not be entered.
    pub(super) fn give_back(&self, counts: [u64; 4]) {
        for (held, count) in self.over.iter().zip(counts) {
            held.fetch_add(count, Ordering::Relaxed);
        }
    }
}

// === impl Asking ===

impl Drop for Asking {
    fn drop(&mut self) {
        let now = self.organisation.clock.monotonic();
        self.organisation.lease.settle(self.asked, self.spent, now);
    }
}

// === impl Refusals ===

impl Refusals {
    fn barred(&self, method: &'static str, now: Duration) -> Option<Duration> {
        if nanos(now) >= self.until.load(Ordering::Relaxed) {
            return None;
        }
        let methods = self.methods.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = methods.get(method)?.until.saturating_sub(now);
        (!wait.is_zero()).then_some(wait)
    }

    fn charge(&self, method: &'static str, count: usize, clock: &Arc<dyn Clock>) {
        let mut methods = self.methods.lock().unwrap_or_else(PoisonError::into_inner);
        let known = methods.entry(method).or_insert_with(|| Method {
            limiter: Limiter::new(self.rate, clock.clone()),
            until: Duration::ZERO,
        });
        // One by one: where not all are left, what is left is spent too.
        let spent = (0..count).try_for_each(|_| known.limiter.take(1));
        if let Err(wait) = spent {
            known.until = clock.monotonic() + wait;
            self.until.fetch_max(nanos(known.until), Ordering::Relaxed);
        }
    }
}

// === impl Over ===

impl Over {
    /// Its place among the counts.
    const fn at(self) -> usize {
        match self {
            Self::Calls(_) => 0,
            Self::Shared(_) => 1,
            Self::Refusals(_) => 2,
            Self::Streams => 3,
        }
    }
}
