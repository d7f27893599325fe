//! What orders do to a line: a shutdown keeps it stopped at least so far, a restoration gives back what nothing else
//! keeps.

use super::state::LineState;
use crate::domain::shutdown::{Scope, Scopes};

/// The state that a shutdown of these scopes asks for at least; ACTIVE where it asks for none. Messages and data alone
/// stop no line, and no state of a line is without incoming calls only.
pub fn of(scopes: Scopes) -> LineState {
    match (scopes.has(Scope::VoiceOut), scopes.has(Scope::VoiceIn)) {
        (true, true) => LineState::TwoWayStop,
        (true, false) => LineState::OneWayStop,
        (false, true | false) => LineState::Active,
    }
}

/// The strictest of what several orders ask for.
pub fn strictest(holds: impl IntoIterator<Item = LineState>) -> LineState {
    holds.into_iter().fold(LineState::Active, LineState::stricter)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use LineState::{Active, OneWayStop, TwoWayStop};

    #[test]
    fn only_calls_stop_a_line() {
        use Scope::{Data, SmsIn, SmsOut, VoiceIn, VoiceOut};
        for (scopes, expected) in [
            (&[VoiceOut][..], OneWayStop),
            (&[VoiceOut, SmsOut, Data], OneWayStop),
            (&[VoiceOut, VoiceIn], TwoWayStop),
            (&[VoiceIn, SmsIn], Active),
            (&[SmsOut, SmsIn, Data], Active),
            (&[], Active),
        ] {
            assert_eq!(of(Scopes::of(scopes.iter().copied())), expected, "{scopes:?}");
        }
    }

    proptest! {
        /// In whatever order holds come and go, what is left is what those that are there ask for, and no order lets go
        /// of what another one keeps.
        #[test]
        fn what_is_left_is_what_is_held(
            own in proptest::sample::select(vec![Active, OneWayStop, TwoWayStop]),
            steps in proptest::collection::vec((0_usize..4, any::<bool>(), 0_u8..32), 0..40),
        ) {
            let mut holds = [Active; 4];
            for (order, taken, bits) in steps {
                holds[order] = if taken { of(Scopes::from_bits(bits.into())) } else { Active };
                let state = own.stricter(strictest(holds));
                prop_assert!(holds.iter().all(|hold| state >= *hold) && state >= own);
                if holds == [Active; 4] {
                    prop_assert_eq!(state, own);
                }
            }
        }
    }
}
