//! The gate between waves holds through a halt: whoever lets an order go on forgives what was refused or failed, and not
//! what was never executed.

use greenlane::{
    domain::shutdown::{NumberState, OrderState, ResultOutcome},
    service::{
        command::{judge::Ack, session::Claim},
        shutdown::{planned::Planned, shown::Shown},
    },
};

use crate::{
    ends::{THREE, answered, go_on},
    force::{ONE, TWO, count, is_in, numbers, terms},
    orders::{answer, later},
    world::{World, caller, context_of, name, working},
};

/// An order of 1,000 numbers, its first wave of ten out.
async fn first_wave(world: &World) -> (Planned, Shown) {
    let plan = world.plan(ONE, terms(world, ONE), &numbers(0..1000)).await;
    let order = world.issue(ONE, &plan).await.expect("issued").order;
    let order = world.approve(TWO, &order.id, &order.plan_sha256).await.expect("approved").order;
    assert_eq!((order.wave, count(&order, NumberState::Released)), (1, 10));
    (plan, order)
}

async fn goes_on(world: &World, plan: &Planned) -> Shown {
    later(world);
    let order = go_on(world, ONE, plan).await.expect("goes on").answer.order;
    world.approve(THREE, &order.id, &order.plan_sha256).await.expect("approved").order
}

/// The first of the MVNO's commands is answered, by these outcomes one after the other, for as many numbers as there are.
async fn first_answers(world: &World, outcome: ResultOutcome, which: std::ops::Range<usize>) {
    let now = world.now();
    let claim = world.store().write(working(move |tx| {
        Box::pin(async move { Ok(Claim::begin(tx, &name("mvnos/m01"), false, now).await?) })
    }));
    let claim = claim.await.expect("a session");
    let results = numbers(0..1000).into_iter().step_by(100).enumerate();
    let results = results.filter(|(at, _)| which.contains(at)).map(|(_, msisdn)| {
        greenlane::service::command::judge::NumberResult {
            msisdn: format!("+86{msisdn}"),
            outcome,
            code: None,
        }
    });
    let acks = vec![Ack { sequence: 1, results: results.collect(), outcome: None }];
    let settled = world.gateway.settle(&context_of(caller("mvno/m01")), &claim, acks).await.expect("settled");
    assert!(settled.iter().all(Result::is_ok), "{settled:?}");
}

async fn nobody_has_answered(world: World) {
    let world = world.force().await;
    let (plan, order) = first_wave(&world).await;
    world.halt(TWO, &order.id).await.expect("halted");
    let on = goes_on(&world, &plan).await;
    is_in(&on, OrderState::InProgress);
    assert_eq!((on.wave, count(&on, NumberState::Planned)), (1, 990), "nobody has executed the first wave");
    answered(&world).await;
    assert_eq!(world.shown(&order.id).await.wave, 3, "each wave went as the one before was done");
}

#[tokio::test]
async fn nobody_has_answered_on_sqlite() {
    nobody_has_answered(World::empty().await).await;
}

#[tokio::test]
async fn nobody_has_answered_on_postgres() {
    nobody_has_answered(World::postgres().await).await;
}

async fn some_have_failed(world: World) {
    let world = world.force().await;
    let (plan, order) = first_wave(&world).await;
    answer(&world, "carriers/telecom").await;
    first_answers(&world, ResultOutcome::Failed, 0..2).await;
    is_in(&world.shown(&order.id).await, OrderState::Halted);
    let on = goes_on(&world, &plan).await;
    assert_eq!((on.state, on.wave), (OrderState::InProgress, 1), "the other eight are not executed");
    // One more that fails now is one in eight.
    first_answers(&world, ResultOutcome::Failed, 2..3).await;
    is_in(&world.shown(&order.id).await, OrderState::Halted);
    let on = goes_on_again(&world, &plan).await;
    assert_eq!((on.state, on.wave), (OrderState::InProgress, 1));
    first_answers(&world, ResultOutcome::Executed, 3..10).await;
    assert_eq!(world.shown(&order.id).await.wave, 2, "all that had not failed before");
}

/// The same for a reason that it did not go on for before.
async fn goes_on_again(world: &World, plan: &Planned) -> Shown {
    later(world);
    let context = greenlane::service::context::Context {
        reason: "the second error is found".to_owned(),
        ..crate::force::by(ONE)
    };
    let on = world.gateway.issue_shutdown(context, plan.id.clone(), plan.confirm_code.clone()).await;
    let order = on.expect("goes on").answer.order;
    world.approve(THREE, &order.id, &order.plan_sha256).await.expect("approved").order
}

#[tokio::test]
async fn some_have_failed_on_sqlite() {
    some_have_failed(World::empty().await).await;
}

#[tokio::test]
async fn some_have_failed_on_postgres() {
    some_have_failed(World::postgres().await).await;
}
