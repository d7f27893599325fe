//! The sample's facts. 2016 is as the Ministry published it: in July 26 MVNOs, 109 outlets, 37 in breach, 11 MVNOs
//! with none, one at 91.30 % of data; in December 31, 186, 22. The recent ones leave every standing with a few MVNOs.

use crate::domain::{
    fact::{
        AssessmentCriterion, AssessmentOutcome, FactBody, FindingOutcome, FindingSeverity, InspectionMethod,
        LicenceKind,
    },
    time::{DAY, Time},
};

/// A fact to be: when it was true, when it was recorded, and what it says.
pub(super) struct Sown {
    pub true_time: Time,
    pub record_time: Time,
    pub body: Body,
}

/// What it says; a close names the finding before it in the same plan.
pub(super) enum Body {
    Plain(FactBody),
    CloseLast(FindingOutcome),
    RevokeLast(&'static str),
}

/// How an MVNO stands today.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Profile {
    Green,
    RoundNotClean,
    ResponseNotMet,
    OutletsElevated,
    DataBelowTarget,
    MinorOpen,
    CompletionShort,
    SevereOpen,
    OutletsHigh,
    DataLow,
    Suspended,
    SevereOverdue,
    LicenceEnded,
    LicenceRevoked,
    NeverLicensed,
    NeverInspected,
}

/// MVNOs of the sample.
pub(super) const MVNOS: u32 = 42;
/// The one at 91.30 % of data in July 2016.
const LOW_DATA: u32 = 20;

/// The profile of the n-th MVNO.
pub(super) fn profile(n: u32) -> Profile {
    match n {
        1..=6 => Profile::Green,
        7..=11 => Profile::RoundNotClean,
        12..=16 => Profile::ResponseNotMet,
        17 | 18 => Profile::OutletsElevated,
        19 | 20 => Profile::DataBelowTarget,
        21 | 22 => Profile::MinorOpen,
        23 | 24 => Profile::CompletionShort,
        25 | 26 => Profile::SevereOpen,
        27 | 28 => Profile::OutletsHigh,
        29 | 30 => Profile::DataLow,
        31..=33 => Profile::Suspended,
        34..=36 => Profile::SevereOverdue,
        37 | 38 => Profile::LicenceEnded,
        39 => Profile::LicenceRevoked,
        40 => Profile::NeverLicensed,
        _ => Profile::NeverInspected,
    }
}

/// Every fact of the n-th MVNO, in the order of record.
pub(super) fn facts(n: u32, now: Time) -> Vec<Sown> {
    let mut facts = Vec::new();
    let profile = profile(n);
    licences(profile, &mut facts);
    rounds_of_2016(n, &mut facts);
    if n == LOW_DATA {
        low_data(&mut facts);
    }
    licence_now(profile, now, &mut facts);
    recent(profile, now, &mut facts);
    facts.sort_by_key(|fact| fact.record_time);
    facts
}

/// A round of today for an MVNO whose newest one is getting old: what `dev` adds when it starts again.
pub(super) fn again(profile: Profile, at: &[Time]) -> Vec<Sown> {
    let mut facts = Vec::new();
    for time in at {
        round(profile, *time, &mut facts);
    }
    if let Some(latest) = at.last().filter(|_| !facts.is_empty()) {
        sample(profile, *latest, &mut facts);
        assessments(profile, *latest, &mut facts);
    }
    facts
}

fn sow(facts: &mut Vec<Sown>, true_time: Time, record_time: Time, body: FactBody) {
    facts.push(Sown { true_time, record_time, body: Body::Plain(body) });
}

fn licences(profile: Profile, facts: &mut Vec<Sown>) {
    if profile == Profile::NeverLicensed {
        return;
    }
    let (from, to) = (Time::of_date(2013, 12, 26), Time::of_date(2018, 5, 1));
    let pilot =
        FactBody::Licence { licence: LicenceKind::Pilot, valid_from_time: from, valid_to_time: Some(to) };
    sow(facts, from, from, pilot);
    if profile != Profile::LicenceEnded {
        let formal =
            FactBody::Licence { licence: LicenceKind::Formal, valid_from_time: to, valid_to_time: None };
        sow(facts, to, to, formal);
    }
}

fn licence_now(profile: Profile, now: Time, facts: &mut Vec<Sown>) {
    if profile == Profile::LicenceRevoked {
        let at = now.minus(DAY * 100);
        let body = Body::RevokeLast("numbers were handed on to others");
        facts.push(Sown { true_time: at, record_time: at, body });
    }
}

/// The published rounds. m01 to m26 in July, m09 to m39 in December: the rest was never inspected.
fn rounds_of_2016(n: u32, facts: &mut Vec<Sown>) {
    let (july, december) = (Time::of_date(2016, 7, 20), Time::of_date(2016, 12, 10));
    if n <= 26 {
        let checked = if n <= 5 { 5 } else { 4 };
        let breach = match n {
            ..=11 => 0,
            12..=18 => 3,
            _ => 2,
        };
        sow(facts, july, july.plus(DAY * 2), outlets(checked, breach));
    }
    if (9..=39).contains(&n) {
        let breach = if n <= 19 { 2 } else { 0 };
        sow(facts, december, december.plus(DAY * 2), outlets(6, breach));
    }
}

/// The MVNO that was found at 91.30 %: allocation of numbers to it stayed paused that summer.
fn low_data(facts: &mut Vec<Sown>) {
    let (july, found) = (Time::of_date(2016, 7, 20), Time::of_date(2016, 7, 22));
    sow(facts, july, found, data(10_000, 9_130));
    let text = "real-name data of 8.70 % of the sample does not match".to_owned();
    let cure_by_time = Time::of_date(2016, 9, 30);
    sow(
        facts,
        found,
        found,
        FactBody::FindingOpened { severity: FindingSeverity::Severe, text, cure_by_time },
    );
    let closed = Time::of_date(2017, 3, 1);
    facts.push(Sown {
        true_time: closed,
        record_time: closed,
        body: Body::CloseLast(FindingOutcome::Verified),
    });
}

fn recent(profile: Profile, now: Time, facts: &mut Vec<Sown>) {
    let (older, newer) = (now.minus(DAY * 33), now.minus(DAY * 3));
    round(profile, older, facts);
    round(profile, newer, facts);
    if facts.iter().all(|fact| fact.true_time < older) {
        return; // never inspected of late
    }
    sample(profile, newer, facts);
    assessments(profile, now.minus(DAY * 10), facts);
    let (severity, cure_by_time) = match profile {
        Profile::MinorOpen => (FindingSeverity::Minor, now.plus(DAY * 3650)),
        Profile::SevereOpen => (FindingSeverity::Severe, now.plus(DAY * 3650)),
        Profile::SevereOverdue => (FindingSeverity::Severe, now.minus(DAY * 5)),
        Profile::Suspended => {
            let reason = "numbers of a fraud ring were left in service".to_owned();
            sow(facts, now.minus(DAY * 20), now.minus(DAY * 20), FactBody::Suspended { reason });
            return;
        }
        _ => return,
    };
    let text = "outlets opened lines without reading an identity document".to_owned();
    let at = now.minus(DAY * 25);
    sow(facts, at, at, FactBody::FindingOpened { severity, text, cure_by_time });
}

fn round(profile: Profile, at: Time, facts: &mut Vec<Sown>) {
    let breach = match profile {
        Profile::NeverLicensed
        | Profile::NeverInspected
        | Profile::LicenceEnded
        | Profile::LicenceRevoked => return,
        Profile::RoundNotClean => 2,
        Profile::OutletsElevated => 6,
        Profile::OutletsHigh => 14,
        _ => 0,
    };
    sow(facts, at, at, outlets(40, breach));
}

fn sample(profile: Profile, at: Time, facts: &mut Vec<Sown>) {
    let ok = match profile {
        Profile::DataBelowTarget => 970,
        Profile::DataLow => 930,
        _ => 995,
    };
    sow(facts, at, at, data(1000, ok));
}

fn assessments(profile: Profile, at: Time, facts: &mut Vec<Sown>) {
    for criterion in AssessmentCriterion::ALL {
        let missed = profile == Profile::ResponseNotMet && *criterion == AssessmentCriterion::SocialResponse;
        let completion = if profile == Profile::CompletionShort { 9_900 } else { 10_000 };
        let own = *criterion == AssessmentCriterion::RealNameRegistration;
        let body = FactBody::Assessment {
            criterion: *criterion,
            outcome: if missed { AssessmentOutcome::NotMet } else { AssessmentOutcome::Met },
            real_name_completion_bp: own.then_some(completion),
        };
        sow(facts, at, at, body);
    }
}

fn outlets(checked: i32, breach: i32) -> FactBody {
    inspection(InspectionMethod::OutletCovert, (checked, breach), (0, 0))
}

fn data(size: i32, ok: i32) -> FactBody {
    inspection(InspectionMethod::DataSample, (0, 0), (size, ok))
}

fn inspection(method: InspectionMethod, outlets: (i32, i32), sample: (i32, i32)) -> FactBody {
    FactBody::Inspection {
        method,
        outlets_checked: outlets.0,
        outlets_breach: outlets.1,
        sample_size: sample.0,
        sample_ok: sample.1,
        evidence_hashes: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sums that the Ministry published.
    #[test]
    fn the_rounds_of_2016() {
        let day = |at: Time| {
            let mut rounds = Vec::new();
            for n in 1..=MVNOS {
                for fact in facts(n, Time::of_date(2026, 6, 1)) {
                    if let Body::Plain(FactBody::Inspection {
                        outlets_checked,
                        outlets_breach,
                        sample_size: 0,
                        ..
                    }) = fact.body
                        && fact.true_time == at
                    {
                        rounds.push((outlets_checked, outlets_breach));
                    }
                }
            }
            let clean = rounds.iter().filter(|(_, breach)| *breach == 0).count();
            let sum = rounds.iter().fold((0, 0), |sum, round| (sum.0 + round.0, sum.1 + round.1));
            (rounds.len(), sum.0, sum.1, clean)
        };
        assert_eq!(day(Time::of_date(2016, 7, 20)), (26, 109, 37, 11));
        let (mvnos, outlets, breach, _) = day(Time::of_date(2016, 12, 10));
        assert_eq!((mvnos, outlets, breach), (31, 186, 22));
    }
}
