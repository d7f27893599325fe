//! How many lines a person may hold at one operator, nationwide. A line holds a numbered slot until it is closed; slots 1
//! to 5 are given out, 6 and up are of lines that were there before (LEGACY). The schema's unique key over the slot makes
//! the sixth line impossible; here is which slot is asked for, and what is answered.

use serde::{Deserialize, Serialize};

use super::{
    fault::{Code, Fault},
    time::{DAY, Time},
    word::words,
};

/// Lines that a person may hold at one operator.
pub const LIMIT: u32 = 5;

/// Lines of an industry user that one responsible person may answer for; slots of their own.
pub const INDUSTRY_LIMIT: u32 = 10;

/// Years of a joint punishment, at most (repeated cases).
const LONGEST_RESTRICTION_DAYS: u32 = 5 * 366;

words! {
    /// How many lines a person holds elsewhere, without saying how many.
    QuotaBucket {
        /// None.
        None "NONE";
        /// 1 to 4.
        OneToFour "ONE_TO_FOUR";
        /// 5 to 9.
        FiveToNine "FIVE_TO_NINE";
        /// 10 or more.
        TenOrMore "TEN_OR_MORE";
    }
}

words! {
    /// Which lines are counted together.
    Slots {
        /// Those of persons, and of units by their user.
        Ordinary "ORDINARY";
        /// Industry cards, by their responsible person.
        Industry "INDUSTRY";
    }
}

/// A slot: 1 and up.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Slot(u32);

/// A person's count at one operator.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Quota {
    /// How many lines one may hold.
    pub limit: u32,
    /// How many the person holds.
    pub in_use: u32,
    /// How many more may be opened.
    pub remaining: u32,
}

/// What is known of a person's lines at one operator.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Count {
    /// Slots held.
    pub in_use: u32,
    /// Whether the count may be relied on.
    pub fresh: bool,
    /// Until when the person is under a joint punishment.
    pub restricted_until: Option<Time>,
}

/// A joint punishment. It names nobody.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Restriction {
    /// The last part of its name.
    pub id: String,
    /// From when.
    pub from: Time,
    /// Until when.
    pub until: Time,
    /// When it was lifted.
    pub lifted: Option<Time>,
    /// Who entered it.
    pub restricted_by: String,
}

/// What a count says about one line more.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// It may be opened.
    Allow,
    /// It may not.
    Deny(Fault),
    /// Somebody has to look first.
    Review(Fault),
}

/// Which lines a person may keep under a joint punishment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Held<'l> {
    /// The line's name.
    pub line: &'l str,
    /// Since when.
    pub since: Time,
    /// Whether it is part of the case.
    pub of_case: bool,
}

const REACHED: Fault = Fault::new(Code::CardLimitReached, "a person holds at most 5 lines at one operator");
const LEGACY: Fault = Fault::new(
    Code::LegacyExcess,
    "more than 5 lines are held from before; each is to be verified again first",
);
const PUNISHED: Fault = Fault::new(Code::JointPunishment, "no new line while a joint punishment is in force");
const STALE: Fault = Fault::new(Code::StaleQuota, "the count is too old to rely on; ask again");

// === impl Slots ===

impl Slots {
    /// How many of them a person may hold at one operator.
    pub fn limit(self) -> u32 {
        match self {
            Self::Ordinary => LIMIT,
            Self::Industry => INDUSTRY_LIMIT,
        }
    }
}

// === impl Restriction ===

impl Restriction {
    /// Its resource name.
    pub fn name(&self) -> String {
        format!("restrictions/{}", self.id)
    }
}

// === impl Slot ===

impl Slot {
    /// The slot of a stored number.
    pub fn of(number: u32) -> Option<Self> {
        (number > 0).then_some(Self(number))
    }

    /// Its number.
    pub fn number(self) -> u32 {
        self.0
    }

    /// Whether it is beyond what one may hold: only a line that was there before has one.
    pub fn is_legacy(self, limit: u32) -> bool {
        self.0 > limit
    }

    /// The slot for a new line: the lowest free, while fewer than the limit are in use, whatever their numbers.
    pub fn free(used: &[Self], limit: u32) -> Option<Self> {
        if used.len() >= limit as usize {
            return None;
        }
        (1..=limit).map(Self).find(|slot| !used.contains(slot))
    }

    /// The slot for a line that was there before: the lowest free, beyond the limit where need be.
    pub fn for_import(used: &[Self]) -> Self {
        (1..).map(Self).find(|slot| !used.contains(slot)).unwrap_or(Self(u32::MAX))
    }
}

// === impl Quota ===

impl Quota {
    /// The count of so many lines.
    pub fn of(in_use: u32, limit: u32) -> Self {
        Self { limit, in_use, remaining: limit.saturating_sub(in_use) }
    }
}

// === impl Count ===

impl Count {
    /// Whether one line more may be opened.
    pub fn judge(&self, limit: u32, now: Time) -> Verdict {
        if is_restricted(self.restricted_until, now) {
            return Verdict::Deny(PUNISHED);
        }
        if !self.fresh {
            return Verdict::Review(STALE);
        }
        match self.in_use {
            used if used < limit => Verdict::Allow,
            used if used == limit => Verdict::Deny(REACHED),
            _ => Verdict::Deny(LEGACY),
        }
    }

    /// What CheckCardQuota answers: a punished person has nothing remaining.
    pub fn quota(&self, limit: u32, now: Time) -> Quota {
        let quota = Quota::of(self.in_use, limit);
        if is_restricted(self.restricted_until, now) { Quota { remaining: 0, ..quota } } else { quota }
    }
}

// === impl QuotaBucket ===

impl QuotaBucket {
    /// The bucket of a number of lines.
    pub fn of(lines: u64) -> Self {
        match lines {
            0 => Self::None,
            1..=4 => Self::OneToFour,
            5..=9 => Self::FiveToNine,
            10.. => Self::TenOrMore,
        }
    }
}

/// Whether a punishment is in force.
pub fn is_restricted(until: Option<Time>, now: Time) -> bool {
    until.is_some_and(|until| now < until)
}

/// Judges the end of a punishment that is about to be entered: ahead, and no further than the rules go.
pub fn restriction_end(until: Time, now: Time) -> Result<Time, Fault> {
    let longest = now.plus(DAY * LONGEST_RESTRICTION_DAYS);
    match until {
        until if until <= now => Err(Fault::new(Code::BadDate, "a moment ahead of now")),
        until if until > longest => Err(Fault::new(Code::BadTerm, "at most five years from now")),
        until => Ok(until),
    }
}

/// The one line that a punished person keeps: the oldest that is not part of the case; none where all are.
pub fn kept_line<'l>(lines: &[Held<'l>]) -> Option<&'l str> {
    let outside = lines.iter().filter(|line| !line.of_case);
    outside.min_by(|a, b| (a.since, a.line).cmp(&(b.since, b.line))).map(|line| line.line)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Time = Time::from_micros(1_767_225_600_000_000);

    fn code(count: Count) -> Result<u32, (&'static str, Code)> {
        match count.judge(LIMIT, NOW) {
            Verdict::Allow => Ok(Quota::of(count.in_use + 1, LIMIT).remaining),
            Verdict::Deny(fault) => Err(("DENY", fault.code)),
            Verdict::Review(fault) => Err(("REVIEW", fault.code)),
        }
    }

    /// `domain.md` 5.4.
    #[test]
    fn the_table() {
        let count = |in_use| Count { in_use, fresh: true, restricted_until: None };
        for in_use in 0..=4 {
            assert_eq!(code(count(in_use)), Ok(4 - in_use));
        }
        assert_eq!(code(count(5)), Err(("DENY", Code::CardLimitReached)));
        for in_use in [6, 7, 100] {
            assert_eq!(code(count(in_use)), Err(("DENY", Code::LegacyExcess)));
        }
        let punished = Count { restricted_until: Some(NOW.plus(DAY)), ..count(0) };
        assert_eq!(code(punished), Err(("DENY", Code::JointPunishment)));
        assert_eq!(punished.quota(LIMIT, NOW), Quota { limit: 5, in_use: 0, remaining: 0 });
        assert_eq!(code(Count { restricted_until: Some(NOW), ..count(0) }), Ok(4));
        assert_eq!(code(Count { fresh: false, ..count(0) }), Err(("REVIEW", Code::StaleQuota)));
    }

    #[test]
    fn buckets() {
        let bucket = |lines| QuotaBucket::of(lines).as_str();
        assert_eq!([0, 1, 4].map(bucket), ["NONE", "ONE_TO_FOUR", "ONE_TO_FOUR"]);
        assert_eq!([5, 9, 10].map(bucket), ["FIVE_TO_NINE", "FIVE_TO_NINE", "TEN_OR_MORE"]);
    }

    #[test]
    fn slots() {
        let slots = |numbers: &[u32]| numbers.iter().map(|number| Slot(*number)).collect::<Vec<_>>();
        assert_eq!(Slot::free(&slots(&[]), LIMIT), Some(Slot(1)));
        assert_eq!(Slot::free(&slots(&[1, 2, 4, 5]), LIMIT), Some(Slot(3)));
        assert_eq!(Slot::free(&slots(&[1, 2, 3, 4, 5]), LIMIT), None);
        // Five are in use, though slot 3 is free.
        assert_eq!(Slot::free(&slots(&[1, 2, 4, 5, 6]), LIMIT), None);
        assert_eq!(Slot::for_import(&slots(&[1, 2, 3, 4, 5])), Slot(6));
        assert!(Slot(6).is_legacy(LIMIT) && !Slot(5).is_legacy(LIMIT));
        assert_eq!(Slot::of(0), None);
    }

    #[test]
    fn a_punished_person_keeps_one() {
        let held = |line, days, of_case| Held { line, since: NOW.minus(DAY * days), of_case };
        assert_eq!(kept_line(&[held("a", 9, true), held("b", 5, false), held("c", 7, false)]), Some("c"));
        assert_eq!(kept_line(&[held("a", 9, true)]), None);
        assert_eq!(kept_line(&[]), None);
        assert_eq!(restriction_end(NOW, NOW).map_err(|bad| bad.code), Err(Code::BadDate));
        assert_eq!(restriction_end(NOW.plus(DAY * 2_000), NOW).map_err(|bad| bad.code), Err(Code::BadTerm));
        assert!(restriction_end(NOW.plus(DAY * 1_096), NOW).is_ok());
    }

    proptest! {
        /// Opens, imports and closes in any order: never two lines in a slot, never an opened line beyond the limit.
        #[test]
        fn slots_are_held_once(steps in proptest::collection::vec((0_u8..3, 0_usize..12), 0..60)) {
            let mut used: Vec<Slot> = Vec::new();
            for (step, at) in steps {
                let before = used.len();
                match step {
                    0 => {
                        let free = Slot::free(&used, LIMIT);
                        prop_assert_eq!(free.is_some(), before < LIMIT as usize);
                        prop_assert!(free.is_none_or(|slot| !slot.is_legacy(LIMIT)));
                        used.extend(free);
                    }
                    1 => used.push(Slot::for_import(&used)),
                    _ if before > 0 => {
                        used.remove(at % before);
                    }
                    _ => {}
                }
                let mut distinct = used.clone();
                distinct.sort_unstable();
                distinct.dedup();
                prop_assert_eq!(distinct.len(), used.len());
            }
        }
    }
}
