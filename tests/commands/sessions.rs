//! One session of a receiver counts: what an older one says is void.

use std::time::Duration;

use greenlane::domain::{
    refusal::Reason,
    shutdown::{NumberState, ResultOutcome},
};

use crate::{
    orders::{CARRIER, MVNO, Shut, counts, numbers, shut},
    receiver::{Receiver, all, refused},
    support::figure::asked,
    world::{World, caller, context_of},
};

const DONE: ResultOutcome = ResultOutcome::Executed;

async fn the_newer_one_wins(world: World) {
    let id = shut(&world, Shut::default()).await;
    let (mut old, mut new) = (Receiver::of(MVNO), Receiver::of(MVNO));
    old.open(&world).await;
    old.take_to(1).await;
    new.open(&world).await;
    let ended = old.next().await.expect("it is told why").err().expect("a refusal");
    assert_eq!(ended.reason, Reason::SessionFenced);
    refused(old.ack(&world, all(1, DONE)).await, Reason::SessionFenced);
    assert_eq!(counts(&world, &id).await, [(NumberState::Released, 1)]);
    new.take_to(1).await;
    new.ack(&world, all(1, DONE)).await.expect("the one that counts");
    // A pull ends the stream, and the next pull the session before it.
    let context = context_of(caller("mvno/m01"));
    let first = world.gateway.pull_commands(&context, 0, 0).await.expect("pulled");
    refused(new.ack(&world, all(1, DONE)).await, Reason::SessionFenced);
    let second = world.gateway.pull_commands(&context, 0, 0).await.expect("pulled");
    assert_eq!((second.commands.len(), second.last_sequence), (1, 1));
    let claim = |session: &str| greenlane::service::command::session::Claim {
        receiver: crate::world::name(MVNO),
        session: session.to_owned(),
        streams: false,
    };
    let void = world.gateway.settle(&context, &claim(&first.session), vec![all(1, DONE)]).await;
    assert_eq!(void.expect_err("void").reason, Reason::SessionFenced);
    let second = claim(&second.session);
    // It lives ten minutes past its last call.
    world.clock.pass(Duration::from_secs(9 * 60));
    world.gateway.settle(&context, &second, vec![all(1, DONE)]).await.expect("it lives");
    world.clock.pass(Duration::from_secs(9 * 60));
    world.gateway.settle(&context, &second, vec![all(1, DONE)]).await.expect("it lives on");
    world.clock.pass(Duration::from_secs(11 * 60));
    let over = world.gateway.settle(&context, &second, vec![all(1, DONE)]).await;
    assert_eq!(over.expect_err("over").reason, Reason::SessionFenced);
}

#[tokio::test]
async fn the_newer_one_wins_on_sqlite() {
    the_newer_one_wins(World::empty().await).await;
}

#[tokio::test]
async fn the_newer_one_wins_on_postgres() {
    the_newer_one_wins(World::postgres().await).await;
}

/// An old session acknowledges while a newer one opens: whatever is settled after the newer one was answered is the newer
/// one's.
async fn raced(world: World) {
    let tries = asked("FENCED", 40);
    for at in 0..tries {
        let number = u32::try_from(at).expect("few") + 1;
        let id = shut(&world, Shut { numbers: &numbers(number, 1), ..Shut::default() }).await;
        let (mut old, mut new) = (Receiver::of(CARRIER), Receiver::of(CARRIER));
        let sequence = crate::receiver::last(&world, CARRIER).await;
        (old.cursor, new.cursor) = (sequence - 1, sequence - 1);
        old.open(&world).await;
        let claim = old.claim();
        let gateway = world.gateway.clone();
        let context = context_of(caller("carrier/unicom"));
        let racing = tokio::spawn(async move {
            gateway.settle(&context, &claim, vec![all(sequence, ResultOutcome::Refused)]).await
        });
        new.open(&world).await;
        let before = counts(&world, &id).await;
        let raced = racing.await.expect("no panic");
        // It came before the newer session was answered, or it is void.
        match raced {
            Ok(_) => assert_eq!(before, [(NumberState::Refused, 1)], "settled before"),
            Err(refusal) => assert_eq!(refusal.reason, Reason::SessionFenced),
        }
        assert_eq!(counts(&world, &id).await, before, "and nothing of it comes later");
        refused(old.ack(&world, all(sequence, DONE)).await, Reason::SessionFenced);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn raced_on_sqlite() {
    raced(World::empty().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn raced_on_postgres() {
    raced(World::postgres().await).await;
}

/// A newer session on another node ends the stream here.
#[tokio::test]
async fn across_nodes() {
    let one = World::postgres().await;
    let other = one.beside().await;
    shut(&one, Shut::default()).await;
    let (mut old, mut new) = (Receiver::of(MVNO), Receiver::of(MVNO));
    old.open(&one).await;
    old.take_to(1).await;
    new.open(&other).await;
    let ended = old.next().await.expect("it is told why").err().expect("a refusal");
    assert_eq!(ended.reason, Reason::SessionFenced);
    // And what is released there comes here.
    new.take_to(1).await;
    shut(&one, Shut { numbers: &numbers(2, 1), ..Shut::default() }).await;
    assert_eq!(new.take_to(2).await.len(), 1);
}

#[tokio::test]
async fn whoever_is_suspended_gets_no_more() {
    let world = World::empty().await;
    world.join(CARRIER).await;
    let mut carrier = Receiver::of(CARRIER);
    carrier.open(&world).await;
    carrier.take_to(0).await;
    world
        .gateway
        .suspend_participant(crate::world::context(), crate::world::name(CARRIER))
        .await
        .expect("suspended");
    let ended = carrier.next().await.expect("it is told why").err().expect("a refusal");
    assert_eq!(ended.reason, Reason::ParticipantSuspended);
}
