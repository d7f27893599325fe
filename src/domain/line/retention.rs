//! How long a registration is kept: while the line is in service, and two years after (Order 25). Then it is erased, not
//! a day earlier and not by anybody's wish.

use serde::{Deserialize, Serialize};

use crate::domain::{day, time::Time, word::words};

words! {
    /// Where a registration is.
    RegistrationState {
        /// In order.
        Verified "VERIFIED";
        /// Something is to be supplemented; the ladder runs.
        SupplementDue "SUPPLEMENT_DUE";
        /// Its line has ended; kept for the law alone.
        Closed "CLOSED";
        /// Its subject's key is destroyed.
        Erased "ERASED";
    }
}

/// What happens to a registration.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Event {
    /// Something turned out to be missing or wrong.
    SupplementAsked,
    /// It was supplemented and verified.
    Supplemented,
    /// Its line has ended.
    LineClosed,
    /// Its time is over.
    Erase,
}

/// Years for which a registration is kept after its line has ended.
pub const YEARS: i16 = 2;

/// The first moment at which it is erased: the day after the corresponding day two years on, in Shanghai.
pub fn erase_from(close_time: Time) -> Time {
    let last = day::years_later(day::of(close_time), YEARS);
    day::start(last.tomorrow().unwrap_or(last))
}

// === impl RegistrationState ===

impl RegistrationState {
    /// The state after an event; `None` where it cannot be.
    pub fn after(self, event: Event, close_time: Option<Time>, now: Time) -> Option<Self> {
        match (self, event) {
            (Self::Verified, Event::SupplementAsked) => Some(Self::SupplementDue),
            (Self::SupplementDue, Event::Supplemented) => Some(Self::Verified),
            (Self::Verified, Event::Supplemented) => Some(Self::Verified),
            (Self::Verified | Self::SupplementDue, Event::LineClosed) => Some(Self::Closed),
            (Self::Closed, Event::Erase) if close_time.is_some_and(|close| now >= erase_from(close)) => {
                Some(Self::Erased)
            }
            _ => None,
        }
    }

    /// Whether it may be shown to its operator: once closed it is kept for the law alone.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Verified | Self::SupplementDue)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::time::DAY;

    #[test]
    fn two_years_and_not_a_day_less() {
        for (close, first) in [
            (date(2026, 3, 7), date(2028, 3, 8)),
            (date(2024, 2, 29), date(2026, 3, 1)),
            (date(2025, 12, 31), date(2028, 1, 1)),
        ] {
            let noon = day::start(close).plus(DAY / 2);
            assert_eq!(erase_from(noon), day::start(first), "{close}");
            let (early, late) = (day::start(first).minus(DAY), day::start(first));
            let closed = RegistrationState::Closed;
            assert_eq!(closed.after(Event::Erase, Some(noon), early), None);
            assert_eq!(closed.after(Event::Erase, Some(noon), late), Some(RegistrationState::Erased));
            assert_eq!(closed.after(Event::Erase, None, late), None);
        }
    }

    proptest! {
        #[test]
        fn erased_only_after_closed(events in proptest::collection::vec(0_u8..4, 0..30), hours in 0_u32..30_000) {
            let close = Time::of_date(2026, 1, 1);
            let now = close.plus(DAY / 24 * hours);
            let mut state = RegistrationState::Verified;
            let mut was_closed = false;
            for event in events {
                let event = match event {
                    0 => Event::SupplementAsked,
                    1 => Event::Supplemented,
                    2 => Event::LineClosed,
                    _ => Event::Erase,
                };
                let Some(next) = state.after(event, Some(close), now) else { continue };
                prop_assert_ne!(state, RegistrationState::Erased);
                was_closed |= next == RegistrationState::Closed;
                if next == RegistrationState::Erased {
                    prop_assert!(was_closed && now >= close.plus(DAY * 730));
                }
                state = next;
            }
        }
    }
}
