//! A number that gets another holder between the plan and its release goes to nobody before its authority has decided,
//! however long an approval, a wave or an effective time takes. What has its holder still goes.

use std::time::Duration;

use greenlane::{
    domain::{
        personal::Personal,
        shutdown::{AlarmKind, CommandKind, HeldDecision, NumberState, OrderState, Urgency, terms::Terms},
        time::DAY,
    },
    rpc::convert::shutdown::next_step,
    service::shutdown::shown::Shown,
    store::sql,
};

use crate::{
    force::{Line, ONE, TWO, by, count, is_in, number, numbers, officer, sums, terms},
    orders::answer,
    world::{World, working},
};

const HOUR: Duration = Duration::from_secs(60 * 60);

/// Somebody gets a number now; what is said of its beginning is what nobody who got it now could say truly.
pub async fn taken(world: &World, n: usize, holder: &'static str) {
    world.clock.pass(Duration::from_secs(1));
    let line = Line { recorded: world.now(), ..world.line(number(n), holder) };
    world.lines(&[line]).await;
}

/// The holder of a number gives it up now.
pub async fn given_up(world: &World, n: usize) {
    world.clock.pass(Duration::from_secs(1));
    let persons = world.gateway.persons().expect("a vault").clone();
    let e164 = format!("+86{}", number(n));
    let index = persons.vault.index().number(&e164).as_bytes().to_vec();
    let now = world.now();
    let written = world.store().write(working(move |tx| {
        let index = index.clone();
        Box::pin(async move {
            let sql = "UPDATE line SET end_time = ?2, state = 'CLOSED' WHERE number_index = ?1";
            assert_eq!(tx.execute(sql, &[index.into(), now.into()]).await?, 1, "a line");
            Ok(())
        })
    }));
    written.await.expect("given up");
}

/// What each command to shut down names: places in the list.
async fn commanded(world: &World, order: &str) -> Vec<i64> {
    let order = order.to_owned();
    let read = world.store().read(working(move |tx| {
        let order = order.clone();
        Box::pin(async move {
            let mut named = Vec::new();
            for batch in sql::shutdown::batches(tx, &order).await? {
                for command in sql::command::of_batch(tx, &order, batch.batch).await? {
                    let rows = sql::shutdown_number::of_batch(tx, &order, batch.batch).await?;
                    let ns: Vec<i64> = rows.iter().map(|row| row.n).collect();
                    assert_eq!(command.number_count, i64::try_from(ns.len()).expect("few"));
                    assert!(command.members.is_none(), "what is left is all of its batch");
                    if command.kind == CommandKind::Shutdown {
                        named.extend(ns);
                    }
                }
            }
            Ok(named)
        })
    }));
    let mut named = read.await.expect("read");
    named.sort_unstable();
    named.dedup();
    named
}

async fn answered(world: &World) {
    while answer(world, "mvnos/m01").await + answer(world, "carriers/telecom").await > 0 {}
}

async fn alarms(world: &World, order: &Shown) -> Vec<i64> {
    let (kind, order) = (Some(AlarmKind::Held), Some(order.id.clone()));
    let (alarms, _) = world.gateway.list_alarms(&officer(ONE), kind, order, 10, "").await.expect("alarms");
    alarms.into_iter().map(|alarm| alarm.number_count).collect()
}

/// Who issues an order with numbers that its plan holds is asked about them: by an alarm, and by what to send next.
async fn by_its_plan(world: World) {
    let world = world.force().await;
    let late = world.now().minus(DAY / 2);
    let came = |n| Line { start: late, recorded: late, ..world.line(number(n), "came later") };
    world.lines(&[came(1), came(150)]).await;
    let asks = |order: &Shown| {
        let (next, name) = (next_step(order), format!(r#""order":"shutdownOrders/{}""#, order.id));
        assert!(next.contains(&name), "{next}");
        next.starts_with("gl ShutdownService/DecideHeldNumbers -d '{")
    };
    let order = world.order(ONE, terms(&world, ONE), &numbers(0..5)).await;
    assert!(asks(&order));
    assert_eq!(alarms(&world, &order).await, [1]);
    // One that waits is approved first, and asked about then.
    let order = world.order(ONE, terms(&world, ONE), &numbers(100..210)).await;
    is_in(&order, OrderState::PendingApproval);
    assert!(!asks(&order) && next_step(&order).contains("ApproveShutdown"));
    assert_eq!(alarms(&world, &order).await, [1]);
    let order = world.approve(TWO, &order.id, &order.plan_sha256).await.expect("approved").order;
    assert!(asks(&order));
    let spare = world.gateway.decide_held_numbers(by(ONE), order.id, vec![], Some(HeldDecision::Spare)).await;
    assert!(!asks(&spare.expect("decided").answer.order));
}

#[tokio::test]
async fn by_its_plan_on_sqlite() {
    by_its_plan(World::empty().await).await;
}

#[tokio::test]
async fn by_its_plan_on_postgres() {
    by_its_plan(World::postgres().await).await;
}

async fn between_two_waves(world: World) {
    let world = world.force().await;
    world.lines(&[world.line(number(55), "before"), world.line(number(150), "stays")]).await;
    let order = world.order(ONE, terms(&world, ONE), &numbers(0..200)).await;
    let order = world.approve(TWO, &order.id, &order.plan_sha256).await.expect("approved").order;
    assert_eq!((order.wave, count(&order, NumberState::Released)), (1, 2));
    // One number of the second wave gets its first holder, one of the third another one, and one loses its holder.
    taken(&world, 10, "new").await;
    given_up(&world, 55).await;
    taken(&world, 55, "after").await;
    answered(&world).await;
    let order = world.shown(&order.id).await;
    sums(&order);
    assert_eq!(order.wave, 3, "each wave went as the one before was done");
    assert_eq!((count(&order, NumberState::Held), count(&order, NumberState::Verified)), (2, 198));
    is_in(&order, OrderState::Partial);
    let all: Vec<i64> = (1..=200).filter(|n| ![11, 56].contains(n)).collect();
    assert_eq!(commanded(&world, &order.id).await, all);
    assert_eq!(alarms(&world, &order).await, [1, 1], "the authority is asked at each wave");
    // It decides: whoever has one of them is cut all the same, the other is left alone.
    let decide = async |n: usize, decision| {
        let named = vec![Personal::from(number(n).as_str())];
        world.gateway.decide_held_numbers(by(ONE), order.id.clone(), named, Some(decision)).await
    };
    decide(10, HeldDecision::Cut).await.expect("decided");
    decide(55, HeldDecision::Spare).await.expect("decided");
    answered(&world).await;
    let order = world.shown(&order.id).await;
    is_in(&order, OrderState::Partial);
    assert_eq!((count(&order, NumberState::Refused), count(&order, NumberState::Verified)), (1, 199));
    assert!(commanded(&world, &order.id).await.contains(&11));
}

#[tokio::test]
async fn between_two_waves_on_sqlite() {
    between_two_waves(World::empty().await).await;
}

#[tokio::test]
async fn between_two_waves_on_postgres() {
    between_two_waves(World::postgres().await).await;
}

/// With and without a time of the evidence.
async fn before_its_time(world: World) {
    let world = world.force().await;
    let of_one = [1, 3, 9].map(|n| world.line(number(n), "has another line"));
    world.lines(&of_one).await;
    let effective_time = Some(world.now().plus(HOUR * 10));
    let later = || Terms { effective_time, ..terms(&world, ONE) };
    let normal = Terms { evidence_time: None, urgency: Urgency::Normal, ..later() };
    let order = world.order(ONE, later(), &numbers(0..4)).await;
    let without = world.order(ONE, normal, &numbers(0..4)).await;
    assert_eq!(world.commands().await, 0);
    taken(&world, 2, "new").await;
    given_up(&world, 3).await;
    world.pass(HOUR * 10).await;
    world.gateway.look_at_orders().await.expect("looked at");
    for order in [order, without] {
        let order = world.shown(&order.id).await;
        is_in(&order, OrderState::InProgress);
        assert_eq!((count(&order, NumberState::Held), count(&order, NumberState::Released)), (1, 3));
        assert_eq!(commanded(&world, &order.id).await, [1, 2, 4], "a number without a holder goes");
        assert_eq!(alarms(&world, &order).await, [1]);
        let all =
            |decision| world.gateway.decide_held_numbers(by(ONE), order.id.clone(), vec![], Some(decision));
        all(HeldDecision::Spare).await.expect("decided");
    }
    answered(&world).await;
}

#[tokio::test]
async fn before_its_time_on_sqlite() {
    before_its_time(World::empty().await).await;
}

#[tokio::test]
async fn before_its_time_on_postgres() {
    before_its_time(World::postgres().await).await;
}
