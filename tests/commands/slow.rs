//! Receivers that do not read: nobody waits for them, and little is kept for them.

use greenlane::domain::shutdown::NumberState;

use crate::{
    orders::{CARRIER, MVNO, Shut, counts, shut},
    receiver::{Receiver, quiesce},
    support::figure::asked,
    world::{World, name},
};

#[tokio::test]
async fn stalled_receivers_hold_nobody_up() {
    let world = World::empty().await;
    let many = asked("STALLED", 20);
    let names: Vec<String> = (10..10 + many).map(|at| format!("mvnos/s{at}")).collect();
    // Each stalled one has far more to take than is kept ready for it.
    for round in 0..8 {
        for (at, stalled) in names.iter().enumerate() {
            let number = u32::try_from(10_000 + round * many + at).expect("few");
            shut(&world, Shut { numbers: &[(number, stalled, CARRIER)], ..Shut::default() }).await;
        }
    }
    let mut stalled = Vec::new();
    for stalling in &names {
        let mut receiver = Receiver::of(stalling);
        receiver.open(&world).await;
        stalled.push(receiver);
    }
    let id = shut(&world, Shut::default()).await;
    let (mut mvno, mut carrier) = (Receiver::of(MVNO), Receiver::of(CARRIER));
    mvno.open(&world).await;
    carrier.open(&world).await;
    quiesce(&world, &mut [&mut mvno, &mut carrier]).await;
    assert_eq!(counts(&world, &id).await, [(NumberState::Verified, 1)]);
    // They wake up, and nothing is missing.
    for receiver in &mut stalled {
        assert_eq!(receiver.name(), name(&receiver.name().to_string()));
        let taken = receiver.take_to(8).await;
        assert_eq!(
            taken.iter().map(|command| command.row.sequence).collect::<Vec<_>>(),
            (1..=8).collect::<Vec<_>>()
        );
    }
}
