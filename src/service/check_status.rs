//! "May I do this with that MVNO, now?" Answered from the board without a lock; past days from the record. Every
//! answer is counted as evidence before it leaves.

use std::{sync::Arc, time::Duration};

use super::{
    Gateway,
    board::{Held, View},
    evidence::{self, Check},
    record::unknown_mvno,
    refusal,
};
use crate::domain::{
    caller::{Caller, Class},
    decision::{self, Action, Decided, Decision},
    fact::Fact,
    name::ParticipantName,
    refusal::{Reason, Refusal},
    standing,
    time::Time,
};

/// The longest wait for the record, or for a revision of it.
const PATIENCE: Duration = Duration::from_secs(1);

/// A question.
#[derive(Clone, Debug)]
pub struct Question {
    /// About whom.
    pub mvno: ParticipantName,
    /// About what.
    pub action: Action,
    /// No answer from before this revision; 0 for any.
    pub min_revision: i64,
    /// What was true then.
    pub as_of_time: Option<Time>,
    /// What had been recorded by then.
    pub known_time: Option<Time>,
}

/// Where an answer came from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Source {
    /// The node's snapshot.
    Cache,
    /// The database, in this call.
    Origin,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The MVNO as it was judged.
    pub held: Arc<Held>,
    /// The place of the action's decision in `held.decided`.
    pub at: usize,
    /// The revision answered from.
    pub revision: i64,
    /// When it was decided.
    pub decide_time: Time,
    /// The next moment at which it could differ by time alone.
    pub expire_time: Option<Time>,
    /// Where it came from.
    pub source: Source,
    /// How old the truth is that it rests on: when the newest fact used was recorded, or, with the record out of
    /// reach, when it was last seen.
    pub facts_as_of_time: Option<Time>,
    /// The record is out of reach, and this is what was last known.
    pub is_last_known: bool,
}

/// The snapshot that a question is answered from.
#[derive(Clone)]
pub(super) struct Reached {
    /// When it was looked at.
    pub now: Time,
    /// The snapshot.
    pub view: Arc<View>,
    /// Whether the record was read for it.
    pub source: Source,
}

// === impl Finding ===

impl Finding {
    /// The decision.
    pub fn decided(&self) -> &Decided {
        &self.held.decided[self.at]
    }
}

impl Gateway {
    /// Answers a question of that caller.
    pub async fn check_status(&self, caller: &Caller, question: &Question) -> Result<Finding, Refusal> {
        self.check_status_by(caller, question, self.patience()).await
    }

    /// The moment on the monotonic clock at which a call that begins now waits no longer for a revision.
    pub fn patience(&self) -> Duration {
        self.clock.monotonic() + PATIENCE
    }

    /// The same, waiting for a revision until that moment at the longest: the questions of a batch share one.
    pub async fn check_status_by(
        &self,
        caller: &Caller,
        question: &Question,
        until: Duration,
    ) -> Result<Finding, Refusal> {
        may_see(caller, &question.mvno)?;
        let past = question.as_of_time.is_some() || question.known_time.is_some();
        if past && question.min_revision != 0 {
            return Err(Refusal::field(
                "min_revision",
                "NOT_WITH_TIME",
                "unset with as_of_time or known_time",
            ));
        }
        let finding = match self.evidence.ready() {
            Err(_) if question.action == Action::ServeExistingUsers && !past => self.last_known(question)?,
            Err(refusal) => return Err(refusal),
            Ok(()) if past => self.as_of(question).await?,
            Ok(()) => self.present(question, until).await?,
        };
        self.evidence.count(Check {
            asker: caller.organisation.clone(),
            mvno: question.mvno.clone(),
            action: question.action.as_str(),
            decision: finding.decided().decision.as_str(),
            revision: finding.revision,
            bulletin: 0,
            minute: evidence::minute(finding.decide_time),
        });
        Ok(finding)
    }

    async fn present(&self, question: &Question, until: Duration) -> Result<Finding, Refusal> {
        loop {
            let finding = self.answer_now(question, until).await?;
            // A process that was stopped between the look and the answer knows it now.
            if finding.is_last_known || self.board.is_fresh() {
                return Ok(finding);
            }
        }
    }

    async fn answer_now(&self, question: &Question, until: Duration) -> Result<Finding, Refusal> {
        let reached = match self.reach(question.min_revision, until).await {
            Err(refusal)
                if refusal.reason == Reason::StoreUnavailable
                    && question.action == Action::ServeExistingUsers =>
            {
                return self.last_known(question);
            }
            reached => reached?,
        };
        self.seen_in(&reached, question)
    }

    fn seen_in(&self, reached: &Reached, question: &Question) -> Result<Finding, Refusal> {
        let Reached { now, view, source } = reached;
        let held = view.mvnos.get(&question.mvno).ok_or_else(|| unknown_mvno(&question.mvno))?;
        let held = held.at(&self.rules, *now)?;
        Ok(Finding {
            at: place(question.action),
            revision: view.revision,
            decide_time: *now,
            expire_time: held.evaluation.next_turn,
            source: *source,
            facts_as_of_time: held.evaluation.facts_as_of_time,
            is_last_known: false,
            held,
        })
    }

    /// Existing users are served while the truth is out of reach: the last decision known, ALLOW where none is.
    fn last_known(&self, question: &Question) -> Result<Finding, Refusal> {
        let now = self.clock.now();
        let reached = Reached { now, view: self.board.last_known(), source: Source::Cache };
        let seen = self.board.seen_time();
        match self.seen_in(&reached, question) {
            Err(refusal) if refusal.reason == Reason::MvnoNotFound => {
                let mut held = Held::compute(Vec::new(), 0, now, &self.rules, now)?;
                held.decided[place(question.action)].decision = Decision::Allow;
                Ok(Finding {
                    held: Arc::new(held),
                    at: place(question.action),
                    revision: reached.view.revision,
                    decide_time: now,
                    expire_time: None,
                    source: Source::Cache,
                    facts_as_of_time: seen,
                    is_last_known: true,
                })
            }
            answered => Ok(Finding { facts_as_of_time: seen, is_last_known: true, ..answered? }),
        }
    }

    /// The snapshot, once it has reached that revision, and the moment at which it was looked at. The moment comes
    /// first: whatever was answered before it is in a snapshot that is taken after it. One that may be too old, or is
    /// behind, is renewed from the record first; any number of callers share one look.
    pub(super) async fn reach(&self, revision: i64, until: Duration) -> Result<Reached, Refusal> {
        if let Ok(reached) = self.look(Source::Cache)
            && reached.view.revision >= revision
        {
            return Ok(reached);
        }
        let patience = until.saturating_sub(self.clock.monotonic());
        let renewed = tokio::time::timeout(patience, self.store.refresh()).await;
        let reached = self.look(Source::Origin)?;
        if reached.view.revision >= revision {
            return Ok(reached);
        }
        if !matches!(renewed, Ok(Ok(()))) {
            return Err(Refusal::store_unavailable());
        }
        let mut revisions = self.board.revisions();
        let patience = until.saturating_sub(self.clock.monotonic());
        let waited = tokio::time::timeout(patience, revisions.wait_for(|seen| *seen >= revision)).await;
        match waited {
            Ok(Ok(_)) => self.look(Source::Origin),
            Ok(Err(_)) | Err(_) => {
                let message = format!(
                    "Revision {revision} was not reached in time; this node is at {}.",
                    reached.view.revision
                );
                Err(Refusal::new(Reason::RevisionNotReached, message)
                    .with("min_revision", revision)
                    .with("revision", reached.view.revision)
                    .retry(Duration::from_secs(1)))
            }
        }
    }

    fn look(&self, source: Source) -> Result<Reached, Refusal> {
        let now = self.clock.now();
        let view = self.board.fresh()?;
        Ok(Reached { now, view, source })
    }

    async fn as_of(&self, question: &Question) -> Result<Finding, Refusal> {
        let now = self.clock.now();
        let known = question.known_time.unwrap_or(now);
        let as_of = question.as_of_time.unwrap_or(known);
        let mut faults = super::supervise::Faults::default();
        if question.as_of_time.is_some() {
            faults.not_ahead("as_of_time", as_of, now);
        }
        faults.not_ahead("known_time", known, now);
        faults.done()?;
        // Before the facts are read: an answer may know more than its revision says, never less.
        let revision = self.reach(0, self.patience()).await?.view.revision;
        let facts = self.facts_of(&question.mvno).await?;
        let evaluation = standing::evaluate(&facts, &self.rules, as_of, known)
            .map_err(|_| Refusal::no_rules_then(as_of))?;
        let set = self.rules.at(as_of).ok_or_else(|| Refusal::no_rules_then(as_of))?;
        let decided = vec![decision::decide(&evaluation, question.action, set)];
        let facts_as_of_time = evaluation.facts_as_of_time;
        let held = Held { facts, revision, since_time: as_of, evaluation, decided, computed: now };
        Ok(Finding {
            held: Arc::new(held),
            at: 0,
            revision,
            decide_time: now,
            expire_time: None,
            source: Source::Origin,
            facts_as_of_time,
            is_last_known: false,
        })
    }

    /// The history of an MVNO, read from the record.
    pub(super) async fn facts_of(&self, mvno: &ParticipantName) -> Result<Vec<Fact>, Refusal> {
        let mvno = mvno.clone();
        self.store
            .read(move |tx| {
                let mvno = mvno.clone();
                Box::pin(async move { super::record::history(tx, &mvno).await })
            })
            .await
            .map_err(refusal)
    }
}

/// The place of an action in `Action::ALL`.
fn place(action: Action) -> usize {
    Action::ALL.iter().position(|other| *other == action).expect("every action is in the list")
}

/// An MVNO sees its own standing and nobody else's.
pub(super) fn may_see(caller: &Caller, mvno: &ParticipantName) -> Result<(), Refusal> {
    if caller.class() != Class::Mvno || caller.organisation == *mvno {
        return Ok(());
    }
    Err(Refusal::new(
        Reason::NotYours,
        format!("You are {caller}; an MVNO may ask about itself only, as mvno \"{}\".", caller.organisation),
    )
    .with("caller", caller))
}
