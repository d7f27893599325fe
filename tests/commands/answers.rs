//! Answers that count, answers that do not, and what becomes of the order.

use greenlane::domain::{
    refusal::Reason,
    shutdown::{AlarmKind, NumberState, OrderState, ResultOutcome},
};

use crate::{
    orders::{CARRIER, MVNO, Shut, counts, e164, numbers, order, rows, shut},
    receiver::{Receiver, all, each, last, quiesce, refused},
    world::World,
};

const DONE: ResultOutcome = ResultOutcome::Executed;

async fn alarms(world: &World, kind: AlarmKind) -> i64 {
    let sql = match kind {
        AlarmKind::Diverged => "SELECT COUNT(*) FROM alarm WHERE kind = 'DIVERGED'",
        AlarmKind::Wave => "SELECT COUNT(*) FROM alarm WHERE kind = 'WAVE'",
        _ => "SELECT COUNT(*) FROM alarm",
    };
    world.number(sql).await
}

async fn number_by_number(world: World) {
    let id = shut(&world, Shut { numbers: &numbers(1, 4), ..Shut::default() }).await;
    let (mut mvno, mut carrier) = (Receiver::of(MVNO), Receiver::of(CARRIER));
    mvno.open(&world).await;
    carrier.open(&world).await;
    let numbers: Vec<String> = (1..=4).map(e164).collect();
    let [one, two, three, four] = [0, 1, 2, 3].map(|at| numbers[at].as_str());
    mvno.take_to(1).await;
    let results = [(one, ResultOutcome::Refused, Some("NOT_ACTIVE")), (two, DONE, None)];
    mvno.ack(&world, each(1, &results)).await.expect("settled");
    assert_eq!(counts(&world, &id).await, [(NumberState::Released, 3), (NumberState::Refused, 1)]);
    // The same again changes nothing; another answer does not count.
    mvno.ack(&world, each(1, &results)).await.expect("settled");
    refused(mvno.ack(&world, each(1, &[(one, DONE, None)])).await, Reason::InvalidFields);
    refused(mvno.ack(&world, each(1, &[(two, ResultOutcome::Failed, None)])).await, Reason::InvalidFields);
    // A number that is not in it, one named twice, an outcome of another kind: and nothing of the rest counts then.
    let foreign = e164(99);
    for wrong in [
        vec![(three, DONE, None), (foreign.as_str(), DONE, None)],
        vec![(three, DONE, None), ("no number", DONE, None)],
        vec![(three, DONE, None), (three, DONE, None)],
        vec![(three, DONE, None), (four, ResultOutcome::Verified, None)],
    ] {
        refused(mvno.ack(&world, each(1, &wrong)).await, Reason::InvalidFields);
    }
    refused(mvno.ack(&world, all(1, ResultOutcome::Diverged)).await, Reason::InvalidFields);
    // Somebody else's sequence is nobody's business, and what does not exist is not there.
    refused(mvno.ack(&world, all(2, DONE)).await, Reason::CommandNotFound);
    assert_eq!(counts(&world, &id).await, [(NumberState::Released, 3), (NumberState::Refused, 1)]);
    mvno.ack(&world, all(1, DONE)).await.expect("the others");
    carrier.take_to(1).await;
    carrier.ack(&world, each(1, &[(three, ResultOutcome::Failed, Some("HLR_DOWN"))])).await.expect("settled");
    carrier.ack(&world, all(1, DONE)).await.expect("the others");
    carrier.cursor = 1;
    let expected = [(NumberState::Executed, 2), (NumberState::Refused, 1), (NumberState::Failed, 1)];
    assert_eq!(counts(&world, &id).await, expected);
    // What was refused by one is not read.
    let reading = carrier.take_to(2).await.pop().expect("a reading");
    let read: Vec<&str> = reading.numbers.iter().map(|told| told.msisdn.as_str()).collect();
    assert_eq!(read, [two, four]);
    let results = [(two, ResultOutcome::Verified, None), (four, ResultOutcome::Diverged, Some("STILL_ON"))];
    refused(carrier.ack(&world, all(2, DONE)).await, Reason::InvalidFields);
    carrier.ack(&world, each(2, &results)).await.expect("settled");
    assert_eq!(order(&world, &id).await.state, Some(OrderState::Partial));
    assert_eq!(alarms(&world, AlarmKind::Diverged).await, 1);
    let rows = rows(&world, &id).await;
    let shown: Vec<_> = rows.iter().map(|row| (row.state, row.code.as_deref())).collect();
    assert_eq!(
        shown,
        [
            (NumberState::Refused, Some("NOT_ACTIVE")),
            (NumberState::Verified, None),
            (NumberState::Failed, Some("HLR_DOWN")),
            (NumberState::Diverged, Some("STILL_ON")),
        ]
    );
}

#[tokio::test]
async fn number_by_number_on_sqlite() {
    number_by_number(World::empty().await).await;
}

#[tokio::test]
async fn number_by_number_on_postgres() {
    number_by_number(World::postgres().await).await;
}

/// Several commands of several orders in one call: each is durable or refused by itself.
#[tokio::test]
async fn each_counts_by_itself() {
    let world = World::empty().await;
    let mut ids = Vec::new();
    for number in 1..=3 {
        ids.push(shut(&world, Shut { numbers: &numbers(number, 1), ..Shut::default() }).await);
    }
    let (mut mvno, mut carrier) = (Receiver::of(MVNO), Receiver::of(CARRIER));
    mvno.open(&world).await;
    carrier.open(&world).await;
    mvno.take_to(3).await;
    let context = crate::world::context_of(crate::world::caller("mvno/m01"));
    let acks = vec![all(1, DONE), all(7, DONE), all(3, ResultOutcome::Verified), all(2, DONE)];
    let settled = world.gateway.settle(&context, &mvno.claim(), acks).await.expect("a session");
    let reasons: Vec<Option<Reason>> =
        settled.iter().map(|one| one.as_ref().err().map(|refusal| refusal.reason)).collect();
    assert_eq!(reasons, [None, Some(Reason::CommandNotFound), Some(Reason::InvalidFields), None]);
    let entries =
        world.number("SELECT COUNT(*) FROM entry WHERE subject = 'mvnos/m01' AND detail LIKE '%acks%'");
    assert_eq!(entries.await, 1, "one act, one entry");
    mvno.cursor = 2;
    mvno.came.clear();
    mvno.open(&world).await;
    quiesce(&world, &mut [&mut mvno, &mut carrier]).await;
    for id in &ids {
        assert_eq!(counts(&world, id).await, [(NumberState::Verified, 1)]);
    }
    assert_eq!(last(&world, MVNO).await, 3);
}
