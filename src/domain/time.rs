//! Moments and the clock port. The domain never reads a clock: it is handed a [`Time`].

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

/// A moment in UTC, in whole microseconds since 1970-01-01: the store's own unit.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Time(i64);

/// Twenty-four hours. The rules count days as multiples of it, not as calendar days.
pub const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Where the present comes from. One real implementation, in `crate::host`.
pub trait Clock: Send + Sync + 'static {
    /// The present moment on the wall clock, UTC.
    fn now(&self) -> Time;
    /// Time since an arbitrary start; never steps backwards, stands still for nobody.
    fn monotonic(&self) -> Duration;
}

// === impl Time ===

impl Time {
    /// The latest moment that can be written as a protobuf timestamp (end of year 9999).
    pub const MAX: Self = Self(253_402_300_799_999_999);

    /// A moment from microseconds since 1970-01-01 UTC.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970-01-01 UTC.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// The first moment of a calendar day in UTC. Panics on a day that does not exist: for constants.
    pub fn of_date(year: i16, month: i8, day: i8) -> Self {
        let midnight = jiff::civil::date(year, month, day).at(0, 0, 0, 0);
        let start = jiff::tz::Offset::UTC.to_timestamp(midnight).expect("UTC has every civil day");
        Self(start.as_microsecond())
    }

    /// This moment moved later.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)))
    }

    /// This moment moved earlier.
    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)))
    }

    /// How long ago `earlier` was; zero when it was not.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl fmt::Display for Time {
    /// RFC 3339, as protobuf JSON prints it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(stamp) => stamp.fmt(f),
            Err(_) => write!(f, "{}us", self.0),
        }
    }
}
