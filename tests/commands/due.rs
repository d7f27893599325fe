//! What time alone does to an order: it is released at its moment, expires unapproved, and is let back at its end or
//! where nobody confirmed it.

use std::time::Duration;

use greenlane::{
    domain::shutdown::{NumberState, OrderState},
    service::command::release::release,
    store::{Value, sql},
};

use crate::{
    orders::{CARRIER, MVNO, Shut, counts, numbers, order, shut},
    receiver::{Receiver, last, quiesce},
    world::{World, working},
};

const HOUR: Duration = Duration::from_secs(60 * 60);

/// Changes an order as its issue would have made it, and has it looked at.
async fn set(world: &World, id: &str, sql: &'static str, hours: u32) {
    let (id, time) = (id.to_owned(), world.now().plus(HOUR * hours));
    let persons = world.gateway.persons().expect("a vault").clone();
    let written = world.store().write(working(move |tx| {
        let (id, persons) = (id.clone(), persons.clone());
        Box::pin(async move {
            tx.execute(sql, &[Value::from(id.as_str()), Value::from(time)]).await?;
            let mut order = sql::shutdown::lookup_locked(tx, &id).await?.expect("an order");
            let now = time.minus(HOUR * hours);
            release(tx, &persons, &mut order, now).await?.into_iter().for_each(drop);
            Ok(())
        })
    }));
    written.await.expect("set");
}

async fn at_its_end(world: World) {
    let id = shut(&world, Shut { numbers: &numbers(1, 3), ..Shut::default() }).await;
    let (mut mvno, mut carrier) = (Receiver::of(MVNO), Receiver::of(CARRIER));
    mvno.open(&world).await;
    carrier.open(&world).await;
    quiesce(&world, &mut [&mut mvno, &mut carrier]).await;
    set(&world, &id, "UPDATE shutdown_order SET expire_time = ?2, next_time = ?2 WHERE id = ?1", 48).await;
    assert_eq!(world.gateway.look_at_orders().await.expect("looked"), 0, "not yet");
    world.clock.pass(HOUR * 48);
    assert_eq!(world.gateway.look_at_orders().await.expect("looked"), 1);
    assert_eq!(counts(&world, &id).await, [(NumberState::Restoring, 3)]);
    assert_eq!(world.gateway.look_at_orders().await.expect("looked"), 0, "once");
    quiesce(&world, &mut [&mut mvno, &mut carrier]).await;
    assert_eq!(counts(&world, &id).await, [(NumberState::Restored, 3)]);
    assert!(mvno.network.values().chain(carrier.network.values()).all(|(_, off)| !off));
    // An hour later there is nothing left to do.
    world.clock.pass(HOUR);
    assert_eq!(world.gateway.look_at_orders().await.expect("looked"), 0);
}

#[tokio::test]
async fn at_its_end_on_sqlite() {
    at_its_end(World::empty().await).await;
}

#[tokio::test]
async fn at_its_end_on_postgres() {
    at_its_end(World::postgres().await).await;
}

#[tokio::test]
async fn nobody_confirms_what_one_officer_did() {
    let world = World::empty().await;
    let id = shut(&world, Shut::default()).await;
    let sql = "UPDATE shutdown_order SET break_glass = 1, approve_by_time = ?2, next_time = ?2 WHERE id = ?1";
    set(&world, &id, sql, 24).await;
    world.clock.pass(HOUR * 24);
    assert_eq!(world.gateway.look_at_orders().await.expect("looked"), 1);
    // Nobody had executed it: it is overtaken all the same, and both are told in their order.
    assert_eq!(counts(&world, &id).await, [(NumberState::Restoring, 1)]);
    assert_eq!((last(&world, MVNO).await, last(&world, CARRIER).await), (2, 2));
    assert_eq!(world.number("SELECT COUNT(*) FROM alarm WHERE kind = 'BREAK_GLASS'").await, 1);
    let (mut mvno, mut carrier) = (Receiver::of(MVNO), Receiver::of(CARRIER));
    mvno.open(&world).await;
    carrier.open(&world).await;
    quiesce(&world, &mut [&mut mvno, &mut carrier]).await;
    assert_eq!(counts(&world, &id).await, [(NumberState::Restored, 1)]);
    assert!(mvno.network.values().chain(carrier.network.values()).all(|(_, off)| !off));
}

#[tokio::test]
async fn nobody_approves_it() {
    let world = World::empty().await;
    let id = shut(&world, Shut::default()).await;
    let sql = "UPDATE shutdown_order SET state = 'PENDING_APPROVAL', approve_by_time = ?2, next_time = ?2 WHERE id = ?1";
    set(&world, &id, sql, 24).await;
    world.clock.pass(HOUR * 24);
    assert_eq!(world.gateway.look_at_orders().await.expect("looked"), 1);
    assert_eq!(order(&world, &id).await.state, Some(OrderState::Expired));
    assert_eq!(world.gateway.look_at_orders().await.expect("looked"), 0);
}
