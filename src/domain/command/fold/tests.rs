use proptest::prelude::*;

use super::*;

/// What the receivers of one number may do, in any order and as often as they like.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    let side = prop_oneof![Just(Side::Mvno), Just(Side::Carrier)];
    let kind =
        prop_oneof![Just(CommandKind::Shutdown), Just(CommandKind::Restore), Just(CommandKind::Verify)];
    let outcome = proptest::sample::select(ResultOutcome::ALL);
    let step = prop_oneof![
        side.clone().prop_map(Step::Delivered),
        side.clone().prop_map(Step::Acked),
        (side, kind, outcome).prop_map(|(side, kind, outcome)| Step::Answered(side, kind, outcome)),
        Just(Step::Late),
        Just(Step::Restoring),
        Just(Step::Restored),
        Just(Step::NotRestored),
        Just(Step::Overtaken),
    ];
    proptest::collection::vec(step, 0..24)
}

fn walk(order: CommandKind, first: CommandKind, steps: &[Step]) -> Vec<Place> {
    let mut place = Place::PLANNED.after(order, Step::Released(first)).expect("fits");
    let mut seen = vec![place];
    for step in steps {
        // An answer that does not fit changes nothing.
        place = place.after(order, *step).unwrap_or(place);
        seen.push(place);
    }
    seen
}

fn orders() -> impl Strategy<Value = CommandKind> {
    prop_oneof![Just(CommandKind::Shutdown), Just(CommandKind::Restore)]
}

proptest! {
    #[test]
    fn a_step_done_twice_is_done_once(order in orders(), steps in steps()) {
        let mut place = Place::PLANNED.after(order, Step::Released(order)).expect("fits");
        for step in steps {
            if let Ok(next) = place.after(order, step) {
                prop_assert_eq!(next.after(order, step), Ok(next), "{:?} from {:?}", step, place);
                place = next;
            }
        }
    }

    #[test]
    fn no_side_ever_goes_back(order in orders(), steps in steps()) {
        for pair in walk(order, order, &steps).windows(2) {
            for side in Side::ALL {
                prop_assert!(rank(pair[0].side(*side)) <= rank(pair[1].side(*side)));
                let answered = is_bad(pair[0].side(*side)) || rank(pair[0].side(*side)) > rank(NumberState::Executed);
                prop_assert!(!answered || pair[0].side(*side) == pair[1].side(*side), "an answer stays");
            }
        }
    }

    /// RULINGS 29: the less advanced of both, REFUSED or FAILED of either wins, EXECUTED is not VERIFIED.
    #[test]
    fn the_state_is_that_of_the_less_advanced(order in orders(), steps in steps()) {
        for place in walk(order, order, &steps) {
            let sides = [place.mvno, place.carrier];
            let of = |state| sides.contains(&state);
            match place.state {
                NumberState::Failed => prop_assert!(of(NumberState::Failed)),
                NumberState::Verified | NumberState::Diverged => {
                    prop_assert_eq!(place.carrier, place.state);
                    prop_assert_eq!(place.mvno, NumberState::Executed);
                }
                NumberState::Executed => prop_assert_eq!(sides, [NumberState::Executed; 2]),
                NumberState::Acked | NumberState::Delivered | NumberState::Released => {
                    prop_assert!(of(place.state));
                    prop_assert!(sides.iter().all(|side| rank(*side) >= rank(place.state) && !is_bad(*side)));
                }
                NumberState::Overdue => {
                    prop_assert!(sides.iter().any(|side| rank(*side) < rank(NumberState::Executed)));
                }
                NumberState::Refused | NumberState::Restoring | NumberState::Restored => {}
                NumberState::Planned | NumberState::Held => prop_assert!(false, "released once, released for good"),
            }
        }
    }

    #[test]
    fn a_final_state_is_left_by_a_restoration_alone(order in orders(), steps in steps()) {
        let places = walk(order, order, &steps);
        for (at, pair) in places.windows(2).enumerate() {
            let worse = pair[1].state == NumberState::Failed;
            if pair[0].is_final() && pair[0].state != pair[1].state {
                prop_assert!(steps[at] == Step::Restoring || worse, "{:?}", pair);
            }
        }
    }

    /// Whoever answers everything that it owes owes nothing then, and nothing is left open.
    #[test]
    fn answers_to_all_that_is_owed_end_it(order in orders(), steps in steps()) {
        let mut place = *walk(order, order, &steps).last().expect("the first");
        for side in Side::ALL {
            if place.owes(order, *side, order) {
                place = place.after(order, Step::Answered(*side, order, ResultOutcome::Executed)).expect("fits");
            }
            prop_assert!(!place.owes(order, *side, order));
        }
        if place.wants_verify() {
            prop_assert!(place.owes(order, Side::Carrier, CommandKind::Verify));
            let read = Step::Answered(Side::Carrier, CommandKind::Verify, ResultOutcome::Verified);
            place = place.after(order, read).expect("fits");
        }
        prop_assert!(place.is_final() || place.state == NumberState::Restoring, "{:?}", place);
    }
}

#[test]
fn a_restoration_ends_restored_in_both_orders() {
    let done = |side, kind| Step::Answered(side, kind, ResultOutcome::Executed);
    let read = Step::Answered(Side::Carrier, CommandKind::Verify, ResultOutcome::Verified);
    let restore = CommandKind::Restore;
    let own = [Step::Released(restore), done(Side::Mvno, restore), done(Side::Carrier, restore), read];
    let own = own.iter().fold(Place::PLANNED, |place, step| place.after(restore, *step).expect("fits"));
    assert_eq!(own.state, NumberState::Restored);
    let cut = CommandKind::Shutdown;
    let first = [
        Step::Released(cut),
        done(Side::Mvno, cut),
        Step::Restoring,
        // Comes late, and counts for its side alone.
        done(Side::Carrier, cut),
        Step::Late,
        Step::Restored,
    ];
    let first = first.iter().fold(Place::PLANNED, |place, step| place.after(cut, *step).expect("fits"));
    assert_eq!((first.state, first.carrier), (NumberState::Restored, NumberState::Executed));
    assert!(!first.owes(cut, Side::Carrier, CommandKind::Verify));
}

#[test]
fn a_number_that_is_off_already_is_only_read() {
    let cut = CommandKind::Shutdown;
    let place = Place::PLANNED.after(cut, Step::Released(CommandKind::Verify)).expect("fits");
    assert_eq!(place.state, NumberState::Released);
    assert!(!place.owes(cut, Side::Mvno, cut) && place.owes(cut, Side::Carrier, CommandKind::Verify));
    let wrong = Step::Answered(Side::Carrier, CommandKind::Verify, ResultOutcome::Executed);
    assert_eq!(place.after(cut, wrong), Err(Misfit::WrongKind));
    let read = Step::Answered(Side::Carrier, CommandKind::Verify, ResultOutcome::Diverged);
    assert_eq!(place.after(cut, read).expect("fits").state, NumberState::Diverged);
}

#[test]
fn late_is_shown_until_it_is_done() {
    let cut = CommandKind::Shutdown;
    let late =
        Place::PLANNED.after(cut, Step::Released(cut)).expect("fits").after(cut, Step::Late).expect("fits");
    assert_eq!(late.state, NumberState::Overdue);
    let acked = late.after(cut, Step::Acked(Side::Mvno)).expect("fits");
    assert_eq!(acked.state, NumberState::Overdue);
    let done = Side::ALL.iter().fold(acked, |place, side| {
        place.after(cut, Step::Answered(*side, cut, ResultOutcome::Executed)).expect("fits")
    });
    assert_eq!(done.state, NumberState::Executed);
}
