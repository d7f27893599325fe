//! An approval does not look at every number of an order again: it looks for what has changed since the plan. Whatever the
//! fate of one number rests on is found, whatever concerns none of them is no matter, and what was done to the record
//! itself is found before it goes.

use std::time::Duration;

use greenlane::{
    domain::{
        line::retention::erase_from,
        refusal::Reason,
        shutdown::{AlarmKind, NumberState, OrderState},
    },
    service::shutdown::shown::Shown,
    store::Value,
};

use crate::{
    force::{Line, ONE, TWO, count, is_in, number, numbers, officer, sums, terms},
    orders::answer,
    world::{World, working},
};

const GD: &str = "police/gd/a";
const HOUR: Duration = Duration::from_secs(60 * 60);

/// A world in which nothing has happened for an hour, and some numbers have holders.
async fn quiet(world: World) -> World {
    let world = world.force().await;
    world.lines(&[world.line(number(5), "one"), world.line(number(6), "two")]).await;
    world.clock.pass(HOUR);
    world
}

/// An order of more numbers than one officer may shut down alone.
async fn waiting(world: &World) -> Shown {
    let order = world.order(ONE, terms(world, ONE), &numbers(0..200)).await;
    is_in(&order, OrderState::PendingApproval);
    world.clock.pass(HOUR / 4);
    order
}

async fn write(world: &World, sql: &'static str, values: Vec<Value>) {
    let written = world.store().write(working(move |tx| {
        let values = values.clone();
        Box::pin(async move {
            assert!(tx.execute(sql, &values).await? > 0, "something is changed");
            Ok(())
        })
    }));
    written.await.expect("written");
}

/// A line ends, as its MVNO ends it.
async fn closed(world: &World, n: usize) {
    let index = world.gateway.persons().expect("a vault").vault.index().number(&format!("+86{}", number(n)));
    let now = world.now();
    let sql =
        "UPDATE line SET end_time = ?2, erase_time = ?3, state = 'CLOSED', registration_state = 'CLOSED'
               WHERE number_index = ?1 AND end_time IS NULL";
    write(world, sql, vec![index.as_bytes().to_vec().into(), now.into(), erase_from(now).into()]).await;
}

async fn answered(world: &World) {
    while answer(world, "mvnos/m01").await + answer(world, "carriers/telecom").await > 0 {}
}

async fn what_concerns_it_is_found(world: World) {
    let world = &quiet(world).await;
    let stale = async |order: Shown, what: &str| {
        let refused = world.approve(TWO, &order.id, &order.plan_sha256).await;
        assert_eq!(refused.expect_err(what).reason, Reason::PlanStale, "{what}");
    };
    let order = waiting(world).await;
    closed(world, 5).await;
    stale(order, "a line ended").await;
    let order = waiting(world).await;
    world.lines(&[Line { holder: "new", ..world.line(number(7), "new") }]).await;
    stale(order, "a line began").await;
    let order = waiting(world).await;
    let small = world.order(GD, terms(world, GD), &numbers(0..3)).await;
    answered(world).await;
    let seen = world.gateway.shutdown_order(&officer(GD), small.id).await.expect("an order");
    is_in(&seen, OrderState::Completed);
    stale(order, "another order cut some of them").await;
    let order = waiting(world).await;
    let now = world.now();
    write(world, "UPDATE allocation SET return_time = ?1 WHERE prefix = '1700001'", vec![now.into()]).await;
    stale(order, "their block was returned").await;
    assert_eq!(world.number("SELECT COUNT(*) FROM command WHERE receiver = 'mvnos/m01'").await, 1);
}

#[tokio::test]
async fn what_concerns_it_is_found_on_sqlite() {
    what_concerns_it_is_found(World::empty().await).await;
}

#[tokio::test]
async fn what_concerns_it_is_found_on_postgres() {
    what_concerns_it_is_found(World::postgres().await).await;
}

async fn what_does_not_concern_it_is_no_matter(world: World) {
    let world = &quiet(world).await;
    let order = waiting(world).await;
    closed(world, 5).await;
    world.lines(&[world.line(number(5), "one")]).await;
    let refused = world.approve(TWO, &order.id, &order.plan_sha256).await.expect_err("another line");
    assert_eq!(refused.reason, Reason::PlanStale);
    let order = waiting(world).await;
    world.lines(&[world.line(number(900), "elsewhere")]).await;
    world.allot("mvnos/m02", "1700009").await;
    world.order(GD, terms(world, GD), &numbers(901..903)).await;
    let approved = world.approve(TWO, &order.id, &order.plan_sha256).await.expect("approved").order;
    is_in(&approved, OrderState::InProgress);
    assert_eq!(count(&approved, NumberState::Released), 2);
}

#[tokio::test]
async fn what_does_not_concern_it_is_no_matter_on_sqlite() {
    what_does_not_concern_it_is_no_matter(World::empty().await).await;
}

#[tokio::test]
async fn what_does_not_concern_it_is_no_matter_on_postgres() {
    what_does_not_concern_it_is_no_matter(World::postgres().await).await;
}

/// Terms that are not those of the plan, and a list that is shorter, are refused; a number of a later wave that is not
/// what was sealed in its place stops the order before that wave.
async fn a_changed_record_goes_nowhere(world: World) {
    let world = &quiet(world).await;
    for sql in [
        "UPDATE shutdown_order SET scopes = scopes + 16 WHERE id = ?1",
        "UPDATE shutdown_batch SET number_count = number_count - 1 WHERE order_id = ?1 AND batch = 3",
    ] {
        let order = waiting(world).await;
        write(world, sql, vec![order.id.as_str().into()]).await;
        let refused = world.approve(TWO, &order.id, &order.plan_sha256).await.expect_err("refused");
        assert_eq!(refused.reason, Reason::PlanHashMismatch, "{sql}");
    }
    let order = waiting(world).await;
    let sql = "UPDATE shutdown_number SET number = (SELECT number FROM shutdown_number other
                 WHERE other.order_id = ?1 AND other.n = 3) WHERE order_id = ?1 AND n = 2";
    write(world, sql, vec![order.id.as_str().into()]).await;
    let approved = world.approve(TWO, &order.id, &order.plan_sha256).await.expect("approved").order;
    assert_eq!(count(&approved, NumberState::Released), 2);
    answered(world).await;
    let stopped = world.shown(&order.id).await;
    sums(&stopped);
    is_in(&stopped, OrderState::Halted);
    assert_eq!((stopped.wave, count(&stopped, NumberState::Planned)), (2, 180), "the third wave stays");
    let (kind, id) = (Some(AlarmKind::Wave), Some(order.id.clone()));
    let (alarms, _) = world.gateway.list_alarms(&officer(ONE), kind, id, 10, "").await.expect("alarms");
    assert_eq!(alarms.len(), 1, "somebody is told");
}

#[tokio::test]
async fn a_changed_record_goes_nowhere_on_sqlite() {
    a_changed_record_goes_nowhere(World::empty().await).await;
}

#[tokio::test]
async fn a_changed_record_goes_nowhere_on_postgres() {
    a_changed_record_goes_nowhere(World::postgres().await).await;
}
