//! Moments of answers, as they are printed.

use prost_types::Timestamp;

use crate::domain::time::Time;

/// The moment.
pub(super) fn time(stamp: &Timestamp) -> Time {
    let seconds = stamp.seconds.saturating_mul(1_000_000);
    Time::from_micros(seconds.saturating_add(i64::from(stamp.nanos) / 1000))
}

/// As it is printed; empty where there is none.
pub(super) fn text(stamp: Option<&Timestamp>) -> String {
    stamp.map(|stamp| time(stamp).to_string()).unwrap_or_default()
}
