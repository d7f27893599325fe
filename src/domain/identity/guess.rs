//! The budget of guesses: how many different values one caller may try on one subject. The subject is what stays the
//! same (a document's number, or a name), the value what is tried on it; both come as keyed pseudonyms. It is asked
//! before the authority, and asks nothing of the answer, so that its own answer tells nothing. The same value again costs
//! nothing: a retry is no guess.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::time::{DAY, Time};

/// The limits of the budget.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Different values within the window.
    pub values: usize,
    /// How long a value counts, and how long a tripped budget stays so.
    pub window: Duration,
}

/// What one caller tried on one subject.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Budget {
    tried: Vec<Tried>,
    tripped: Option<Time>,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
struct Tried {
    value: u64,
    last: Time,
}

/// Whether one more may be tried.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// Go on.
    Within,
    /// ENUMERATION_SUSPECTED: nothing is asked until then.
    Suspected {
        /// When the budget is whole again.
        until: Time,
    },
}

impl Default for Limits {
    fn default() -> Self {
        Self { values: 5, window: DAY }
    }
}

// === impl Budget ===

impl Budget {
    /// Spends on a value, the first 8 bytes of its pseudonym. Returns the budget as it is then, to be kept.
    #[must_use]
    pub fn spend(mut self, value: u64, now: Time, limits: &Limits) -> (Self, Verdict) {
        if let Some(until) = self.suspected_until(now, limits) {
            return (self, Verdict::Suspected { until });
        }
        if self.tripped.is_some() {
            self = Self::default();
        }
        self.tried.retain(|tried| now.since(tried.last) < limits.window);
        match self.tried.iter().position(|tried| tried.value == value) {
            Some(at) => self.tried[at].last = self.tried[at].last.max(now),
            None if self.tried.len() < limits.values => self.tried.push(Tried { value, last: now }),
            None => {
                let tripped = Self { tried: Vec::new(), tripped: Some(now) };
                return (tripped, Verdict::Suspected { until: now.plus(limits.window) });
            }
        }
        (self, Verdict::Within)
    }

    /// Until when the budget is tripped; `None` where it is not.
    pub fn suspected_until(&self, now: Time, limits: &Limits) -> Option<Time> {
        self.tripped.map(|tripped| tripped.plus(limits.window)).filter(|until| now < *until)
    }

    /// Whether that value was tried within the window.
    pub fn knows(&self, value: u64, now: Time, limits: &Limits) -> bool {
        self.tried.iter().any(|tried| tried.value == value && now.since(tried.last) < limits.window)
    }

    /// From when on the budget says no more than a new one: what keeps it may forget it then.
    pub fn forget_from(&self, limits: &Limits) -> Option<Time> {
        let last = self.tried.iter().map(|tried| tried.last).chain(self.tripped).max();
        last.map(|last| last.plus(limits.window))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Time = Time::from_micros(1_767_225_600_000_000);

    fn spend(values: impl IntoIterator<Item = u64>) -> (Budget, Vec<bool>) {
        let mut budget = Budget::default();
        let within = values.into_iter().map(|value| {
            let (next, verdict) = std::mem::take(&mut budget).spend(value, NOW, &Limits::default());
            budget = next;
            verdict == Verdict::Within
        });
        let within = within.collect();
        (budget, within)
    }

    #[test]
    fn the_sixth_value_trips() {
        assert_eq!(spend([1, 2, 3, 4, 5, 1, 5]).1, [true; 7]);
        let (tripped, within) = spend([1, 2, 3, 4, 5, 6]);
        assert_eq!(within, [true, true, true, true, true, false]);
        // Then nothing is asked, not even what was asked before; and trying on does not make it longer.
        let limits = Limits::default();
        let (same, verdict) = tripped.clone().spend(1, NOW.plus(DAY / 2), &limits);
        assert_eq!((same, verdict), (tripped.clone(), Verdict::Suspected { until: NOW.plus(DAY) }));
        assert_eq!(tripped.clone().spend(1, NOW.plus(DAY), &limits).1, Verdict::Within);
        assert_eq!(tripped.forget_from(&limits), Some(NOW.plus(DAY)));
    }

    #[test]
    fn a_value_is_forgotten_after_the_window() {
        let (budget, _) = spend([1, 2, 3, 4, 5]);
        let limits = Limits::default();
        assert_eq!(budget.clone().spend(6, NOW.plus(DAY), &limits).1, Verdict::Within);
        assert_eq!(Budget::default().forget_from(&limits), None);
    }

    proptest! {
        #[test]
        fn never_more_values_than_the_limit_in_a_window(
            steps in proptest::collection::vec((0_u64..12, 0_u64..30_000), 0..80),
        ) {
            let limits = Limits::default();
            let mut budget = Budget::default();
            let mut now = NOW;
            let mut asked: Vec<(u64, Time)> = Vec::new();
            for (value, seconds) in steps {
                now = now.plus(Duration::from_secs(seconds));
                let (next, verdict) = budget.spend(value, now, &limits);
                budget = next;
                if verdict == Verdict::Within {
                    asked.push((value, now));
                    let mut recent: Vec<u64> = asked.iter()
                        .filter(|(_, at)| now.since(*at) < limits.window).map(|(value, _)| *value).collect();
                    recent.sort_unstable();
                    recent.dedup();
                    prop_assert!(recent.len() <= limits.values, "{recent:?}");
                }
            }
        }
    }
}
