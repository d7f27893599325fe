//! An MVNO's facts as they stood at one moment, by what was known at another. Owns no rule: thresholds live in
//! `grounds` and `green`.

use std::{collections::HashSet, time::Duration};

use crate::domain::{
    fact::{
        AssessmentCriterion, AssessmentOutcome, Fact, FactBody, FindingOutcome, FindingSeverity,
        InspectionMethod,
    },
    rules::RuleSet,
    time::Time,
};

/// The first moment after one: times are whole microseconds.
const NEXT: Duration = Duration::from_micros(1);

/// The facts that count.
pub(super) struct History<'a> {
    pub as_of: Time,
    /// Facts recorded by then and not corrected, whenever they are true, in the order of record.
    facts: Vec<&'a Fact>,
    pub licences: Vec<Licence>,
    pub findings: Vec<Finding<'a>>,
    pub suspensions: Vec<&'a Fact>,
    /// Since when commands are overdue, and how many were.
    pub overdue: Vec<&'a Fact>,
    /// Outlet rounds by time of inspection, then of record, oldest first.
    pub rounds: Vec<Round>,
    /// The latest data sample.
    pub sample: Option<Sample>,
}

/// One licence.
pub(super) struct Licence {
    pub from: Time,
    /// Its end, by its own term or by order, whichever comes first.
    pub to: Option<Time>,
    pub by_order: bool,
}

/// A finding that was not dismissed.
pub(super) struct Finding<'a> {
    pub fact: &'a Fact,
    pub severity: FindingSeverity,
    pub cure_by: Time,
    /// From when it is verified as cured.
    pub end: Option<Time>,
}

/// One outlet round.
#[derive(Clone, Copy)]
pub(super) struct Round {
    pub at: Time,
    pub checked: i64,
    pub breach: i64,
}

/// One data sample.
#[derive(Clone, Copy)]
pub(super) struct Sample {
    pub at: Time,
    pub size: i64,
    pub ok: i64,
}

/// The latest assessment of a criterion.
pub(super) struct Assessed {
    pub at: Time,
    pub outcome: AssessmentOutcome,
}

// === impl History ===

impl<'a> History<'a> {
    pub(super) fn read(facts: &'a [Fact], as_of: Time, known: Time) -> Self {
        let recorded: Vec<&Fact> = facts.iter().filter(|fact| fact.record_time <= known).collect();
        let corrected: HashSet<&str> =
            recorded.iter().filter_map(|fact| fact.supersedes.as_deref()).collect();
        let mut facts = recorded;
        facts.retain(|fact| !corrected.contains(fact.name.as_str()));
        facts.sort_by_key(|fact| fact.seq);
        let mut history = Self {
            as_of,
            licences: licences(&facts),
            findings: findings(&facts),
            suspensions: Vec::new(),
            overdue: Vec::new(),
            rounds: Vec::new(),
            sample: None,
            facts,
        };
        history.suspensions = history.suspensions_in_force();
        history.overdue = history.overdue_still();
        history.read_inspections();
        history
    }

    fn then(&self) -> impl Iterator<Item = &'a Fact> + '_ {
        self.facts.iter().copied().filter(|fact| fact.true_time <= self.as_of)
    }

    fn suspensions_in_force(&self) -> Vec<&'a Fact> {
        let lifted: HashSet<&str> = self
            .then()
            .filter_map(|fact| match &fact.body {
                FactBody::SuspensionLifted { suspension, .. } => Some(suspension.as_str()),
                _ => None,
            })
            .collect();
        let suspended = self.then().filter(|fact| matches!(fact.body, FactBody::Suspended { .. }));
        suspended.filter(|fact| !lifted.contains(fact.name.as_str())).collect()
    }

    fn overdue_still(&self) -> Vec<&'a Fact> {
        let ended: HashSet<&str> = self
            .then()
            .filter_map(|fact| match &fact.body {
                FactBody::CommandsCaughtUp { overdue } => Some(overdue.as_str()),
                _ => None,
            })
            .collect();
        let began = self.then().filter(|fact| matches!(fact.body, FactBody::CommandsOverdue { .. }));
        began.filter(|fact| !ended.contains(fact.name.as_str())).collect()
    }

    fn read_inspections(&mut self) {
        let mut rounds = Vec::new();
        let mut samples = Vec::new();
        for fact in self.then() {
            let FactBody::Inspection {
                method, outlets_checked, outlets_breach, sample_size, sample_ok, ..
            } = &fact.body
            else {
                continue;
            };
            let at = fact.true_time;
            match method {
                InspectionMethod::OutletCovert => {
                    rounds.push(Round {
                        at,
                        checked: (*outlets_checked).into(),
                        breach: (*outlets_breach).into(),
                    });
                }
                InspectionMethod::DataSample => {
                    samples.push(Sample { at, size: (*sample_size).into(), ok: (*sample_ok).into() });
                }
            }
        }
        // Stable sorts: equal times stay in the order of record.
        rounds.sort_by_key(|round| round.at);
        samples.sort_by_key(|sample| sample.at);
        self.rounds = rounds;
        self.sample = samples.pop();
    }

    /// When the newest inspection of either method was made.
    pub(super) fn inspected(&self) -> Option<Time> {
        let round = self.rounds.last().map(|round| round.at);
        round.max(self.sample.map(|sample| sample.at))
    }

    /// Findings of a severity that are open.
    pub(super) fn open(&self, severity: FindingSeverity) -> impl Iterator<Item = &Finding<'a>> {
        self.findings
            .iter()
            .filter(move |finding| finding.severity == severity && finding.is_open(self.as_of))
    }

    /// The latest assessment of a criterion.
    pub(super) fn assessed(&self, criterion: AssessmentCriterion) -> Option<Assessed> {
        let of_it = self.then().filter_map(|fact| match &fact.body {
            FactBody::Assessment { criterion: other, outcome, .. } if *other == criterion => {
                Some(Assessed { at: fact.true_time, outcome: *outcome })
            }
            _ => None,
        });
        of_it.max_by_key(|assessed| assessed.at)
    }

    /// The latest completion of real-name registration, in basis points.
    pub(super) fn completion(&self) -> Option<i32> {
        let assessed = self.then().filter_map(|fact| match &fact.body {
            FactBody::Assessment { real_name_completion_bp: Some(bp), .. } => Some((fact.true_time, *bp)),
            _ => None,
        });
        assessed.max_by_key(|(at, _)| *at).map(|(_, bp)| bp)
    }

    /// Moments at which something could differ, past ones among them.
    pub(super) fn turns(&self, rules: &RuleSet) -> impl Iterator<Item = Time> + '_ {
        let limits = &rules.thresholds;
        let stale = limits.inspection_age();
        let old = limits.assessment_age();
        let starts = self.facts.iter().map(|fact| fact.true_time);
        let ends = self.licences.iter().filter_map(|licence| licence.to);
        let cures =
            self.findings.iter().filter(|finding| finding.end.is_none_or(|end| end > finding.cure_by));
        let cures = cures.map(|finding| finding.cure_by.plus(NEXT));
        let rounds = self.rounds.last().map(|round| round.at.plus(stale).plus(NEXT));
        let sample = self.sample.map(|sample| sample.at.plus(stale).plus(NEXT));
        let assessed = AssessmentCriterion::ALL.iter().filter_map(|criterion| self.assessed(*criterion));
        let assessed = assessed.map(move |assessed| assessed.at.plus(old).plus(NEXT));
        starts.chain(ends).chain(cures).chain(rounds).chain(sample).chain(assessed)
    }

    /// The facts that the answer rests on: what was true by then, and what was dismissed since.
    fn used(&self) -> impl Iterator<Item = &'a Fact> + '_ {
        let dismissal = |fact: &Fact| {
            matches!(fact.body, FactBody::FindingClosed { outcome: FindingOutcome::Dismissed, .. })
        };
        self.facts.iter().copied().filter(move |fact| fact.true_time <= self.as_of || dismissal(fact))
    }

    /// When the newest fact used was recorded.
    pub(super) fn facts_as_of_time(&self) -> Option<Time> {
        self.used().map(|fact| fact.record_time).max()
    }

    /// The names of the facts used.
    pub(super) fn names(&self) -> Vec<String> {
        self.used().map(|fact| fact.name.clone()).collect()
    }
}

fn licences(facts: &[&Fact]) -> Vec<Licence> {
    let revoked = |name: &str| {
        let orders = facts.iter().filter_map(|fact| match &fact.body {
            FactBody::LicenceRevoked { licence, .. } if licence == name => Some(fact.true_time),
            _ => None,
        });
        orders.min()
    };
    let of = facts.iter().filter_map(|fact| match &fact.body {
        FactBody::Licence { valid_from_time, valid_to_time, .. } => {
            let order = revoked(&fact.name);
            let by_order = order.is_some_and(|order| valid_to_time.is_none_or(|end| order < end));
            let to = if by_order { order } else { *valid_to_time };
            Some(Licence { from: *valid_from_time, to, by_order })
        }
        _ => None,
    });
    of.collect()
}

fn findings<'a>(facts: &[&'a Fact]) -> Vec<Finding<'a>> {
    let close = |name: &str, wanted: FindingOutcome| {
        let closes = facts.iter().filter_map(|fact| match &fact.body {
            FactBody::FindingClosed { finding, outcome } if finding == name && *outcome == wanted => {
                Some(fact.true_time)
            }
            _ => None,
        });
        closes.min()
    };
    let of = facts.iter().filter_map(|fact| match &fact.body {
        FactBody::FindingOpened { severity, cure_by_time, .. } => {
            // A dismissed finding was never one, whenever it is asked about.
            let dismissed = close(&fact.name, FindingOutcome::Dismissed).is_some();
            let end = close(&fact.name, FindingOutcome::Verified);
            (!dismissed).then_some(Finding { fact, severity: *severity, cure_by: *cure_by_time, end })
        }
        _ => None,
    });
    of.collect()
}

// === impl Licence ===

impl Licence {
    pub(super) fn was_in_force(&self, by: Time) -> bool {
        self.from <= by && self.to.is_none_or(|to| to > self.from)
    }

    pub(super) fn is_in_force(&self, at: Time) -> bool {
        self.from <= at && self.to.is_none_or(|to| to > at)
    }
}

// === impl Finding ===

impl Finding<'_> {
    pub(super) fn is_open(&self, at: Time) -> bool {
        self.fact.true_time <= at && self.end.is_none_or(|end| end > at)
    }

    pub(super) fn is_overdue(&self, at: Time) -> bool {
        self.is_open(at) && at > self.cure_by
    }

    /// Whether it was open at any moment from `since` to `to`.
    pub(super) fn was_open(&self, since: Time, to: Time) -> bool {
        self.fact.true_time <= to && self.end.is_none_or(|end| end > since && end > self.fact.true_time)
    }
}

// === impl Round ===

impl Round {
    /// Whether the share in breach is at least that many basis points.
    pub(super) fn is_at_least(self, bp: i64) -> bool {
        self.breach * 10_000 >= bp * self.checked
    }
}

// === impl Sample ===

impl Sample {
    /// Whether the share in order is below that many basis points.
    pub(super) fn is_below(self, bp: i64) -> bool {
        self.ok * 10_000 < bp * self.size
    }
}
