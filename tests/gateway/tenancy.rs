//! Ending a line and beginning another one for the same person shields no number; somebody else's line between does begin
//! a tenancy.

use std::time::Duration;

use greenlane::domain::{
    shutdown::{ImpactFlag, NumberState, terms::Terms},
    time::DAY,
};

use crate::{
    force::{Line, ONE, count, number, numbers, terms},
    held::{given_up, taken},
    world::World,
};

/// A line of a number: who had it, from how many days ago until how many.
type Held = (&'static str, u32, u32);

/// The lines of a number, the first one first.
async fn lines(world: &World, n: usize, had: &[Held]) {
    for (holder, from, until) in had {
        let (start, end) = (world.now().minus(DAY * *from), world.now().minus(DAY * *until));
        let end = (*until > 0).then_some(end);
        let line = Line { start, recorded: start, end, ..world.line(number(n), holder) };
        world.lines(&[line]).await;
    }
}

async fn planned(world: World) {
    let world = world.force().await;
    let cases: [(&[Held], bool); 7] = [
        (&[("a", 90, 0)], false),
        (&[("b", 90, 6), ("c", 5, 0)], true),
        (&[("d", 90, 6), ("d", 5, 0)], false),
        (&[("e", 90, 30), ("e", 29, 8), ("e", 7, 6), ("e", 5, 0)], false),
        (&[("f", 90, 30), ("g", 29, 6), ("f", 5, 0)], true),
        (&[("h", 90, 8), ("i", 7, 6), ("i", 5, 0)], true),
        (&[("j", 90, 30), ("k", 29, 6), ("k", 5, 0)], false),
    ];
    for (n, (had, _)) in cases.iter().enumerate() {
        lines(&world, n, had).await;
    }
    // The same person's at another MVNO, when that had the number.
    let start = world.now().minus(DAY * 90);
    let other =
        Line { mvno: "mvnos/m02", end: Some(world.now().minus(DAY * 6)), ..world.line(number(7), "l") };
    world.lines(&[Line { start, recorded: start, ..other }]).await;
    lines(&world, 7, &[("l", 5, 0)]).await;
    let terms = || Terms { evidence_time: Some(world.now().minus(DAY * 10)), ..terms(&world, ONE) };
    let planned = world.plan(ONE, terms(), &numbers(0..8)).await;
    for (n, (had, is_held)) in cases.iter().enumerate() {
        let impact =
            planned.impacts.iter().find(|impact| impact.msisdn.reveal() == number(n)).expect("shown");
        assert_eq!(impact.flags.has(ImpactFlag::ReassignedSinceEvidence), *is_held, "{had:?}");
    }
    let order = world.order(ONE, terms(), &numbers(0..8)).await;
    assert_eq!((count(&order, NumberState::Held), count(&order, NumberState::Released)), (3, 5));
}

#[tokio::test]
async fn a_tenancy_goes_through_lines_of_one_person_on_sqlite() {
    planned(World::empty().await).await;
}

#[tokio::test]
async fn a_tenancy_goes_through_lines_of_one_person_on_postgres() {
    planned(World::postgres().await).await;
}

/// Between the plan and its release.
async fn released(world: World) {
    let world = world.force().await;
    for (n, holder) in [(1, "a"), (2, "b")] {
        lines(&world, n, &[(holder, 90, 0)]).await;
    }
    let hour = Duration::from_secs(60 * 60);
    let effective_time = Some(world.now().plus(hour));
    let later = Terms { effective_time, ..terms(&world, ONE) };
    let order = world.order(ONE, later, &numbers(1..3)).await;
    for (n, holder) in [(1, "a"), (2, "c")] {
        given_up(&world, n).await;
        taken(&world, n, holder).await;
    }
    world.pass(hour).await;
    world.gateway.look_at_orders().await.expect("looked at");
    let order = world.shown(&order.id).await;
    assert_eq!((count(&order, NumberState::Held), count(&order, NumberState::Released)), (1, 1));
}

#[tokio::test]
async fn a_number_given_up_and_taken_again_goes_on_sqlite() {
    released(World::empty().await).await;
}

#[tokio::test]
async fn a_number_given_up_and_taken_again_goes_on_postgres() {
    released(World::postgres().await).await;
}
