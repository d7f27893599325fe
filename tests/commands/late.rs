//! What is not acknowledged or executed in time: sent again, shown as late, alarmed; and done all the same when it is.

use std::time::Duration;

use greenlane::domain::shutdown::{NumberState, OrderState, Urgency};

use crate::{
    orders::{CARRIER, MVNO, Shut, counts, order, shut},
    receiver::{Receiver, quiesce},
    world::World,
};

const MINUTE: Duration = Duration::from_secs(60);

async fn overdue(world: World) {
    let id = shut(&world, Shut { urgency: Urgency::Urgent, ..Shut::default() }).await;
    let (mut mvno, mut carrier) = (Receiver::of(MVNO), Receiver::of(CARRIER));
    mvno.open(&world).await;
    carrier.open(&world).await;
    let first = mvno.take_to(1).await;
    quiesce(&world, &mut [&mut carrier]).await;
    world.clock.pass(MINUTE * 14);
    assert_eq!(world.gateway.redeliver().await.expect("looked"), 0, "not yet");
    world.clock.pass(MINUTE);
    assert_eq!(world.gateway.redeliver().await.expect("looked"), 1);
    assert_eq!(world.gateway.redeliver().await.expect("looked"), 0, "once");
    // The same command again, on the stream that is open.
    let again = mvno.take_to(1).await;
    assert_eq!(again.len(), 1);
    assert_eq!(again[0].row.command_id, first[0].row.command_id);
    assert!(again[0].is_redelivered());
    assert_eq!(world.number("SELECT COUNT(*) FROM alarm WHERE kind = 'OVERDUE'").await, 1);
    assert_ne!(counts(&world, &id).await[0].0, NumberState::Overdue, "there is time to execute it");
    world.clock.pass(MINUTE * 105);
    assert_eq!(world.gateway.redeliver().await.expect("looked"), 1);
    assert_eq!(counts(&world, &id).await, [(NumberState::Overdue, 1)]);
    assert_eq!(world.number("SELECT COUNT(*) FROM alarm WHERE kind = 'OVERDUE'").await, 2);
    let again = mvno.take_to(1).await;
    let ack = mvno.execute(&again[0]);
    mvno.ack(&world, ack).await.expect("late, and done");
    assert_eq!(counts(&world, &id).await, [(NumberState::Executed, 1)]);
    quiesce(&world, &mut [&mut carrier]).await;
    assert_eq!(order(&world, &id).await.state, Some(OrderState::Completed));
    assert_eq!(mvno.again.len(), 1, "one id came more than once");
    world.clock.pass(MINUTE * 60 * 24 * 7);
    assert_eq!(world.gateway.redeliver().await.expect("looked"), 0, "what is done is left alone");
    let all = greenlane::store::sql::receiver_figures::Filter {
        order_id: Some(id),
        drill: false,
        since: crate::world::start(),
    };
    let figures = world.gateway.list_figures(&crate::world::officer(), None, all).await.expect("figures");
    let late: Vec<(String, i64, i64, i64)> =
        figures.iter().map(|of| (of.receiver.to_string(), of.commands, of.executed, of.overdue)).collect();
    assert_eq!(late, [(CARRIER.to_owned(), 2, 2, 0), (MVNO.to_owned(), 1, 1, 1)]);
    assert_eq!(figures[1].execute.p95, Some(MINUTE * 120));
    assert_eq!(figures[0].ack.p95, Some(Duration::ZERO), "both when they came");
}

#[tokio::test]
async fn overdue_on_sqlite() {
    overdue(World::empty().await).await;
}

#[tokio::test]
async fn overdue_on_postgres() {
    overdue(World::postgres().await).await;
}
