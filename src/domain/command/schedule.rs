//! When a command must be acknowledged and executed, and when it is sent again.

use std::time::Duration;

use super::super::{shutdown::Urgency, time::Time};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// Between two sendings at most.
const RAREST: Duration = Duration::from_secs(24 * 60 * 60);

/// The times of a command.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Due {
    /// Put into the outbox.
    pub released: Time,
    /// Acknowledged by then.
    pub ack: Time,
    /// Executed by then.
    pub done: Time,
}

/// How late a command is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Late {
    /// It is not.
    No,
    /// Not acknowledged in time.
    Ack,
    /// Not executed in time.
    Done,
}

// === impl Due ===

impl Due {
    /// Of a command released then.
    pub fn of(urgency: Urgency, released: Time) -> Self {
        let (ack, done) = match urgency {
            Urgency::Urgent => (15 * MINUTE, 2 * HOUR),
            Urgency::Normal => (2 * HOUR, 24 * HOUR),
        };
        Self { released, ack: released.plus(ack), done: released.plus(done) }
    }

    /// How late a command is that was not executed yet.
    pub fn late(self, acked: bool, now: Time) -> Late {
        if now >= self.done {
            Late::Done
        } else if now >= self.ack && !acked {
            Late::Ack
        } else {
            Late::No
        }
    }

    /// When it is looked at next, after it was put on its way so many times again: at its due times, and in growing
    /// distances from then on.
    pub fn next(self, acked: bool, resends: i64, now: Time) -> Time {
        if now < self.ack && !acked {
            return self.ack;
        }
        if acked && now < self.done {
            return self.done;
        }
        let doublings = u32::try_from(resends.clamp(1, 16)).unwrap_or(1) - 1;
        let pause = self.ack.since(self.released).saturating_mul(1 << doublings).min(RAREST);
        let next = now.plus(pause);
        if now < self.done { next.min(self.done) } else { next }
    }
}

// === impl Late ===

impl Late {
    /// For a row.
    pub const fn as_int(self) -> i64 {
        match self {
            Self::No => 0,
            Self::Ack => 1,
            Self::Done => 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_urgent_command_is_late_twice() {
        let at = |minutes: u32| Time::default().plus(minutes * MINUTE);
        let due = Due::of(Urgency::Urgent, at(0));
        assert_eq!(due.late(false, at(14)), Late::No);
        assert_eq!(due.late(false, at(15)), Late::Ack);
        assert_eq!(due.late(true, at(119)), Late::No);
        assert_eq!(due.late(true, at(120)), Late::Done);
        assert_eq!(due.next(false, 0, at(0)), at(15));
        assert_eq!(due.next(false, 1, at(15)), at(30));
        assert_eq!(due.next(false, 2, at(30)), at(60));
        assert_eq!(due.next(false, 3, at(60)), at(120), "never past the time when it must be done");
        assert_eq!(due.next(true, 0, at(3)), at(120));
        assert_eq!(due.next(true, 1, at(120)), at(135));
    }

    proptest! {
        #[test]
        fn it_is_looked_at_again_later_and_within_a_day(
            urgent in any::<bool>(), acked in any::<bool>(), resends in 0..100_i64, after in 0..1_000_000_u64,
        ) {
            let urgency = if urgent { Urgency::Urgent } else { Urgency::Normal };
            let due = Due::of(urgency, Time::default());
            let now = Time::default().plus(Duration::from_secs(after));
            let next = due.next(acked, resends, now);
            prop_assert!(next > now && next.since(now) <= RAREST);
            prop_assert!(now >= due.done || next <= due.done, "the due time itself is never missed");
        }
    }
}
