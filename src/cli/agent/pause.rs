//! How long to wait before trying again: longer each time, and never as long as another agent does.

use std::time::Duration;

use crate::host;

/// Waits, one after another.
#[derive(Debug)]
pub(super) struct Pause {
    first: Duration,
    longest: Duration,
    times: u32,
}

// === impl Pause ===

impl Pause {
    /// Waits that double from the first to the longest.
    pub(super) fn from(first: Duration, longest: Duration) -> Self {
        Self { first, longest, times: 0 }
    }

    /// It worked: the next wait is the first again.
    pub(super) fn reset(&mut self) {
        self.times = 0;
    }

    /// The next wait: between half of it and all of it.
    pub(super) fn next(&mut self) -> Duration {
        let whole = self.first.saturating_mul(2_u32.saturating_pow(self.times)).min(self.longest);
        self.times = self.times.saturating_add(1).min(30);
        let chance = f64::from(u16::from_le_bytes(host::random())) / f64::from(u16::MAX);
        whole.mul_f64(0.5 + chance / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_are_bounded() {
        let mut pause = Pause::from(Duration::from_millis(100), Duration::from_secs(2));
        let mut whole = Duration::from_millis(100);
        for _ in 0..100 {
            let wait = pause.next();
            assert!(wait >= whole / 2 && wait <= whole, "{wait:?} of {whole:?}");
            whole = (whole * 2).min(Duration::from_secs(2));
        }
        pause.reset();
        assert!(pause.next() <= Duration::from_millis(100));
    }
}
