//! What an order would do to one number, from what is known of it.

use std::time::Duration;

use super::{CommandKind, Flags, ImpactFlag, Scopes, tenancy::Since, terms::Terms};
use crate::domain::{
    number::NumberKind,
    time::{DAY, Time},
};

/// A number restored so lately is told apart: the last order about it may have been an error.
const LATELY: Duration = DAY.saturating_mul(30);
/// The last numbers of a block are kept for practice.
const TEST_NUMBERS: std::ops::RangeInclusive<&str> = "9900"..="9999";

/// A number as it is known.
#[derive(Clone, Debug)]
pub struct Known<'a> {
    /// What it is.
    pub kind: NumberKind,
    /// Its national digits.
    pub digits: &'a str,
    /// Whether somebody has its block.
    pub allocated: bool,
    /// Whether its MVNO is in the authority's area.
    pub in_remit: bool,
    /// The line on it.
    pub line: Option<Tenancy>,
    /// When it was first named in a plan.
    pub first_named: Option<Time>,
    /// What orders have cut of it.
    pub off: Scopes,
    /// When it was let back last.
    pub restored: Option<Time>,
    /// Named more than once.
    pub twice: bool,
}

/// The line on a number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Tenancy {
    /// Since when its holder has the number.
    pub since: Since,
    /// Its holder has no other.
    pub sole: bool,
    /// Of a unit.
    pub unit: bool,
    /// Of an industry user.
    pub industry: bool,
}

/// What becomes of a number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fate {
    /// Goes to its MVNO and its carrier.
    Goes(CommandKind),
    /// Goes to nobody, for that.
    Refused(ImpactFlag),
    /// Goes to nobody before its authority has decided.
    Held,
}

/// All that is to be said of it, and what becomes of it.
pub fn judge(known: &Known<'_>, terms: &Terms, now: Time) -> (Flags, Fate) {
    use ImpactFlag as F;
    let line = known.line;
    let is_mvno = known.kind == NumberKind::Mvno;
    let came_later = line.is_some_and(|line| {
        terms.evidence_time.is_some_and(|evidence| line.since.began(known.first_named) > evidence)
    });
    let is_off = known.off.covers(terms.scopes) && !terms.drill;
    let lately = known.restored.is_some_and(|restored| restored > now.minus(LATELY));
    let practice = is_for_tests(known.digits) && line.is_none();
    let said = [
        (F::NotMvno, !is_mvno),
        (F::Unallocated, is_mvno && !known.allocated),
        (F::NotInRemit, is_mvno && known.allocated && !known.in_remit),
        (F::NotATestNumber, terms.drill && !practice),
        (F::ReassignedSinceEvidence, came_later),
        (F::AlreadyOff, is_off),
        (F::RecentlyRestored, lately),
        (F::SoleLine, line.is_some_and(|line| line.sole)),
        (F::UnitLine, line.is_some_and(|line| line.unit)),
        (F::IndustryLine, line.is_some_and(|line| line.industry)),
        (F::NoLine, is_mvno && known.allocated && line.is_none()),
        (F::Duplicate, known.twice),
    ];
    let flags =
        said.into_iter().filter(|(_, so)| *so).fold(Flags::default(), |flags, (flag, _)| flags.with(flag));
    (flags, fate(flags))
}

/// What becomes of a number of which that is said.
pub fn fate(flags: Flags) -> Fate {
    use ImpactFlag as F;
    match flags.first() {
        Some(why @ (F::NotMvno | F::Unallocated | F::NotInRemit | F::NotATestNumber)) => Fate::Refused(why),
        Some(F::ReassignedSinceEvidence) => Fate::Held,
        Some(F::AlreadyOff) => Fate::Goes(CommandKind::Verify),
        _ => Fate::Goes(CommandKind::Shutdown),
    }
}

fn is_for_tests(digits: &str) -> bool {
    let last = digits.len().checked_sub(4).and_then(|from| digits.get(from..));
    last.is_some_and(|last| TEST_NUMBERS.contains(&last))
}

// === impl Fate ===

impl Fate {
    /// What stands as the number's code, where it goes to nobody.
    pub fn code(self) -> Option<&'static str> {
        match self {
            Self::Goes(_) => None,
            Self::Refused(why) => Some(why.as_str()),
            Self::Held => Some(ImpactFlag::ReassignedSinceEvidence.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        name::ParticipantName,
        shutdown::{Header, Scope, Urgency},
    };

    fn day(day: i8) -> Time {
        Time::of_date(2026, 2, day)
    }

    fn now() -> Time {
        Time::of_date(2026, 3, 1)
    }

    fn terms() -> Terms {
        Terms {
            kind: CommandKind::Shutdown,
            organisation: ParticipantName::parse("police/mps").expect("a name"),
            order_number: "1".to_owned(),
            header: Header::default(),
            evidence_time: Some(day(20)),
            scopes: Scopes::of([Scope::VoiceOut]),
            urgency: Urgency::Urgent,
            effective_time: None,
            expire_time: None,
            break_glass: false,
            drill: false,
            restores: None,
        }
    }

    fn line(start: Time, recorded: Time) -> Option<Tenancy> {
        let since = Since { start, recorded, last_release: None };
        Some(Tenancy { since, sole: false, unit: false, industry: false })
    }

    fn known() -> Known<'static> {
        Known {
            kind: NumberKind::Mvno,
            digits: "17000000001",
            allocated: true,
            in_remit: true,
            line: line(day(1), day(1)),
            first_named: None,
            off: Scopes::default(),
            restored: None,
            twice: false,
        }
    }

    #[test]
    fn each_number_by_what_is_known_of_it() {
        use Fate::{Goes, Held, Refused};
        use ImpactFlag as F;
        let cut = Goes(CommandKind::Shutdown);
        let read = Goes(CommandKind::Verify);
        let tenancy = known().line.expect("a line");
        let freed = Since { last_release: Some(day(21)), ..tenancy.since };
        let cases: Vec<(Known<'_>, &[F], Fate)> = vec![
            (known(), &[], cut),
            (
                Known { kind: NumberKind::Ordinary, allocated: false, line: None, ..known() },
                &[F::NotMvno],
                Refused(F::NotMvno),
            ),
            (
                Known { kind: NumberKind::Iot, allocated: false, line: None, ..known() },
                &[F::NotMvno],
                Refused(F::NotMvno),
            ),
            (Known { allocated: false, line: None, ..known() }, &[F::Unallocated], Refused(F::Unallocated)),
            (Known { in_remit: false, ..known() }, &[F::NotInRemit], Refused(F::NotInRemit)),
            (Known { line: line(day(21), day(21)), ..known() }, &[F::ReassignedSinceEvidence], Held),
            (Known { line: line(day(20), day(20)), ..known() }, &[], cut),
            (
                Known { line: Some(Tenancy { since: freed, ..tenancy }), ..known() },
                &[F::ReassignedSinceEvidence],
                Held,
            ),
            (Known { line: line(day(1), day(22)), ..known() }, &[], cut),
            (
                Known { line: line(day(1), day(22)), first_named: Some(day(21)), ..known() },
                &[F::ReassignedSinceEvidence],
                Held,
            ),
            (Known { first_named: Some(day(21)), ..known() }, &[], cut),
            (Known { off: Scopes::of([Scope::VoiceOut, Scope::Data]), ..known() }, &[F::AlreadyOff], read),
            (Known { off: Scopes::of([Scope::Data]), ..known() }, &[], cut),
            (Known { restored: Some(day(10)), ..known() }, &[F::RecentlyRestored], cut),
            (Known { restored: Some(Time::of_date(2026, 1, 1)), ..known() }, &[], cut),
            (Known { line: Some(Tenancy { sole: true, ..tenancy }), ..known() }, &[F::SoleLine], cut),
            (
                Known {
                    line: Some(Tenancy { unit: true, industry: true, ..tenancy }),
                    twice: true,
                    ..known()
                },
                &[F::UnitLine, F::IndustryLine, F::Duplicate],
                cut,
            ),
            (Known { line: None, ..known() }, &[F::NoLine], cut),
        ];
        for (at, (known, flags, expected)) in cases.into_iter().enumerate() {
            let (said, fate) = judge(&known, &terms(), now());
            assert_eq!(said.iter().collect::<Vec<_>>(), flags, "{at}");
            assert_eq!(fate, expected, "{at}");
        }
        let without = Terms { evidence_time: None, ..terms() };
        assert_eq!(judge(&Known { line: line(day(21), day(21)), ..known() }, &without, now()).1, cut);
    }

    #[test]
    fn practice_is_on_numbers_kept_for_it() {
        let drill = Terms { drill: true, ..terms() };
        let fate = |last: &str, line| {
            let digits = format!("1700000{last}");
            judge(&Known { digits: &digits, line, ..known() }, &drill, now()).1
        };
        let no = Fate::Refused(ImpactFlag::NotATestNumber);
        assert_eq!(fate("9900", None), Fate::Goes(CommandKind::Shutdown));
        assert_eq!(fate("9999", None), Fate::Goes(CommandKind::Shutdown));
        assert_eq!(fate("9899", None), no);
        assert_eq!(fate("9900", line(day(1), day(1))), no);
    }
}
