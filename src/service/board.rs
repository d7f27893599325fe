//! All standings of the node as one immutable snapshot. The feed swaps it after every commit and before that
//! commit's answer, so a reader takes no lock and never sees less than what was acknowledged.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
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
    time::Time,
};

/// The snapshot's holder.
pub struct Board {
    view: ArcSwap<View>,
    /// Set while what is held may be older than the record.
    lost: AtomicBool,
    revision: watch::Sender<i64>,
}

/// One immutable snapshot.
#[derive(Clone, Default)]
pub struct View {
    /// The revision that everything here has reached.
    pub revision: i64,
    /// Every MVNO that takes part, by name.
    pub mvnos: BTreeMap<ParticipantName, Arc<Held>>,
    /// Suspended organisations of any class.
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

impl Default for Board {
    fn default() -> Self {
        Self {
            view: ArcSwap::from_pointee(View::default()),
            lost: AtomicBool::new(true),
            revision: watch::Sender::new(-1),
        }
    }
}

impl Board {
    /// The snapshot, if it may be answered from.
    pub fn fresh(&self) -> Result<Arc<View>, Refusal> {
        if self.lost.load(Ordering::Acquire) {
            Err(Refusal::store_unavailable())
        } else {
            Ok(self.view.load_full())
        }
    }

    /// The snapshot, however old: for what must go on when the truth is out of reach.
    pub fn last_known(&self) -> Arc<View> {
        self.view.load_full()
    }

    /// Whether an organisation is suspended, as far as this node knows.
    pub fn is_suspended(&self, organisation: &ParticipantName) -> bool {
        self.view.load().suspended.contains(organisation)
    }

    /// Swaps the snapshot.
    pub fn swap(&self, view: View) {
        let revision = view.revision;
        self.view.store(Arc::new(view));
        self.lost.store(false, Ordering::Release);
        self.revision.send_replace(revision);
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
