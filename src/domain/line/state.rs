//! The state of a line. Stops go by degrees, emergency calls work until it is closed, nothing is charged while it is
//! stopped, and a closed line is never opened again: its number is registered anew.

use serde::{Deserialize, Serialize};

use crate::domain::word::words;

words! {
    /// Where a line is, the freer first.
    LineState {
        /// In service.
        Active "ACTIVE";
        /// Outgoing calls are off (单停).
        OneWayStop "ONE_WAY_STOP";
        /// Both ways are off (双停).
        TwoWayStop "TWO_WAY_STOP";
        /// Ended.
        Closed "CLOSED";
    }
}

/// What works on a line.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Services {
    /// Calls and messages out, and data.
    pub outgoing: bool,
    /// Calls and messages in.
    pub incoming: bool,
    /// 110, 119, 120 and 122.
    pub emergency: bool,
    /// Whether it may be charged.
    pub charged: bool,
}

/// Why a line does not change so.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NoChange {
    /// It is closed, for ever.
    Closed,
    /// It is in that state.
    Already,
    /// Closing has a call of its own.
    CloseLine,
    /// A duty that is not done, or an order, holds it at this state at least.
    Held(LineState),
}

// === impl LineState ===

impl LineState {
    /// Whether it takes one of its holder's slots: until it is closed.
    pub fn holds_slot(self) -> bool {
        self != Self::Closed
    }

    /// What works in that state.
    pub fn services(self) -> Services {
        let (outgoing, incoming) = match self {
            Self::Active => (true, true),
            Self::OneWayStop => (false, true),
            Self::TwoWayStop | Self::Closed => (false, false),
        };
        Services { outgoing, incoming, emergency: self != Self::Closed, charged: self == Self::Active }
    }

    /// The operator's own change. `held` is what the supplement ladder or an order asks for at least: nobody frees a line
    /// from what another stopped.
    pub fn change(self, to: Self, held: Self) -> Result<Self, NoChange> {
        match to {
            _ if self == Self::Closed => Err(NoChange::Closed),
            Self::Closed => Err(NoChange::CloseLine),
            to if to == self => Err(NoChange::Already),
            to if to < held => Err(NoChange::Held(held)),
            to => Ok(to),
        }
    }

    /// Ends the line, from whatever state; no standing and no stop prevents it.
    pub fn close(self) -> Result<Self, NoChange> {
        if self == Self::Closed { Err(NoChange::Closed) } else { Ok(Self::Closed) }
    }

    /// The state of a line that two things ask a state of.
    #[must_use]
    pub fn stricter(self, other: Self) -> Self {
        self.max(other)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use LineState::{Active, Closed, OneWayStop, TwoWayStop};

    #[test]
    fn changes() {
        for (from, to, held, expected) in [
            (Active, OneWayStop, Active, Ok(OneWayStop)),
            (Active, TwoWayStop, Active, Ok(TwoWayStop)),
            (TwoWayStop, Active, Active, Ok(Active)),
            (Active, Active, Active, Err(NoChange::Already)),
            (Active, Closed, Active, Err(NoChange::CloseLine)),
            (Closed, Active, Active, Err(NoChange::Closed)),
            (Closed, Closed, Active, Err(NoChange::Closed)),
            (OneWayStop, Active, OneWayStop, Err(NoChange::Held(OneWayStop))),
            (TwoWayStop, OneWayStop, OneWayStop, Ok(OneWayStop)),
        ] {
            assert_eq!(from.change(to, held), expected, "{from} {to} {held}");
        }
        assert_eq!((TwoWayStop.close(), Closed.close()), (Ok(Closed), Err(NoChange::Closed)));
    }

    #[test]
    fn what_works() {
        assert!(OneWayStop.services().incoming && !OneWayStop.services().outgoing);
        for stopped in [OneWayStop, TwoWayStop] {
            assert!(stopped.services().emergency && !stopped.services().charged && stopped.holds_slot());
        }
        assert!(!Closed.services().emergency && !Closed.holds_slot());
    }

    fn any_state() -> impl Strategy<Value = LineState> {
        proptest::sample::select(LineState::ALL)
    }

    proptest! {
        #[test]
        fn closed_is_the_end_and_no_change_passes_a_hold(
            start in any_state(),
            steps in proptest::collection::vec((any_state(), any_state()), 0..20),
        ) {
            let mut state = start;
            for (to, held) in steps {
                let next = state.change(to, held);
                if state == Closed {
                    prop_assert!(next.is_err());
                }
                if let Ok(next) = next {
                    prop_assert!(next >= held && next != Closed);
                    state = next;
                }
            }
        }
    }
}
