//! The ladder of a line whose registration must be supplemented: a notice, a one-way stop, a second notice, a two-way
//! stop, the end. No step is left out or early, and after a late one the holder has the full time again.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::state::LineState;
use crate::domain::{
    time::{DAY, Time},
    word::words,
};

words! {
    /// Steps of the ladder.
    Step {
        /// The holder is told what is missing and until when.
        Notice "NOTICE";
        /// Outgoing calls end; emergency calls do not.
        OneWayStop "ONE_WAY_STOP";
        /// The holder is told once more.
        SecondNotice "SECOND_NOTICE";
        /// Incoming calls end.
        TwoWayStop "TWO_WAY_STOP";
        /// The line is closed, its balance paid back.
        Close "CLOSE";
    }
}

words! {
    /// How fast the ladder is climbed.
    Pace {
        /// In the ordinary course.
        Normal "NORMAL";
        /// Public security has flagged the line.
        Flagged "FLAGGED";
    }
}

/// Days from the notice to each step, by pace, and what hardship (travel, hospital) adds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Days {
    /// Days to the one-way stop, the second notice, the two-way stop and the end.
    pub normal: [u32; 4],
    /// The same for a flagged line.
    pub flagged: [u32; 4],
    /// Added before the first stop.
    pub hardship: u32,
}

/// Where a line is on the ladder.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Ladder {
    /// How fast.
    pub pace: Pace,
    /// Whether the holder has shown a hardship.
    pub hardship: bool,
    /// The last step taken.
    pub step: Step,
    /// When it was taken.
    pub step_time: Time,
}

/// Why a step is not taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NoStep {
    /// The step due is another.
    NotNext(Step),
    /// Not before this moment.
    NotBefore(Time),
    /// The ladder has ended.
    Ended,
}

/// What somebody asks of a line's ladder.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Ask {
    /// The line is flagged.
    pub flagged: bool,
    /// The holder has shown a hardship.
    pub hardship: bool,
}

/// Why asking changes nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NoAsk {
    /// It is on the ladder already, and so.
    Already,
    /// Hardship adds its time before the first stop, and that was taken.
    Stopped,
}

impl Default for Days {
    fn default() -> Self {
        Self { normal: [30, 38, 45, 60], flagged: [5, 7, 10, 15], hardship: 30 }
    }
}

// === impl Ladder ===

impl Ladder {
    /// Begins with the notice.
    pub fn notice(pace: Pace, now: Time) -> Self {
        Self { pace, hardship: false, step: Step::Notice, step_time: now }
    }

    /// With the time that hardship adds; once.
    #[must_use]
    pub fn with_hardship(self) -> Self {
        Self { hardship: true, ..self }
    }

    /// Puts a line on the ladder, or changes how one climbs that is on it. A flag is not taken back, and begins no ladder
    /// anew: what is due by it is due.
    pub fn ask(before: Option<Self>, ask: Ask, now: Time) -> Result<Self, NoAsk> {
        let pace = if ask.flagged { Pace::Flagged } else { Pace::Normal };
        let Some(ladder) = before else {
            return Ok(Self { hardship: ask.hardship, ..Self::notice(pace, now) });
        };
        if ask.hardship && !ladder.hardship && ladder.step != Step::Notice {
            return Err(NoAsk::Stopped);
        }
        let pace = if ask.flagged { pace } else { ladder.pace };
        let asked = Self { pace, hardship: ladder.hardship || ask.hardship, ..ladder };
        if asked == ladder { Err(NoAsk::Already) } else { Ok(asked) }
    }

    /// The next step and its first moment; `None` at the end.
    pub fn next(&self, days: &Days) -> Option<(Step, Time)> {
        let at = Step::ALL.iter().position(|step| *step == self.step)?;
        let step = *Step::ALL.get(at + 1)?;
        Some((step, self.step_time.plus(self.wait(at, days))))
    }

    /// Takes a step.
    pub fn take(self, step: Step, now: Time, days: &Days) -> Result<Self, NoStep> {
        match self.next(days) {
            None => Err(NoStep::Ended),
            Some((next, _)) if next != step => Err(NoStep::NotNext(next)),
            Some((_, first)) if now < first => Err(NoStep::NotBefore(first)),
            Some((step, _)) => Ok(Self { step, step_time: now, ..self }),
        }
    }

    /// The state that the ladder asks for at least.
    pub fn holds(&self) -> LineState {
        match self.step {
            Step::Notice => LineState::Active,
            Step::OneWayStop | Step::SecondNotice => LineState::OneWayStop,
            Step::TwoWayStop => LineState::TwoWayStop,
            Step::Close => LineState::Closed,
        }
    }

    /// The time between the step at that place and the one after it.
    fn wait(&self, at: usize, days: &Days) -> Duration {
        let table = match self.pace {
            Pace::Normal => &days.normal,
            Pace::Flagged => &days.flagged,
        };
        let before = if at == 0 { 0 } else { table.get(at - 1).copied().unwrap_or(0) };
        let after = table.get(at).copied().unwrap_or(before);
        let hardship = if self.hardship && at == 0 { days.hardship } else { 0 };
        DAY * (after.saturating_sub(before) + hardship)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: Time = Time::from_micros(1_767_225_600_000_000);
    const DAYS: fn() -> Days = Days::default;

    fn climb(mut ladder: Ladder) -> Vec<(Step, u64)> {
        let mut steps = Vec::new();
        while let Some((step, first)) = ladder.next(&DAYS()) {
            ladder = ladder.take(step, first, &DAYS()).expect("due");
            steps.push((step, first.since(START).as_secs() / 86_400));
        }
        assert_eq!(ladder.take(Step::Close, Time::MAX, &DAYS()), Err(NoStep::Ended));
        steps
    }

    /// `domain.md` 5.6: 30/45/60 days, 5/10/15 where flagged, 30 more in hardship.
    #[test]
    fn days_of_the_steps() {
        use Step::{Close, OneWayStop, SecondNotice, TwoWayStop};
        let normal = Ladder::notice(Pace::Normal, START);
        assert_eq!(climb(normal), [(OneWayStop, 30), (SecondNotice, 38), (TwoWayStop, 45), (Close, 60)]);
        let flagged = Ladder::notice(Pace::Flagged, START);
        assert_eq!(climb(flagged), [(OneWayStop, 5), (SecondNotice, 7), (TwoWayStop, 10), (Close, 15)]);
        let hard = normal.with_hardship().with_hardship();
        assert_eq!(climb(hard), [(OneWayStop, 60), (SecondNotice, 68), (TwoWayStop, 75), (Close, 90)]);
    }

    #[test]
    fn what_may_be_asked() {
        let plain = Ask::default();
        let hard = Ask { hardship: true, ..plain };
        let flagged = Ask { flagged: true, ..plain };
        let next = |ladder: Ladder| ladder.next(&DAYS()).expect("not the end").1.since(START) / 86_400;
        let asked = Ladder::ask(None, plain, START).expect("begun");
        assert_eq!((asked, next(asked).as_secs()), (Ladder::notice(Pace::Normal, START), 30));
        assert_eq!(Ladder::ask(Some(asked), plain, START), Err(NoAsk::Already));
        let later = START.plus(DAY);
        let harder = Ladder::ask(Some(asked), hard, later).expect("more time");
        assert_eq!((next(harder).as_secs(), harder.step_time), (60, START));
        assert_eq!(Ladder::ask(Some(harder), hard, later), Err(NoAsk::Already));
        let sooner = Ladder::ask(Some(asked), flagged, later).expect("flagged");
        assert_eq!(next(sooner).as_secs(), 5);
        assert_eq!(Ladder::ask(Some(sooner), plain, later), Err(NoAsk::Already), "a flag stays");
        let stopped = asked.take(Step::OneWayStop, START.plus(DAY * 30), &DAYS()).expect("due");
        assert_eq!(Ladder::ask(Some(stopped), hard, START.plus(DAY * 31)), Err(NoAsk::Stopped));
        assert!(Ladder::ask(Some(stopped), flagged, START.plus(DAY * 31)).is_ok());
    }

    #[test]
    fn a_late_step_leaves_the_full_time() {
        let late = START.plus(DAY * 100);
        let ladder = Ladder::notice(Pace::Normal, START).take(Step::OneWayStop, late, &DAYS()).expect("due");
        assert_eq!(ladder.next(&DAYS()), Some((Step::SecondNotice, late.plus(DAY * 8))));
        let early = ladder.take(Step::SecondNotice, late.plus(DAY * 7), &DAYS());
        assert_eq!(early, Err(NoStep::NotBefore(late.plus(DAY * 8))));
        let skipped = ladder.take(Step::TwoWayStop, late.plus(DAY * 50), &DAYS());
        assert_eq!(skipped, Err(NoStep::NotNext(Step::SecondNotice)));
    }

    proptest! {
        #[test]
        fn never_early_never_freer(
            flagged: bool,
            hardship: bool,
            tries in proptest::collection::vec((0_usize..5, 0_u32..40), 0..40),
        ) {
            let pace = if flagged { Pace::Flagged } else { Pace::Normal };
            let mut ladder = Ladder::notice(pace, START);
            if hardship {
                ladder = ladder.with_hardship();
            }
            let mut now = START;
            for (step, later) in tries {
                now = now.plus(DAY * later);
                if let Ok(next) = ladder.take(Step::ALL[step], now, &DAYS()) {
                    prop_assert!(next.holds() >= ladder.holds());
                    prop_assert!(next.step > ladder.step);
                    let least = if flagged { [0, 5, 7, 10, 15] } else { [0, 30, 38, 45, 60] };
                    let at = Step::ALL.iter().position(|step| *step == next.step).expect("one");
                    let more = if hardship { 30 } else { 0 };
                    prop_assert!(now >= START.plus(DAY * (least[at] + more)));
                    ladder = next;
                }
            }
        }
    }
}
