//! The states of an order, and which step leads from which to which.

use super::OrderState;

/// What happens to an order.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Step {
    /// Made of its plan, and released.
    Issue,
    /// Made of its plan, and waits for a second officer.
    IssueToWait,
    /// A second officer says yes.
    Approve,
    /// Stopped.
    Halt,
    /// Goes on after a halt, when a second officer has said yes again.
    GoOn,
    /// Ended by its authority.
    Cancel,
    /// Nobody approved it in time, or its own end came before all of it had gone.
    Expire,
    /// Numbers of it that were held are to be cut.
    CutHeld,
    /// Every number is final, all of them as ordered.
    Complete,
    /// Every number is final, some of them otherwise.
    CompletePartly,
}

impl Step {
    /// Every step.
    pub const ALL: [Self; 10] = [
        Self::Issue,
        Self::IssueToWait,
        Self::Approve,
        Self::Halt,
        Self::GoOn,
        Self::Cancel,
        Self::Expire,
        Self::CutHeld,
        Self::Complete,
        Self::CompletePartly,
    ];
}

/// The state after a step; `None` where the step is none from there. A plan has no state.
pub fn after(state: Option<OrderState>, step: Step) -> Option<OrderState> {
    use OrderState as S;
    match (state, step) {
        (None, Step::Issue) => Some(S::InProgress),
        (None, Step::IssueToWait) | (Some(S::Halted), Step::GoOn) => Some(S::PendingApproval),
        (Some(S::PendingApproval), Step::Approve) => Some(S::InProgress),
        (Some(S::PendingApproval | S::InProgress), Step::Halt) => Some(S::Halted),
        (Some(S::PendingApproval | S::Halted), Step::Cancel) => Some(S::Cancelled),
        (Some(S::PendingApproval | S::InProgress | S::Halted | S::Partial), Step::Expire) => Some(S::Expired),
        (Some(S::InProgress | S::Partial), Step::CutHeld) => Some(S::InProgress),
        (Some(S::InProgress), Step::Complete) => Some(S::Completed),
        (Some(S::InProgress), Step::CompletePartly) => Some(S::Partial),
        _ => None,
    }
}

/// Whether anything of it may be released.
pub fn releases(state: Option<OrderState>) -> bool {
    state == Some(OrderState::InProgress)
}

/// Whether nothing more is to come of it by itself. A PARTIAL order with held numbers goes on when they are decided.
pub fn has_ended(state: OrderState) -> bool {
    use OrderState as S;
    match state {
        S::Completed | S::Partial | S::Cancelled | S::Expired => true,
        S::PendingApproval | S::InProgress | S::Halted => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use OrderState as S;

    fn any_step() -> impl Strategy<Value = Step> {
        proptest::sample::select(&Step::ALL[..])
    }

    #[test]
    fn every_pair() {
        let mut led = Vec::new();
        let states = std::iter::once(None).chain(S::ALL.iter().copied().map(Some));
        for state in states {
            for step in Step::ALL {
                led.extend(after(state, step).map(|next| (state, step, next)));
            }
        }
        let expected = [
            (None, Step::Issue, S::InProgress),
            (None, Step::IssueToWait, S::PendingApproval),
            (Some(S::PendingApproval), Step::Approve, S::InProgress),
            (Some(S::PendingApproval), Step::Halt, S::Halted),
            (Some(S::PendingApproval), Step::Cancel, S::Cancelled),
            (Some(S::PendingApproval), Step::Expire, S::Expired),
            (Some(S::InProgress), Step::Halt, S::Halted),
            (Some(S::InProgress), Step::Expire, S::Expired),
            (Some(S::InProgress), Step::CutHeld, S::InProgress),
            (Some(S::InProgress), Step::Complete, S::Completed),
            (Some(S::InProgress), Step::CompletePartly, S::Partial),
            (Some(S::Halted), Step::GoOn, S::PendingApproval),
            (Some(S::Halted), Step::Cancel, S::Cancelled),
            (Some(S::Halted), Step::Expire, S::Expired),
            (Some(S::Partial), Step::Expire, S::Expired),
            (Some(S::Partial), Step::CutHeld, S::InProgress),
        ];
        assert_eq!(led, expected);
    }

    proptest! {
        /// Completed, cancelled and expired orders are what they are; one that waited or was halted releases nothing
        /// before a second officer has said yes since.
        #[test]
        fn nothing_goes_on_by_itself(steps in proptest::collection::vec(any_step(), 0..40)) {
            let (mut state, mut needs_yes) = (None, false);
            for step in steps {
                let Some(next) = after(state, step) else { continue };
                prop_assert!(!matches!(state, Some(S::Completed | S::Cancelled | S::Expired)));
                match step {
                    Step::IssueToWait | Step::Halt | Step::GoOn => needs_yes = true,
                    Step::Approve => needs_yes = false,
                    _ => {}
                }
                state = Some(next);
                prop_assert!(!(releases(state) && needs_yes));
            }
        }
    }
}
