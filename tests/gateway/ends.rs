//! An order's own end: nothing of it goes out from then on, however it is asked for, and nothing that it has cut stays
//! off.

use std::time::Duration;

use greenlane::{
    domain::{
        refusal::{Reason, Refusal},
        shutdown::{HeldDecision, NumberState, OrderState, terms::Terms},
        time::DAY,
    },
    service::{
        act::Answered,
        context::Context,
        shutdown::{planned::Planned, shown::Shown, step::Stepped},
    },
};

use crate::{
    force::{Line, ONE, TWO, by, count, is_in, number, numbers, terms},
    orders::answer,
    world::{World, working},
};

pub const THREE: &str = "police/mps/three";
pub const HOUR: Duration = Duration::from_secs(60 * 60);

/// Goes on with a halted order.
pub async fn go_on(world: &World, by_whom: &str, plan: &Planned) -> Result<Answered<Stepped>, Refusal> {
    let context = Context { reason: "the error is found".to_owned(), ..by(by_whom) };
    world.gateway.issue_shutdown(context, plan.id.clone(), plan.confirm_code.clone()).await
}

/// Both sides do what they are told, and the carrier reads.
pub async fn answered(world: &World) {
    while answer(world, "mvnos/m01").await + answer(world, "carriers/telecom").await > 0 {}
}

pub fn refused<T: std::fmt::Debug>(done: Result<T, Refusal>) {
    assert_eq!(done.expect_err("refused").reason, Reason::OrderState);
}

pub async fn tick(world: &World) {
    world.gateway.look_at_orders().await.expect("looked at");
    assert_eq!(world.gateway.look_at_orders().await.expect("looked at"), 0, "once");
}

async fn decide(world: &World, order: &Shown, decision: HeldDecision) -> Result<i64, Refusal> {
    let decided = world.gateway.decide_held_numbers(by(TWO), order.id.clone(), vec![], Some(decision)).await;
    decided.map(|done| done.answer.count)
}

/// Terms of an order that ends in that time.
fn ending(world: &World, after: Duration) -> Terms {
    Terms { expire_time: Some(world.now().plus(after)), ..terms(world, ONE) }
}

async fn what_waits(world: World) {
    let world = world.force().await;
    let late = world.plan(ONE, ending(&world, HOUR / 6), &numbers(0..3)).await;
    let waits = world.order(ONE, ending(&world, HOUR / 6), &numbers(0..101)).await;
    is_in(&waits, OrderState::PendingApproval);
    world.pass(HOUR / 6).await;
    refused(world.issue(ONE, &late).await);
    refused(world.approve(TWO, &waits.id, &waits.plan_sha256).await);
    tick(&world).await;
    is_in(&world.shown(&waits.id).await, OrderState::Expired);
    refused(world.approve(TWO, &waits.id, &waits.plan_sha256).await);
    assert_eq!(world.commands().await, 0);
}

#[tokio::test]
async fn what_waits_on_sqlite() {
    what_waits(World::empty().await).await;
}

#[tokio::test]
async fn what_waits_on_postgres() {
    what_waits(World::postgres().await).await;
}

/// An order of 200 numbers that ends in that time, its first wave executed.
async fn going(world: &World, after: Duration) -> (Planned, Shown) {
    let plan = world.plan(ONE, ending(world, after), &numbers(0..200)).await;
    let order = world.issue(ONE, &plan).await.expect("issued").order;
    world.approve(TWO, &order.id, &order.plan_sha256).await.expect("approved");
    world.halt(TWO, &order.id).await.expect("halted");
    answered(world).await;
    (plan, world.shown(&order.id).await)
}

/// It has ended, and what of its 200 numbers had gone out is back.
async fn all_is_back(world: &World, order: &Shown) {
    answered(world).await;
    let ended = world.shown(&order.id).await;
    is_in(&ended, OrderState::Expired);
    assert_eq!((count(&ended, NumberState::Restored), count(&ended, NumberState::Planned)), (2, 198));
}

async fn what_is_halted(world: World) {
    let world = world.force().await;
    let (plan, order) = going(&world, HOUR).await;
    assert_eq!(count(&order, NumberState::Verified), 2);
    world.pass(HOUR).await;
    refused(go_on(&world, ONE, &plan).await);
    tick(&world).await;
    let ended = world.shown(&order.id).await;
    is_in(&ended, OrderState::Expired);
    assert_eq!((count(&ended, NumberState::Restoring), count(&ended, NumberState::Planned)), (2, 198));
    let same = go_on(&world, ONE, &plan).await.expect("shown").answer;
    assert_eq!((same.replayed, same.order.state), (true, OrderState::Expired));
    answered(&world).await;
    assert_eq!(count(&world.shown(&order.id).await, NumberState::Restored), 2);
}

#[tokio::test]
async fn what_is_halted_on_sqlite() {
    what_is_halted(World::empty().await).await;
}

#[tokio::test]
async fn what_is_halted_on_postgres() {
    what_is_halted(World::postgres().await).await;
}

/// One that goes on, and waits for its second officer when its end comes; and one that nobody approved any more by then.
#[tokio::test]
async fn what_went_out_before_it_waited_again() {
    let world = World::empty().await.force().await;
    for (ends, first) in [(HOUR, OrderState::PendingApproval), (DAY * 2, OrderState::Expired)] {
        let (plan, order) = going(&world, ends).await;
        is_in(&go_on(&world, ONE, &plan).await.expect("goes on").answer.order, OrderState::PendingApproval);
        world.pass(ends - HOUR / 2).await;
        tick(&world).await;
        let before = world.shown(&order.id).await;
        is_in(&before, first);
        assert_eq!(count(&before, NumberState::Verified), 2, "not yet");
        world.pass(HOUR / 2).await;
        refused(world.approve(THREE, &order.id, &order.plan_sha256).await);
        tick(&world).await;
        all_is_back(&world, &order).await;
    }
}

/// A receiver answers after the end, before anybody has looked: no further wave goes.
#[tokio::test]
async fn no_wave_goes_after_the_end() {
    let world = World::empty().await.force().await;
    let order = world.order(ONE, ending(&world, HOUR), &numbers(0..200)).await;
    world.approve(TWO, &order.id, &order.plan_sha256).await.expect("approved");
    world.pass(HOUR).await;
    answered(&world).await;
    assert_eq!(count(&world.shown(&order.id).await, NumberState::Planned), 198);
    tick(&world).await;
    all_is_back(&world, &order).await;
}

/// One whose numbers do not open any more is nobody else's matter.
#[tokio::test]
async fn one_that_cannot_be_let_back_keeps_nobody_waiting() {
    let world = World::empty().await.force().await;
    let broken = world.order(ONE, ending(&world, HOUR / 2), &numbers(0..3)).await;
    let other = world.order(ONE, ending(&world, HOUR), &numbers(3..6)).await;
    answered(&world).await;
    let written = world.store().write(working(move |tx| {
        let id = broken.id.clone();
        Box::pin(async move {
            let sql = "UPDATE shutdown_number SET number = X'00' WHERE order_id = ?1";
            Ok(tx.execute(sql, &[id.into()]).await?)
        })
    }));
    assert_eq!(written.await.expect("written"), 3);
    world.pass(HOUR).await;
    assert!(world.gateway.look_at_orders().await.is_err(), "it is told");
    answered(&world).await;
    assert_eq!(count(&world.shown(&other.id).await, NumberState::Restored), 3);
}

async fn what_is_held(world: World) {
    let world = world.force().await;
    let late = world.now().minus(DAY / 2);
    let came = |n| Line { start: late, recorded: late, holder: "x", ..world.line(number(n), "x") };
    world.lines(&[came(1), came(2)]).await;
    let alone = world.order(ONE, ending(&world, HOUR), &[number(1)]).await;
    let beside = world.order(ONE, ending(&world, HOUR), &[number(2), number(3)]).await;
    answered(&world).await;
    for order in [&alone, &beside] {
        is_in(&world.shown(&order.id).await, OrderState::Partial);
    }
    world.pass(HOUR).await;
    for order in [&alone, &beside] {
        refused(decide(&world, order, HeldDecision::Cut).await);
    }
    tick(&world).await;
    is_in(&world.shown(&alone.id).await, OrderState::Expired);
    for order in [&alone, &beside] {
        refused(decide(&world, order, HeldDecision::Cut).await);
    }
    answered(&world).await;
    let ended = world.shown(&beside.id).await;
    is_in(&ended, OrderState::Partial);
    assert_eq!((count(&ended, NumberState::Restored), count(&ended, NumberState::Held)), (1, 1));
    assert_eq!(decide(&world, &beside, HeldDecision::Spare).await.expect("left alone"), 1);
}

#[tokio::test]
async fn what_is_held_on_sqlite() {
    what_is_held(World::empty().await).await;
}

#[tokio::test]
async fn what_is_held_on_postgres() {
    what_is_held(World::postgres().await).await;
}
