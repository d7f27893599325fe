//! One officer's order by break glass: whoever does not confirm it by its deadline has it undone, and nothing moves that
//! deadline. Undoing it takes one officer too.

use greenlane::{
    domain::{
        shutdown::{AlarmKind, ApprovalNeed, HeldDecision, NumberState, OrderState, terms::Terms},
        time::DAY,
    },
    service::shutdown::shown::Shown,
};

use crate::{
    ends::{HOUR, THREE, answered, go_on, refused, tick},
    force::{Line, ONE, TWO, by, count, is_in, number, numbers, officer, terms},
    world::World,
};

fn glass(world: &World) -> Terms {
    Terms { break_glass: true, ..terms(world, ONE) }
}

async fn alarms(world: &World, order: &Shown) -> usize {
    let (kind, order) = (Some(AlarmKind::BreakGlass), Some(order.id.clone()));
    world.gateway.list_alarms(&officer(ONE), kind, order, 10, "").await.expect("alarms").0.len()
}

async fn nothing_moves_the_deadline(world: World) {
    let world = world.force().await;
    let order = world.order(ONE, glass(&world), &numbers(0..10)).await;
    let deadline = Some(world.now().plus(DAY));
    answered(&world).await;
    let again = world.plan(ONE, glass(&world), &numbers(10..20)).await;
    let late = world.issue(ONE, &again).await.expect("issued").order;
    world.halt(ONE, &late.id).await.expect("halted");
    world.pass(DAY - HOUR).await;
    let waits = go_on(&world, ONE, &again).await.expect("goes on").answer.order;
    is_in(&waits, OrderState::PendingApproval);
    assert_eq!(waits.approve_by_time, deadline);
    world.halt(ONE, &late.id).await.expect("halted");
    world.pass(HOUR).await;
    refused(go_on(&world, ONE, &again).await);
    refused(world.approve(TWO, &late.id, &late.plan_sha256).await);
    tick(&world).await;
    answered(&world).await;
    let undone = world.shown(&late.id).await;
    is_in(&undone, OrderState::Expired);
    for order in [&order, &undone] {
        assert_eq!(count(&world.shown(&order.id).await, NumberState::Restored), 10);
        assert_eq!(alarms(&world, order).await, 1);
    }
    let same = go_on(&world, ONE, &again).await.expect("shown").answer;
    assert_eq!((same.replayed, same.order.state), (true, OrderState::Expired));
}

#[tokio::test]
async fn nothing_moves_the_deadline_on_sqlite() {
    nothing_moves_the_deadline(World::empty().await).await;
}

#[tokio::test]
async fn nothing_moves_the_deadline_on_postgres() {
    nothing_moves_the_deadline(World::postgres().await).await;
}

/// Held numbers are cut by one officer before the deadline, and not after it.
#[tokio::test]
async fn what_was_held_is_undone_with_the_rest() {
    let world = World::empty().await.force().await;
    let late = world.now().minus(DAY / 2);
    let came = |n| Line { start: late, recorded: late, holder: "x", ..world.line(number(n), "x") };
    world.lines(&[came(1), came(2), came(3), came(4)]).await;
    let order = world.order(ONE, glass(&world), &numbers(0..3)).await;
    let asked = world.order(ONE, glass(&world), &numbers(3..5)).await;
    let cut =
        |id: &str| world.gateway.decide_held_numbers(by(ONE), id.to_owned(), vec![], Some(HeldDecision::Cut));
    cut(&order.id).await.expect("decided");
    answered(&world).await;
    is_in(&world.shown(&order.id).await, OrderState::Completed);
    world.pass(DAY).await;
    refused(cut(&asked.id).await.map(|done| done.answer));
    tick(&world).await;
    answered(&world).await;
    assert_eq!(count(&world.shown(&order.id).await, NumberState::Restored), 3);
    is_in(&world.shown(&asked.id).await, OrderState::Expired);
    assert_eq!((alarms(&world, &order).await, alarms(&world, &asked).await), (1, 0), "nothing of it was off");
    refused(cut(&asked.id).await.map(|done| done.answer));
}

/// One above the hard limits waits like any other, and is none that anything of was cut.
#[tokio::test]
async fn what_never_went_is_nobodys_alarm() {
    let world = World::empty().await.force().await;
    for at in 0..5 {
        is_in(
            &world.order(ONE, glass(&world), &numbers(at * 100..at * 100 + 100)).await,
            OrderState::InProgress,
        );
    }
    let waits = world.order(ONE, glass(&world), &[number(500)]).await;
    is_in(&waits, OrderState::PendingApproval);
    world.pass(DAY).await;
    tick(&world).await;
    is_in(&world.shown(&waits.id).await, OrderState::Expired);
    assert_eq!(alarms(&world, &waits).await, 0);
}

/// What one officer cut without asking about an MVNO's lines one officer lets back; what was confirmed is two officers'.
#[tokio::test]
async fn one_officer_undoes_what_one_did() {
    let world = World::empty().await.force().await;
    let order = world.order(ONE, glass(&world), &numbers(0..50)).await;
    answered(&world).await;
    let back = world.plan_back(ONE, &order.id, &numbers(0..20)).await.expect("planned");
    assert_eq!(back.approval, ApprovalNeed::NotNeeded);
    is_in(&world.issue(ONE, &back).await.expect("issued").order, OrderState::InProgress);
    world.approve(TWO, &order.id, &order.plan_sha256).await.expect("confirmed");
    let back = world.plan_back(ONE, &order.id, &numbers(20..50)).await.expect("planned");
    assert_eq!(back.approval, ApprovalNeed::SecondOfficer);
}

/// What was confirmed stays so, though the order is halted and waits for another yes.
#[tokio::test]
async fn a_confirmation_outlives_a_halt() {
    let world = World::empty().await.force().await;
    let plan = world.plan(ONE, glass(&world), &numbers(0..10)).await;
    let order = world.issue(ONE, &plan).await.expect("issued").order;
    world.approve(TWO, &order.id, &order.plan_sha256).await.expect("confirmed");
    world.pass(DAY * 2).await;
    tick(&world).await;
    world.halt(TWO, &order.id).await.expect("halted");
    let waits = go_on(&world, THREE, &plan).await.expect("goes on").answer.order;
    is_in(&waits, OrderState::PendingApproval);
    let on = world.approve(TWO, &order.id, &order.plan_sha256).await.expect("once more");
    assert!(!on.replayed);
    is_in(&on.order, OrderState::InProgress);
    answered(&world).await;
    is_in(&world.shown(&order.id).await, OrderState::Completed);
    assert_eq!(alarms(&world, &order).await, 0);
}
