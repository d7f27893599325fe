//! All standings of the node as one immutable snapshot. The feed swaps it after every commit and before that
//! commit's answer, so a reader takes no lock and never sees less than what was acknowledged here. Where other nodes
//! write too, the snapshot may be answered from only for a while after the feed last saw the record.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use tokio::sync::watch;

use crate::domain::{
    decision::{self, Action, Decided},
    fact::Fact,
    name::ParticipantName,
    refusal::Refusal,
    rules::RuleBook,
    standing::{self, Evaluation, Standing},
    time::{Clock, Time},
};

/// How long a snapshot holds, where other nodes write too, after the feed last saw the record. With the feed's
/// interval and the time of an answer it makes the promised bound of a second.
pub const HOLDS: Duration = Duration::from_millis(500);

/// The snapshot's holder.
pub struct Board {
    view: ArcSwap<View>,
    /// Set while what is held may be older than the record.
    lost: AtomicBool,
    /// How long the snapshot holds without a look at the record; `None` where nobody else writes it.
    bound: Option<Duration>,
    clock: Arc<dyn Clock>,
    /// When the last look that found the snapshot to be the record began: monotonic microseconds.
    seen: AtomicU64,
    /// The same on the wall clock, for people.
    seen_time: AtomicI64,
    revision: watch::Sender<i64>,
}

/// When a look at the record began.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    monotonic: Duration,
    time: Time,
}

/// One immutable snapshot.
#[derive(Clone, Default)]
pub struct View {
    /// The revision that everything here has reached.
    pub revision: i64,
    /// Every MVNO that takes part, by name.
    pub mvnos: BTreeMap<ParticipantName, Arc<Held>>,
    /// The mark of who takes part that was seen with it.
    pub participants: i64,
    /// Organisations of any class whose calls are refused: suspended, or not approved yet.
    pub suspended: HashSet<ParticipantName>,
}

/// One MVNO in the snapshot.
#[derive(Clone, Debug)]
pub struct Held {
    /// Its whole history, in the order of record.
    pub facts: Vec<Fact>,
    /// The revision of its last recorded turn.
    pub revision: i64,
    /// Since when it has that standing.
    pub since_time: Time,
    /// What the facts say, until `next_turn`.
    pub evaluation: Evaluation,
    /// The decision of every action, in the order of `Action::ALL`.
    pub decided: Vec<Decided>,
    /// When this was computed.
    pub computed: Time,
}

// === impl Board ===

impl Board {
    /// A board that holds nothing yet.
    pub fn new(bound: Option<Duration>, clock: Arc<dyn Clock>) -> Self {
        Self {
            view: ArcSwap::from_pointee(View::default()),
            lost: AtomicBool::new(true),
            bound,
            clock,
            seen: AtomicU64::new(0),
            seen_time: AtomicI64::new(0),
            revision: watch::Sender::new(-1),
        }
    }

    /// The snapshot, if it may be answered from now.
    pub fn fresh(&self) -> Result<Arc<View>, Refusal> {
        if self.is_fresh() { Ok(self.view.load_full()) } else { Err(Refusal::store_unavailable()) }
    }

    /// Whether what is held may be answered from at this moment. The monotonic clock goes on while a process is
    /// stopped, so one that was frozen knows when it wakes.
    pub fn is_fresh(&self) -> bool {
        if self.lost.load(Ordering::Acquire) {
            return false;
        }
        let Some(bound) = self.bound else { return true };
        let seen = Duration::from_micros(self.seen.load(Ordering::Acquire));
        self.clock.monotonic().saturating_sub(seen) <= bound
    }

    /// When the record was last seen; `None` before the first time.
    pub fn seen_time(&self) -> Option<Time> {
        let seen = self.seen_time.load(Ordering::Acquire);
        (seen != 0).then(|| Time::from_micros(seen))
    }

    /// The moment of a look at the record, to be taken before it begins.
    pub fn look(&self) -> Look {
        Look { monotonic: self.clock.monotonic(), time: self.clock.now() }
    }

    /// The snapshot, however old: for what must go on when the truth is out of reach.
    pub fn last_known(&self) -> Arc<View> {
        self.view.load_full()
    }

    /// Whether an organisation is suspended, as far as this node knows.
    pub fn is_suspended(&self, organisation: &ParticipantName) -> bool {
        self.view.load().suspended.contains(organisation)
    }

    /// Swaps the snapshot for what that look found.
    pub fn swap(&self, view: View, look: Look) {
        let revision = view.revision;
        self.view.store(Arc::new(view));
        self.confirm(look);
        self.revision.send_replace(revision);
    }

    /// Says that the snapshot is the record, as of that look.
    pub fn confirm(&self, look: Look) {
        let micros = u64::try_from(look.monotonic.as_micros()).unwrap_or(u64::MAX);
        self.seen.store(micros, Ordering::Release);
        self.seen_time.store(look.time.micros(), Ordering::Release);
        self.lost.store(false, Ordering::Release);
    }

    /// Says that the snapshot may be older than the record.
    pub fn lose(&self) {
        self.lost.store(true, Ordering::Release);
    }

    /// Follows the snapshot's revision.
    pub fn revisions(&self) -> watch::Receiver<i64> {
        self.revision.subscribe()
    }
}

/// The moment to judge a history at: now, and never before its newest fact was recorded. A clock that was set back
/// must not hide what was acknowledged.
pub(super) fn present(facts: &[Fact], now: Time) -> Time {
    facts.iter().map(|fact| fact.record_time).fold(now, Time::max)
}

// === impl Held ===

impl Held {
    /// Evaluates a history as of now.
    pub fn compute(
        facts: Vec<Fact>,
        revision: i64,
        since_time: Time,
        rules: &RuleBook,
        now: Time,
    ) -> Result<Self, Refusal> {
        let judged = present(&facts, now);
        let evaluation =
            standing::evaluate(&facts, rules, judged, judged).map_err(|_| Refusal::no_rules_then(now))?;
        let set = rules.at(judged).ok_or_else(|| Refusal::no_rules_then(now))?;
        let decided = Action::ALL.iter().map(|action| decision::decide(&evaluation, *action, set)).collect();
        Ok(Self { facts, revision, since_time, evaluation, decided, computed: now })
    }

    /// Whether time alone may have changed what is held.
    pub fn is_over(&self, now: Time) -> bool {
        now < self.computed || self.evaluation.next_turn.is_some_and(|turn| now >= turn)
    }

    /// What holds at `now`: this, or the same history computed again where time alone may have changed it.
    pub fn at(self: &Arc<Self>, rules: &RuleBook, now: Time) -> Result<Arc<Self>, Refusal> {
        if !self.is_over(now) {
            return Ok(self.clone());
        }
        let again = Self::compute(self.facts.clone(), self.revision, self.since_time, rules, now)?;
        let turned = again.evaluation.standing != self.evaluation.standing;
        let since_time = if turned { self.evaluation.next_turn.unwrap_or(now) } else { self.since_time };
        Ok(Arc::new(Self { since_time, ..again }))
    }

    /// The standing held.
    pub fn standing(&self) -> Standing {
        self.evaluation.standing
    }
}
