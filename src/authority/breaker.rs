//! Stops asking an authority that does not answer: after so many failures in a row nobody is made to wait for the next
//! one; now and then a single question finds out whether it is back.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// The breaker. It is told the monotonic time.
pub(super) struct Breaker {
    /// So many failures in a row open it.
    most: u32,
    /// It stays open for so long, and between two tries.
    rest: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    failures: u32,
    /// Open until then; the first to ask afterwards is the one that tries.
    until: Option<Duration>,
}

/// What a settled question changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Turn {
    /// Nothing.
    Same,
    /// It is open from now on.
    Opened,
    /// It is closed again.
    Closed,
}

// === impl Breaker ===

impl Breaker {
    pub(super) fn new(most: u32, rest: Duration) -> Self {
        Self { most: most.max(1), rest, state: Mutex::default() }
    }

    /// Whether to ask now. One that is let through while it is open keeps the others out until it is settled, or until
    /// as long again has passed.
    pub(super) fn admits(&self, now: Duration) -> bool {
        let mut state = self.state();
        match state.until {
            None => true,
            Some(until) if now < until => false,
            Some(_) => {
                state.until = Some(now + self.rest);
                true
            }
        }
    }

    pub(super) fn answered(&self) -> Turn {
        let before = std::mem::take(&mut *self.state());
        if before.until.is_some() { Turn::Closed } else { Turn::Same }
    }

    pub(super) fn failed(&self, now: Duration) -> Turn {
        let mut state = self.state();
        state.failures = state.failures.saturating_add(1);
        if state.failures < self.most {
            return Turn::Same;
        }
        let before = state.until.replace(now + self.rest);
        if before.is_some() { Turn::Same } else { Turn::Opened }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here can panic halfway through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_tries_and_closes() {
        const SECOND: Duration = Duration::from_secs(1);
        let breaker = Breaker::new(3, SECOND * 5);
        assert_eq!([1, 2].map(|at| breaker.failed(SECOND * at)), [Turn::Same; 2]);
        assert_eq!(breaker.answered(), Turn::Same);
        assert_eq!([1, 2, 3].map(|at| breaker.failed(SECOND * at)), [Turn::Same, Turn::Same, Turn::Opened]);
        assert!(!breaker.admits(SECOND * 7));
        // One tries, and whether it is ever settled or not, the next may try after as long again.
        assert!(breaker.admits(SECOND * 8) && !breaker.admits(SECOND * 9));
        assert!(breaker.admits(SECOND * 13));
        assert_eq!(breaker.failed(SECOND * 14), Turn::Same);
        assert!(!breaker.admits(SECOND * 18) && breaker.admits(SECOND * 19));
        assert_eq!(breaker.answered(), Turn::Closed);
        assert!(breaker.admits(SECOND * 19) && breaker.admits(SECOND * 19));
    }
}
