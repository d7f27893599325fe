//! A line that begins at the very moment when its number is planned about, released or executed: the later one sees the
//! earlier, whichever that is. Each is stopped halfway by a lock on a table, on two nodes.

use std::time::Duration;

use greenlane::{
    domain::{
        channel::outlet::OutletName,
        participant::Level,
        refusal::{Reason, Refusal},
        registration::import::OnDuplicate,
        shutdown::{CommandKind, NumberState, OrderState, terms::Terms},
    },
    service::{import::Header, shutdown::planned::Planned},
};

use crate::{
    force::{ONE, count, is_in, terms},
    identity::open_for,
    imports::row,
    meanwhile::{LINES, one_after_the_other, selling, somebody},
    orders::answer,
    registrations::{as_mvno, draft, msisdn},
    world::World,
};

const ID: &str = "m01";
const HOUR: Duration = Duration::from_secs(60 * 60);

/// Two nodes, and a hall at one of them; police and a carrier.
async fn nodes() -> (World, World, OutletName) {
    let world = World::postgres().await;
    let hall = selling(&world).await;
    world.enter("police/mps", Some(Level::Ministry), "").await;
    world.enter("carriers/unicom", None, "").await;
    let beside = world.beside().await;
    (world, beside, hall)
}

/// An order about the n-th number that is to go in an hour. Returns its id.
async fn in_an_hour(world: &World, n: u32) -> String {
    let effective_time = Some(world.now().plus(HOUR));
    let order = world.order(ONE, Terms { effective_time, ..terms(world, ONE) }, &[msisdn(n)]).await;
    is_in(&order, OrderState::InProgress);
    order.id
}

async fn release(world: World) -> u64 {
    world.gateway.look_at_orders().await.expect("looked at")
}

/// The n-th number's line, taken in by a registration.
async fn open(world: World, hall: OutletName, n: u32) -> Result<(), Refusal> {
    open_for(&world, ID, &hall, &somebody(n), &msisdn(n)).await
}

/// The same by an import a moment later, as a line of long ago.
async fn import(world: World, n: u32) -> Result<(), Refusal> {
    world.clock.pass(Duration::from_secs(1));
    let header =
        Header { import_id: format!("i-{n}"), on_duplicate: OnDuplicate::Error, validate_only: false };
    let me = as_mvno(ID);
    let begun = world.gateway.begin_import(&me, &header).await?;
    let rows = vec![row(1, draft(n, &somebody(n)))];
    let progress = world.gateway.import_rows(&me, &header, begun, rows).await?;
    assert_eq!((progress.accepted, progress.rejected_total), (1, 0));
    Ok(())
}

async fn plan(world: World, n: u32) -> Planned {
    world.plan(ONE, terms(&world, ONE), &[msisdn(n)]).await
}

/// What lies in the outboxes of an order.
async fn is_held(world: &World, order: &str) {
    let order = world.shown(order).await;
    assert_eq!(count(&order, NumberState::Held), 1, "{:?}", order.counts);
    assert_eq!(world.commands().await, 0, "it goes to nobody");
}

async fn is_released(world: &World, order: &str) {
    let order = world.shown(order).await;
    assert_eq!(count(&order, NumberState::Released), 1, "{:?}", order.counts);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_waits_for_a_line_that_begins() {
    let (world, beside, hall) = nodes().await;
    let orders = [in_an_hour(&world, 1).await, in_an_hour(&world, 2).await];
    world.clock.pass(HOUR);
    let first = open(world.clone(), hall, 1);
    let (opened, _) = one_after_the_other(&world, LINES, first, release(beside.clone())).await;
    opened.expect("before");
    is_held_alone(&world, &orders).await;
}

/// Of two orders the first is held, and the second went.
async fn is_held_alone(world: &World, orders: &[String; 2]) {
    let first = world.shown(&orders[0]).await;
    assert_eq!(count(&first, NumberState::Held), 1, "{:?}", first.counts);
    is_released(world, &orders[1]).await;
    assert_eq!(world.commands().await, 2, "to the MVNO and the carrier of the other");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_waits_for_a_line_that_is_imported() {
    let (world, beside, _) = nodes().await;
    let order = in_an_hour(&world, 1).await;
    world.clock.pass(HOUR);
    let (taken, _) =
        one_after_the_other(&world, LINES, import(world.clone(), 1), release(beside.clone())).await;
    taken.expect("before");
    is_held(&world, &order).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_waits_for_a_release() {
    let (world, beside, hall) = nodes().await;
    let outbox = "LOCK TABLE command IN SHARE MODE";
    let order = in_an_hour(&world, 1).await;
    world.clock.pass(HOUR);
    let (_, opened) =
        one_after_the_other(&world, outbox, release(beside.clone()), open(world.clone(), hall, 1)).await;
    opened.expect("after");
    is_released(&world, &order).await;
    let order = in_an_hour(&world, 2).await;
    world.clock.pass(HOUR);
    let (_, taken) =
        one_after_the_other(&world, outbox, release(beside.clone()), import(world.clone(), 2)).await;
    taken.expect("after");
    is_released(&world, &order).await;
}

/// A plan that looked before the line was there is stale once it is issued, and the next one holds the number.
async fn is_stale(world: &World, plan: Planned, n: u32) {
    let stale = world.issue(ONE, &plan).await.expect_err("somebody has it");
    assert_eq!(stale.reason, Reason::PlanStale);
    let order = world.order(ONE, terms(world, ONE), &[msisdn(n)]).await;
    is_held(world, &order.id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_waits_for_a_line_that_begins_and_a_line_for_a_plan() {
    let (world, beside, hall) = nodes().await;
    let first = open(world.clone(), hall.clone(), 1);
    let (opened, planned) = one_after_the_other(&world, LINES, first, plan(beside.clone(), 1)).await;
    opened.expect("before");
    is_stale(&world, planned, 1).await;
    let ledger = "LOCK TABLE entry IN SHARE MODE";
    let second = open(world.clone(), hall, 2);
    let (planned, opened) = one_after_the_other(&world, ledger, plan(beside.clone(), 2), second).await;
    opened.expect("after");
    is_stale(&world, planned, 2).await;
}

/// What is imported is of long ago, and named by no plan before: who had it then is whom the evidence is against.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_waits_for_a_line_that_is_imported_and_a_line_for_a_plan() {
    let (world, beside, _) = nodes().await;
    let (taken, planned) =
        one_after_the_other(&world, LINES, import(world.clone(), 1), plan(beside.clone(), 1)).await;
    taken.expect("before");
    assert_eq!(world.issue(ONE, &planned).await.expect_err("somebody has it").reason, Reason::PlanStale);
    let ledger = "LOCK TABLE entry IN SHARE MODE";
    let (planned, taken) =
        one_after_the_other(&world, ledger, plan(beside.clone(), 2), import(world.clone(), 2)).await;
    taken.expect("after");
    is_stale(&world, planned, 2).await;
}

/// What the lines on the n-th number are, as the record has them.
async fn stopped(world: &World) -> i64 {
    world.number("SELECT COUNT(*) FROM line WHERE end_time IS NULL AND state = 'TWO_WAY_STOP'").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_imported_and_what_is_executed_meet() {
    let (world, beside, _) = nodes().await;
    for n in [1, 2] {
        is_in(&world.order(ONE, terms(&world, ONE), &[msisdn(n)]).await, OrderState::InProgress);
    }
    assert_eq!(world.commands().await, 4);
    let executes = |world: World| async move { answer(&world, "mvnos/m01").await };
    // Both numbers in one settlement: the first is imported while it waits.
    let (taken, answered) =
        one_after_the_other(&world, LINES, import(world.clone(), 1), executes(beside.clone())).await;
    taken.expect("before");
    assert_eq!((answered, stopped(&world).await), (2, 1), "the MVNO has stopped what it took in");
    let order = world.order(ONE, terms(&world, ONE), &[msisdn(3)]).await;
    assert_eq!(order.kind, CommandKind::Shutdown);
    let holds = "LOCK TABLE number_hold IN SHARE MODE";
    let (answered, taken) =
        one_after_the_other(&world, holds, executes(beside.clone()), import(world.clone(), 3)).await;
    taken.expect("after");
    assert_eq!((answered, stopped(&world).await), (1, 2), "it begins as the network is");
    import(world.clone(), 2).await.expect("much later");
    assert_eq!(stopped(&world).await, 3);
}
