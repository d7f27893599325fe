//! When the next wave may go, and when an order has gone wrong: by the counts of what was released.

/// Percent of a wave that must be executed before the next.
const ENOUGH: i64 = 95;
/// Percent of a wave that may be refused or failed.
const BEARABLE: i64 = 5;

/// The counts of a wave.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Wave {
    /// Its numbers.
    pub numbers: i64,
    /// Executed or beyond.
    pub executed: i64,
    /// Refused or failed.
    pub failed: i64,
}

// === impl Wave ===

impl Wave {
    /// Whether the next one may go.
    pub fn is_through(self) -> bool {
        !self.went_wrong() && self.executed * 100 >= self.numbers * ENOUGH
    }

    /// Whether the order must be halted.
    pub fn went_wrong(self) -> bool {
        self.failed * 100 > self.numbers * BEARABLE
    }

    /// With the counts of one more batch.
    #[must_use]
    pub fn with(self, numbers: i64, executed: i64, failed: i64) -> Self {
        Self {
            numbers: self.numbers + numbers,
            executed: self.executed + executed,
            failed: self.failed + failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_wave_waits_for_95_percent_and_5_percent_stop_it() {
        let wave = |executed, failed| Wave { numbers: 600, executed, failed };
        assert!(!wave(569, 0).is_through() && wave(570, 0).is_through());
        assert!(wave(570, 30).is_through() && !wave(570, 30).went_wrong());
        assert!(wave(569, 31).went_wrong() && !wave(569, 31).is_through());
        assert!(Wave::default().is_through(), "a wave of nobody holds nobody up");
    }
}
