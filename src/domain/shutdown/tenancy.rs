//! Since when the present holder of a number has it. Ending a line and beginning another one for the same holder begins
//! no tenancy: an MVNO would shield a number by it.

use crate::domain::time::Time;

/// What a tenancy is judged by.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Since {
    /// From when, as it was said.
    pub start: Time,
    /// When that was recorded.
    pub recorded: Time,
    /// When somebody else's line before it ended.
    pub last_release: Option<Time>,
}

/// A line that has ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Former {
    /// From when, as it was said.
    pub start: Time,
    /// When that was recorded.
    pub recorded: Time,
    /// Until when.
    pub end: Time,
    /// Of who holds the number now.
    pub same: bool,
}

// === impl Since ===

impl Since {
    /// With the lines before this one, the latest first: from the first of those that are the same holder's without
    /// anybody between.
    #[must_use]
    pub fn through(self, former: &[Former]) -> Self {
        let own = former.iter().take_while(|line| line.same).count();
        let first = own.checked_sub(1).map_or(self, |at| {
            let Former { start, recorded, .. } = former[at];
            Self { start, recorded, ..self }
        });
        Self { last_release: former.get(own).map(|line| line.end), ..first }
    }

    /// From when the present holder has the number: no earlier than it was free. A tenancy that was recorded after the
    /// number had been named in a plan counts from its record: nobody shields a number, or harms its holder, by dating.
    pub fn began(self, first_named: Option<Time>) -> Time {
        let start = self.last_release.map_or(self.start, |release| self.start.max(release));
        if first_named.is_some_and(|named| named < self.recorded) { start.max(self.recorded) } else { start }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: i8) -> Time {
        Time::of_date(2026, 2, day)
    }

    fn line(start: i8, end: i8, same: bool) -> Former {
        Former { start: day(start), recorded: day(start), end: day(end), same }
    }

    #[test]
    fn a_tenancy_goes_through_the_lines_of_one_holder() {
        let now = Since { start: day(20), recorded: day(20), last_release: Some(day(19)) };
        for (former, began) in [
            (vec![], 20),
            (vec![line(10, 19, false)], 20),
            (vec![line(10, 19, true)], 10),
            (vec![line(10, 19, true), line(5, 9, true)], 5),
            (vec![line(10, 19, true), line(5, 9, false), line(1, 4, true)], 10),
            (vec![line(10, 19, false), line(5, 9, true)], 20),
            // What is said to have begun before another's line ended began then.
            (vec![line(3, 19, true), line(1, 9, false)], 9),
        ] {
            assert_eq!(now.through(&former).began(None), day(began), "{former:?}");
        }
    }

    #[test]
    fn dating_helps_nobody_through_lines_either() {
        let now = Since { start: day(20), recorded: day(20), last_release: Some(day(19)) };
        let dated = Former { start: day(1), recorded: day(15), end: day(19), same: true };
        let through = now.through(&[dated]);
        assert_eq!(through.began(None), day(1));
        assert_eq!(through.began(Some(day(16))), day(1), "recorded before anybody named it");
        assert_eq!(through.began(Some(day(14))), day(15));
    }
}
