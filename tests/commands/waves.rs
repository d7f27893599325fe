//! Waves: the next goes when the last is done, and none when it went wrong.

use greenlane::domain::shutdown::{NumberState, OrderState, ResultOutcome};

use crate::{
    orders::{CARRIER, MVNO, Shut, counts, numbers, order, shut},
    receiver::{Receiver, all, each, quiesce},
    world::World,
};

/// 20 numbers, then 40, then the other 140.
fn wave(place: usize) -> i64 {
    match place {
        0..20 => 1,
        20..60 => 2,
        _ => 3,
    }
}

async fn one_after_the_other(world: World) {
    let list = numbers(1, 200);
    let id = shut(&world, Shut { numbers: &list, wave: Some(wave), ..Shut::default() }).await;
    let expected = [(NumberState::Planned, 180), (NumberState::Released, 20)];
    assert_eq!((counts(&world, &id).await, order(&world, &id).await.wave), (expected.to_vec(), 1));
    let (mut mvno, mut carrier) = (Receiver::of(MVNO), Receiver::of(CARRIER));
    mvno.open(&world).await;
    carrier.open(&world).await;
    mvno.work(&world, 1).await;
    let first = carrier.take_to(1).await.pop().expect("a command");
    let name = |at: usize| first.numbers[at].msisdn.as_str();
    let done =
        |many: usize| (0..many).map(|at| (name(at), ResultOutcome::Executed, None)).collect::<Vec<_>>();
    carrier.ack(&world, each(1, &done(18))).await.expect("settled");
    assert_eq!(order(&world, &id).await.wave, 1, "90 % are not enough");
    carrier
        .ack(&world, each(1, &[(name(18), ResultOutcome::Refused, Some("NOT_MINE"))]))
        .await
        .expect("settled");
    assert_eq!(order(&world, &id).await.wave, 1, "5 % refused are borne, and are not executed");
    let last = [(name(19), ResultOutcome::Executed, None)];
    carrier.ack(&world, each(1, &last)).await.expect("settled");
    carrier.cursor = 1;
    let shown = order(&world, &id).await;
    assert_eq!((shown.wave, shown.state), (2, Some(OrderState::InProgress)));
    let expected = [
        (NumberState::Planned, 140),
        (NumberState::Released, 40),
        (NumberState::Executed, 19),
        (NumberState::Refused, 1),
    ];
    assert_eq!(counts(&world, &id).await, expected);
    quiesce(&world, &mut [&mut mvno, &mut carrier]).await;
    assert_eq!(order(&world, &id).await.state, Some(OrderState::Partial));
    assert_eq!(counts(&world, &id).await, [(NumberState::Verified, 199), (NumberState::Refused, 1)]);
}

#[tokio::test]
async fn one_after_the_other_on_sqlite() {
    one_after_the_other(World::empty().await).await;
}

#[tokio::test]
async fn one_after_the_other_on_postgres() {
    one_after_the_other(World::postgres().await).await;
}

#[tokio::test]
async fn a_wave_that_goes_wrong_is_the_last() {
    let world = World::empty().await;
    let list = numbers(1, 200);
    let id = shut(&world, Shut { numbers: &list, wave: Some(wave), ..Shut::default() }).await;
    let mut mvno = Receiver::of(MVNO);
    mvno.open(&world).await;
    let first = mvno.take_to(1).await.pop().expect("a command");
    let bad: Vec<_> = first.numbers.iter().take(2).collect();
    let bad: Vec<_> = bad.iter().map(|told| (told.msisdn.as_str(), ResultOutcome::Failed, None)).collect();
    mvno.ack(&world, each(1, &bad)).await.expect("settled");
    assert_eq!(order(&world, &id).await.state, Some(OrderState::Halted));
    assert_eq!(world.number("SELECT COUNT(*) FROM alarm WHERE kind = 'WAVE'").await, 1);
    // What was sent goes on, and nothing more is released by it.
    mvno.ack(&world, all(1, ResultOutcome::Executed)).await.expect("settled");
    let mut carrier = Receiver::of(CARRIER);
    carrier.open(&world).await;
    mvno.cursor = 1;
    quiesce(&world, &mut [&mut mvno, &mut carrier]).await;
    let expected = [(NumberState::Planned, 180), (NumberState::Verified, 18), (NumberState::Failed, 2)];
    assert_eq!(counts(&world, &id).await, expected);
    assert_eq!(order(&world, &id).await.state, Some(OrderState::Halted));
}
