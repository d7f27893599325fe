//! Receivers that do not read: nobody waits for them, and little is kept for them.

use greenlane::domain::{refusal::Reason, shutdown::NumberState};

use crate::{
    orders::{CARRIER, MVNO, Shut, counts, shut},
    receiver::{Receiver, quiesce},
    support::figure::asked,
    world::{World, name},
};

/// Commands for each stalled one: far more than is kept ready for it.
const HEAP: usize = 8;

/// One command for each, of this round.
async fn one_each(world: &World, names: &[String], round: usize) {
    for (at, stalled) in names.iter().enumerate() {
        let number = u32::try_from(10_000 + round * names.len() + at).expect("few");
        shut(world, Shut { numbers: &[(number, stalled, CARRIER)], ..Shut::default() }).await;
    }
}

/// Until so many streams wait for somebody to read.
async fn stalled(world: &World, many: usize) {
    let mut stalled = world.gateway.signals.stalled();
    stalled.wait_for(|now| *now == many).await.expect("the gateway lives");
}

#[tokio::test]
async fn stalled_receivers_hold_nobody_up() {
    let world = World::empty().await;
    let many = asked("STALLED", 20);
    let names: Vec<String> = (10..10 + many).map(|at| format!("mvnos/s{at}")).collect();
    for round in 0..HEAP {
        one_each(&world, &names, round).await;
    }
    let mut stalling = Vec::new();
    for name in &names {
        let mut receiver = Receiver::of(name);
        receiver.open(&world).await;
        stalling.push(receiver);
    }
    stalled(&world, many).await;
    let id = shut(&world, Shut::default()).await;
    let (mut mvno, mut carrier) = (Receiver::of(MVNO), Receiver::of(CARRIER));
    mvno.open(&world).await;
    carrier.open(&world).await;
    quiesce(&world, &mut [&mut mvno, &mut carrier]).await;
    assert_eq!(counts(&world, &id).await, [(NumberState::Verified, 1)]);
    // They wake up, and nothing is missing: not what came while nobody told them of it either.
    one_each(&world, &names, HEAP).await;
    let last = i64::try_from(HEAP).expect("few") + 1;
    for receiver in &mut stalling {
        assert_eq!(receiver.name(), name(&receiver.name().to_string()));
        let taken = receiver.take_to(last).await;
        assert_eq!(
            taken.iter().map(|command| command.row.sequence).collect::<Vec<_>>(),
            (1..=last).collect::<Vec<_>>()
        );
    }
    stalled(&world, 0).await;
    // And they are told of what comes from now on.
    one_each(&world, &names, HEAP + 1).await;
    for receiver in &mut stalling {
        assert_eq!(receiver.take_to(last + 1).await.len(), 1);
    }
}

/// A stream that was taken over while nobody read it says so to whoever reads on, and hands over nothing new.
#[tokio::test]
async fn a_stalled_stream_is_taken_over() {
    let world = World::empty().await;
    let names = [MVNO.to_owned()];
    for round in 0..HEAP {
        one_each(&world, &names, round).await;
    }
    let (mut old, mut new) = (Receiver::of(MVNO), Receiver::of(MVNO));
    old.open(&world).await;
    stalled(&world, 1).await;
    new.open(&world).await;
    new.take_to(i64::try_from(HEAP).expect("few")).await;
    // Four were ready when it stalled.
    for _ in 0..4 {
        old.next().await.expect("it was ready").expect("a command");
    }
    let ended = old.next().await.expect("it is told why").err().expect("a refusal");
    assert_eq!(ended.reason, Reason::SessionFenced);
    stalled(&world, 0).await;
}
