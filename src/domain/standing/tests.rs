//! The rules, by their golden cases (domain.md 5.5, ruling 7), by every cell of the table, and by properties.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::domain::{
    decision::{Action, Decision, Lane, decide},
    fact::{
        AssessmentCriterion, AssessmentOutcome, FactBody, FindingOutcome, FindingSeverity, InspectionMethod,
        LicenceKind,
    },
    name::ParticipantName,
    rules::RuleBook,
    time::DAY,
};

fn now() -> Time {
    Time::of_date(2026, 6, 1)
}

fn ago(days: u32) -> Time {
    now().minus(DAY * days)
}

/// A history under construction.
#[derive(Clone, Debug, Default)]
struct Facts(Vec<Fact>);

impl Facts {
    fn add(mut self, true_time: Time, record_time: Time, body: FactBody) -> Self {
        let seq = i64::try_from(self.0.len()).expect("few") + 1;
        let name = format!("mvnos/m01/facts/{seq}");
        let mvno = ParticipantName::parse("mvnos/m01").expect("name");
        let recorded_by = "regulators/miit/officer-1".to_owned();
        self.0.push(Fact { name, mvno, seq, true_time, record_time, supersedes: None, recorded_by, body });
        self
    }
    fn superseding(mut self, seq: usize) -> Self {
        let old = self.0[seq - 1].name.clone();
        self.0.last_mut().expect("a fact").supersedes = Some(old);
        self
    }
    fn licence(self, from: Time, to: Option<Time>) -> Self {
        self.add(
            from,
            from,
            FactBody::Licence { licence: LicenceKind::Formal, valid_from_time: from, valid_to_time: to },
        )
    }
    fn licensed(self) -> Self {
        self.licence(ago(2000), None)
    }
    fn round(self, at: Time, checked: i32, breach: i32) -> Self {
        self.add(at, at, inspection(InspectionMethod::OutletCovert, checked, breach))
    }
    fn sample(self, at: Time, size: i32, ok: i32) -> Self {
        self.add(at, at, inspection(InspectionMethod::DataSample, size, ok))
    }
    fn finding(self, at: Time, severity: FindingSeverity, cure_by_time: Time) -> Self {
        self.add(at, at, FactBody::FindingOpened { severity, text: "found".to_owned(), cure_by_time })
    }
    fn close(self, seq: usize, at: Time, outcome: FindingOutcome) -> Self {
        let finding = self.0[seq - 1].name.clone();
        self.add(at, at, FactBody::FindingClosed { finding, outcome })
    }
    fn assessed(self, at: Time) -> Self {
        AssessmentCriterion::ALL.iter().fold(self, |facts, criterion| {
            let own = *criterion == AssessmentCriterion::RealNameRegistration;
            let body = FactBody::Assessment {
                criterion: *criterion,
                outcome: AssessmentOutcome::Met,
                real_name_completion_bp: own.then_some(10_000),
            };
            facts.add(at, at, body)
        })
    }
    /// Everything that green needs, the newest inspection `age` days old.
    fn green(age: u32) -> Self {
        Self::default()
            .licensed()
            .round(ago(age + 30), 40, 0)
            .round(ago(age), 40, 1)
            .sample(ago(age), 1000, 990)
            .assessed(ago(age))
    }
    fn at(&self, as_of: Time) -> Evaluation {
        evaluate(&self.0, &RuleBook::shipped(), as_of, now().plus(DAY * 4000)).expect("rules")
    }
    fn standing(&self) -> Standing {
        self.at(now()).standing
    }
    fn decision(&self, action: Action) -> Decision {
        decision_at(&self.at(now()), action)
    }
}

fn inspection(method: InspectionMethod, whole: i32, part: i32) -> FactBody {
    let (outlets, sample) = match method {
        InspectionMethod::OutletCovert => ((whole, part), (0, 0)),
        InspectionMethod::DataSample => ((0, 0), (whole, part)),
    };
    FactBody::Inspection {
        method,
        outlets_checked: outlets.0,
        outlets_breach: outlets.1,
        sample_size: sample.0,
        sample_ok: sample.1,
        evidence_hashes: Vec::new(),
    }
}

fn decision_at(evaluation: &Evaluation, action: Action) -> Decision {
    let book = RuleBook::shipped();
    decide(evaluation, action, book.at(now()).expect("rules")).decision
}

fn codes(evaluation: &Evaluation) -> Vec<&'static str> {
    evaluation.reasons.iter().map(|ground| ground.code).collect()
}

#[test]
fn golden_a_low_data_with_an_open_severe_finding() {
    let facts = Facts::green(1).sample(ago(0), 10_000, 9_130).finding(
        ago(1),
        FindingSeverity::Severe,
        now().plus(DAY),
    );
    assert_eq!(facts.standing(), Standing::Suspended);
    assert_eq!(facts.decision(Action::AllocateNumbers), Decision::Deny);
    assert_eq!(facts.decision(Action::ServeExistingUsers), Decision::Allow);
    let evaluation = facts.at(now());
    assert_eq!(codes(&evaluation), ["DATA_COMPLIANCE_LOW_WITH_SEVERE_FINDING", "SEVERE_FINDING_OPEN"]);
    assert!(evaluation.reasons[0].fact.starts_with("91.30 %"), "{}", evaluation.reasons[0].fact);
    assert_eq!(evaluation.remedies.len(), 2);
}

#[test]
fn golden_b_and_c_shares_of_outlets() {
    assert_eq!(Facts::green(40).round(ago(1), 109, 37).standing(), Standing::Rectifying);
    assert_eq!(Facts::green(40).round(ago(1), 186, 22).standing(), Standing::Watch);
    // The limits themselves: 30 % and 10 % count, a hair less does not.
    assert_eq!(Facts::green(40).round(ago(1), 1000, 300).standing(), Standing::Rectifying);
    assert_eq!(Facts::green(40).round(ago(1), 1000, 299).standing(), Standing::Watch);
    assert_eq!(Facts::green(40).round(ago(1), 1000, 99).standing(), Standing::Compliant);
    assert_eq!(Facts::green(40).sample(ago(1), 10_000, 9_499).standing(), Standing::Rectifying);
    assert_eq!(Facts::green(40).sample(ago(1), 10_000, 9_500).standing(), Standing::Watch);
}

#[test]
fn golden_d_and_e_green_and_its_end_by_time() {
    let green = Facts::green(1);
    let evaluation = green.at(now());
    assert_eq!(
        (evaluation.standing, codes(&evaluation)),
        (Standing::GreenChannel, vec!["GREEN_CRITERIA_MET"])
    );
    assert!(evaluation.remedies.is_empty());
    // The first round goes stale, to the microsecond.
    let turn = evaluation.next_turn.expect("green goes stale");
    assert_eq!(turn, ago(1).plus(DAY * 45).plus(Duration::from_micros(1)));
    assert_eq!(green.at(turn.minus(Duration::from_micros(1))).standing, Standing::GreenChannel);
    assert_eq!(green.at(turn).standing, Standing::Watch);
    assert_eq!(Facts::green(46).standing(), Standing::Watch);
    assert_eq!(codes(&Facts::green(46).at(now())), ["INSPECTION_STALE"]);
}

#[test]
fn golden_f_nothing_inspected() {
    let facts = Facts::default().licensed().assessed(ago(1));
    assert_eq!(facts.standing(), Standing::Unknown);
    assert_eq!(facts.decision(Action::AllocateNumbers), Decision::Deny);
    assert_eq!(Facts::default().standing(), Standing::Unknown);
}

#[test]
fn golden_g_two_times() {
    let at = ago(5);
    let late = Facts::green(10).add(at, ago(2), inspection(InspectionMethod::OutletCovert, 10, 9));
    let book = RuleBook::shipped();
    let ask = |as_of, known| evaluate(&late.0, &book, as_of, known).expect("rules").standing;
    assert_eq!(ask(now(), now()), Standing::Rectifying);
    assert_eq!(ask(ago(6), now()), Standing::GreenChannel, "before it was true");
    assert_eq!(ask(ago(4), ago(3)), Standing::GreenChannel, "before it was recorded");
    assert_eq!(ask(ago(4), now()), Standing::Rectifying, "as is known now");
}

#[test]
fn findings() {
    let severe = |cure| Facts::green(40).finding(ago(3), FindingSeverity::Severe, cure);
    let minor = |cure| Facts::green(40).finding(ago(3), FindingSeverity::Minor, cure);
    let ahead = now().plus(DAY);
    assert_eq!(severe(ahead).standing(), Standing::Rectifying);
    assert_eq!(severe(ago(1)).standing(), Standing::Suspended);
    assert_eq!(minor(ahead).standing(), Standing::Watch);
    assert_eq!(minor(ago(1)).standing(), Standing::Rectifying);
    let open = Facts::green(1).finding(ago(1), FindingSeverity::Severe, ahead);
    let seq = open.0.len();
    let verified = open.clone().close(seq, ago(0), FindingOutcome::Verified);
    assert_eq!(
        verified.standing(),
        Standing::Compliant,
        "cured, not green: it was open since the older round"
    );
    assert!(verified.at(now()).remedies.iter().any(|remedy| remedy.need.contains("two clean rounds")));
    let dismissed = open.close(seq, ago(0), FindingOutcome::Dismissed);
    assert_eq!(dismissed.standing(), Standing::GreenChannel, "never one");
    assert_eq!(dismissed.at(now()).used.len(), dismissed.0.len());
}

#[test]
fn licences() {
    assert_eq!(Facts::green(1).standing(), Standing::GreenChannel);
    let inspected = |facts: Facts| facts.round(ago(1), 10, 0);
    assert_eq!(inspected(Facts::default().licence(ago(400), Some(ago(1)))).standing(), Standing::Revoked);
    assert_eq!(inspected(Facts::default().licence(now().plus(DAY), None)).standing(), Standing::Unknown);
    let revoked = Facts::default().licensed().round(ago(1), 10, 0);
    let licence = revoked.0[0].name.clone();
    let revoked =
        revoked.add(ago(0), ago(0), FactBody::LicenceRevoked { licence, reason: "art. 39".to_owned() });
    assert_eq!(codes(&revoked.at(now())), ["LICENCE_REVOKED", "COMPLETION_UNASSESSED"]);
    assert_eq!(revoked.decision(Action::ServeExistingUsers), Decision::Conditional);
    assert_eq!(revoked.at(ago(1)).next_turn, Some(ago(0)));
}

#[test]
fn a_correction_replaces_what_it_names() {
    let facts = Facts::green(1).round(ago(0), 10, 9);
    let wrong = facts.0.len();
    assert_eq!(facts.standing(), Standing::Rectifying);
    assert_eq!(facts.round(ago(0), 10, 0).superseding(wrong).standing(), Standing::GreenChannel);
}

#[test]
fn green_needs_every_proof() {
    let lacks = |facts: Facts| -> Vec<String> {
        let evaluation = facts.at(now());
        assert_eq!(evaluation.standing, Standing::Compliant);
        evaluation.remedies.into_iter().map(|remedy| remedy.fact).collect()
    };
    let base = || Facts::default().licensed();
    let rest = |facts: Facts| facts.sample(ago(1), 1000, 990).assessed(ago(1));
    assert_eq!(lacks(rest(base().round(ago(1), 40, 0))), ["outlet_round"], "no second round");
    assert_eq!(
        lacks(rest(base().round(ago(15), 40, 0).round(ago(1), 40, 0))),
        ["outlet_round"],
        "14 days apart"
    );
    assert_eq!(
        lacks(rest(base().round(ago(47), 40, 0).round(ago(1), 40, 0))),
        ["outlet_round"],
        "46 days apart"
    );
    let broken = base().round(ago(31), 40, 0).round(ago(20), 40, 3).round(ago(1), 40, 0);
    assert_eq!(lacks(rest(broken)), ["outlet_round"], "one in breach between");
    assert_eq!(
        lacks(rest(base().round(ago(31), 40, 0).round(ago(1), 40, 2))),
        ["outlet_round"],
        "5 % is not clean"
    );
    let rounds = || base().round(ago(31), 40, 0).round(ago(1), 40, 0);
    assert_eq!(lacks(rounds().assessed(ago(1))), ["data_compliance"], "no sample");
    let stale = rounds().sample(ago(1), 1000, 990).assessed(ago(181));
    assert_eq!(lacks(stale).len(), 3, "assessments of 181 days");
    assert_eq!(
        lacks(rounds().sample(ago(46), 1000, 990).assessed(ago(1))),
        ["data_compliance"],
        "old sample"
    );
}

#[test]
fn completion_is_a_duty_from_2017_on() {
    let day = Time::of_date(2016, 8, 15);
    let facts =
        Facts::default().licence(Time::of_date(2013, 12, 26), None).round(Time::of_date(2016, 7, 20), 5, 0);
    assert_eq!(facts.at(day).standing, Standing::Compliant);
    assert_eq!(facts.at(day).rule_version, "2013-07-01");
    let facts = facts.round(Time::of_date(2016, 12, 10), 5, 0);
    let eve = Time::of_date(2016, 12, 31);
    assert_eq!(facts.at(eve).standing, Standing::Compliant);
    assert_eq!(facts.at(eve).next_turn, Some(Time::of_date(2017, 1, 1)), "a new rule set is a turn");
    assert_eq!(facts.at(Time::of_date(2017, 1, 1)).standing, Standing::Watch);
    assert!(evaluate(&[], &RuleBook::shipped(), Time::of_date(2013, 6, 30), now()).is_err());
}

/// Every cell of action x standing, of both rule sets, as domain.md 5.5 has them.
#[test]
fn every_cell() {
    use Decision::{Allow as A, Conditional as C, Deny as D, Review as R};
    use Standing::{Compliant, GreenChannel, Rectifying, Revoked, Suspended, Unknown, Watch};
    let columns = [GreenChannel, Compliant, Watch, Rectifying, Suspended, Revoked, Unknown];
    let rows = [
        (Action::SignAgreement, [A, A, C, R, D, D, R]),
        (Action::RenewAgreement, [A, A, C, R, D, D, R]),
        (Action::AddPilotCity, [A, A, R, D, D, D, D]),
        (Action::ExpandScope, [A, A, R, D, D, D, D]),
        (Action::AllocateNumbers, [A, A, C, D, D, D, D]),
        (Action::GrantFormalLicence, [A, A, R, D, D, D, D]),
        (Action::NewActivations, [A, A, A, C, D, D, R]),
        (Action::OnboardChannel, [A, A, C, D, D, D, D]),
        (Action::SellIndustryCards, [A, A, C, D, D, D, D]),
        (Action::ServeExistingUsers, [A, A, A, A, A, C, A]),
    ];
    assert_eq!(rows.len(), Action::ALL.len());
    let book = RuleBook::shipped();
    for set in book.sets() {
        for (action, cells) in rows {
            for (standing, expected) in columns.into_iter().zip(cells) {
                let evaluation = Evaluation { standing, ..Facts::green(1).at(now()) };
                let decided = decide(&evaluation, action, set);
                assert_eq!(decided.decision, expected, "{action} at {standing}");
                let lane = match expected {
                    D => Lane::Closed,
                    A if standing == GreenChannel => Lane::Green,
                    A | C | R => Lane::Normal,
                };
                assert_eq!(decided.lane, lane, "{action} at {standing}");
                assert_eq!(decided.conditions.is_empty(), expected != C, "{action} at {standing}");
            }
        }
        assert_eq!(
            [GreenChannel, Compliant, Watch, Rectifying].map(|standing| set.ceiling(standing)),
            [50, 20, 10, 0]
        );
    }
}

#[test]
fn overdue_commands_are_watched_until_they_are_executed() {
    let facts = Facts::green(1);
    assert_eq!(facts.standing(), Standing::GreenChannel);
    let (due, seen) = (ago(1).plus(DAY / 4), ago(1).plus(DAY / 2));
    let late = facts.add(due, seen, FactBody::CommandsOverdue { count: 2 });
    let evaluation = late.at(now());
    assert_eq!((evaluation.standing, codes(&evaluation)), (Standing::Watch, vec!["COMMANDS_OVERDUE"]));
    assert!(evaluation.reasons[0].fact.starts_with("2 commands"), "{}", evaluation.reasons[0].fact);
    assert_eq!(late.decision(Action::AllocateNumbers), Decision::Conditional);
    // As of that day: from the due time on, and only as known once it was seen.
    let before = due.minus(Duration::from_micros(1));
    assert_eq!(late.at(before).standing, Standing::GreenChannel);
    let book = RuleBook::shipped();
    let as_of = |moment, known| evaluate(&late.0, &book, moment, known).expect("rules").standing;
    assert_eq!(as_of(due, seen), Standing::Watch);
    assert_eq!(as_of(due, due), Standing::GreenChannel);
    let overdue = overdue(&late.0, now()).expect("overdue").to_owned();
    let done = late.add(now(), now(), FactBody::CommandsCaughtUp { overdue });
    assert_eq!(done.standing(), Standing::GreenChannel);
    assert_eq!(super::overdue(&done.0, now()), None);
    assert_eq!(done.at(now().minus(Duration::from_micros(1))).standing, Standing::Watch);
}

// === properties ===

/// A history that is licensed and inspected, within the last 300 days.
fn histories() -> impl Strategy<Value = Facts> {
    let step = (0..10_u8, 0..300_u32, 0..=100_i32, -50..300_i64);
    proptest::collection::vec(step, 0..12).prop_map(|steps| {
        steps.into_iter().fold(Facts::green(20), |facts, (kind, days, part, cure)| {
            let at = ago(days);
            let days = u32::try_from(cure.abs()).expect("small");
            let cure_by = if cure < 0 { at.plus(DAY) } else { at.plus(DAY * days).plus(DAY) };
            match kind {
                0 | 1 => facts.round(at, 100, part),
                2 => facts.sample(at, 1000, 900 + part),
                3 => facts.finding(at, FindingSeverity::Minor, cure_by),
                4 => facts.finding(at, FindingSeverity::Severe, cure_by),
                5 => facts.assessed(at),
                6 => {
                    let open =
                        facts.0.iter().rposition(|fact| matches!(fact.body, FactBody::FindingOpened { .. }));
                    match open {
                        Some(index) => {
                            // A close cannot lie ahead: it would be a promise, and time could keep it.
                            let end = facts.0[index].true_time.plus(DAY).min(now());
                            facts.close(index + 1, end, FindingOutcome::Verified)
                        }
                        None => facts,
                    }
                }
                7 => {
                    let late = facts.add(at, at.plus(DAY), FactBody::CommandsOverdue { count: 3 });
                    let overdue = late.0[late.0.len() - 1].name.clone();
                    let end = at.plus(DAY * 2).min(now());
                    late.add(end, end, FactBody::CommandsCaughtUp { overdue })
                }
                8 => facts.add(at, at, FactBody::CommandsOverdue { count: 1 }),
                _ => facts.add(at, at, FactBody::Suspended { reason: "order".to_owned() }),
            }
        })
    })
}

/// The same history with one fact worse.
fn worse(facts: &Facts, pick: usize) -> Option<Facts> {
    let mut worse = facts.clone();
    let at = pick % worse.0.len();
    match &mut worse.0[at].body {
        FactBody::Inspection {
            method: InspectionMethod::OutletCovert,
            outlets_checked,
            outlets_breach,
            ..
        } => {
            *outlets_breach = (*outlets_breach + 7).min(*outlets_checked);
        }
        FactBody::Inspection { method: InspectionMethod::DataSample, sample_ok, .. } => *sample_ok -= 30,
        FactBody::FindingOpened { severity, .. } => *severity = FindingSeverity::Severe,
        FactBody::Assessment { outcome, real_name_completion_bp, .. } => {
            *outcome = AssessmentOutcome::NotMet;
            *real_name_completion_bp = real_name_completion_bp.map(|_| 9_000);
        }
        FactBody::FindingClosed { .. } | FactBody::CommandsCaughtUp { .. } => {
            worse.0.remove(at);
        }
        FactBody::Licence { .. }
        | FactBody::LicenceRevoked { .. }
        | FactBody::RectificationSubmitted { .. }
        | FactBody::Suspended { .. }
        | FactBody::SuspensionLifted { .. }
        | FactBody::CommandsOverdue { .. }
        | FactBody::Talk { .. } => return None,
    }
    Some(worse)
}

proptest! {
    /// Ruling 8.
    #[test]
    fn a_worse_fact_never_improves_an_answer(facts in histories(), pick in any::<prop::sample::Index>()) {
        let (before, pick) = (facts.at(now()), pick.index(facts.0.len()));
        if let Some(worse) = worse(&facts, pick) {
            let after = worse.at(now());
            for action in Action::ALL {
                prop_assert!(decision_at(&after, *action) >= decision_at(&before, *action), "{} {} -> {}", action, before.standing, after.standing);
            }
        }
    }

    /// An answer holds until its `next_turn`: nothing about it differs at any earlier moment.
    #[test]
    fn nothing_differs_before_the_turn(facts in histories(), share in 0.0..1.0_f64) {
        let here = facts.at(now());
        let end = here.next_turn.unwrap_or(now().plus(DAY * 3000));
        let span = end.since(now());
        let between = now().plus(span.mul_f64(share)).min(end.minus(Duration::from_micros(1)));
        let there = facts.at(between);
        prop_assert_eq!(&here.standing, &there.standing);
        prop_assert_eq!(codes(&here), codes(&there));
        prop_assert_eq!(&here.next_turn, &there.next_turn);
        prop_assert_eq!(here.remedies.len(), there.remedies.len());
    }

    /// Time alone never closes a finding, nor leads to a better answer.
    #[test]
    fn time_alone_never_helps(facts in histories(), days in 0..1000_u32) {
        let (here, later) = (facts.at(now()), facts.at(now().plus(DAY * days)));
        for action in Action::ALL {
            prop_assert!(decision_at(&later, *action) >= decision_at(&here, *action), "{}", action);
        }
        let open = |evaluation: &Evaluation| evaluation.reasons.iter().filter(|ground| ground.code.contains("_FINDING_O")).count();
        prop_assert_eq!(open(&here), open(&later));
    }
}
