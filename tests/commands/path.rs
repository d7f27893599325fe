//! The whole path of an order: released, sent, acknowledged, executed, read.

use greenlane::{
    domain::shutdown::{CommandKind, NumberState, OrderState, ResultOutcome},
    service::receipt::verify,
};

use crate::{
    orders::{CARRIER, MVNO, Shut, counts, e164, let_back, numbers, order, rows, shut},
    receiver::{Receiver, arrived, last, quiesce},
    world::World,
};

async fn from_release_to_verified(world: World) {
    let list = numbers(1, 700);
    let id = shut(&world, Shut { numbers: &list, ..Shut::default() }).await;
    assert_eq!(counts(&world, &id).await, [(NumberState::Released, 700)]);
    let (mut mvno, mut carrier) = (Receiver::of(MVNO), Receiver::of(CARRIER));
    mvno.open(&world).await;
    carrier.open(&world).await;
    let of_mvno = mvno.take_to(2).await;
    let of_carrier = carrier.take_to(2).await;
    for commands in [&of_mvno, &of_carrier] {
        let sizes: Vec<usize> = commands.iter().map(|command| command.numbers.len()).collect();
        assert_eq!(sizes, [500, 200], "at most 500 in a command");
        assert!(commands.iter().all(|command| command.row.kind == CommandKind::Shutdown));
    }
    let first = &of_mvno[0].numbers[0];
    assert_eq!(first.msisdn, e164(1));
    let text = of_mvno[0].text(first).expect("the subscriber is told");
    assert!(text.zh.contains(&first.appeal_code) && text.en.contains(&first.appeal_code));
    assert!(of_carrier[0].text(&of_carrier[0].numbers[0]).is_none(), "by the MVNO");
    // What was sent is written down when there is time, and at the latest with the acknowledgement.
    for command in &of_mvno {
        mvno.ack(&world, arrived(command.row.sequence)).await.expect("settled");
    }
    let shown = counts(&world, &id).await;
    assert!(
        shown.iter().all(|(state, _)| *state <= NumberState::Delivered),
        "the carrier has said nothing: {shown:?}"
    );
    for command in &of_carrier {
        carrier.ack(&world, arrived(command.row.sequence)).await.expect("settled");
    }
    assert_eq!(counts(&world, &id).await, [(NumberState::Acked, 700)]);
    for command in &of_mvno {
        let ack = mvno.execute(command);
        mvno.ack(&world, ack).await.expect("settled");
    }
    assert_eq!(counts(&world, &id).await, [(NumberState::Acked, 700)], "the less advanced of both");
    let ack = carrier.execute(&of_carrier[0]);
    carrier.ack(&world, ack).await.expect("settled");
    assert_eq!(counts(&world, &id).await, [(NumberState::Acked, 200), (NumberState::Executed, 500)]);
    let ack = carrier.execute(&of_carrier[1]);
    carrier.ack(&world, ack).await.expect("settled");
    assert_eq!(counts(&world, &id).await, [(NumberState::Executed, 700)], "and nobody has read it");
    assert_eq!(order(&world, &id).await.state, Some(OrderState::InProgress));
    // The carrier alone is asked to read.
    assert_eq!((last(&world, MVNO).await, last(&world, CARRIER).await), (2, 4));
    quiesce(&world, &mut [&mut mvno, &mut carrier]).await;
    assert_eq!(counts(&world, &id).await, [(NumberState::Verified, 700)]);
    assert_eq!(order(&world, &id).await.state, Some(OrderState::Completed));
    assert!(
        rows(&world, &id).await.iter().all(|row| row.execute_time.is_some() && row.verify_time.is_some())
    );
    // And back: the same in both orders.
    let back = let_back(&world, &id).await;
    assert_eq!(counts(&world, &id).await, [(NumberState::Restoring, 700)]);
    quiesce(&world, &mut [&mut mvno, &mut carrier]).await;
    for id in [&id, &back] {
        assert_eq!(counts(&world, id).await, [(NumberState::Restored, 700)]);
        assert_eq!(order(&world, id).await.state, Some(OrderState::Completed));
    }
    assert!(mvno.network.values().chain(carrier.network.values()).all(|(_, off)| !off));
}

#[tokio::test]
async fn from_release_to_verified_on_sqlite() {
    from_release_to_verified(World::empty().await).await;
}

#[tokio::test]
async fn from_release_to_verified_on_postgres() {
    from_release_to_verified(World::postgres().await).await;
}

#[tokio::test]
async fn what_is_off_already_is_only_read() {
    let world = World::empty().await;
    let id = shut(&world, Shut { off_already: true, ..Shut::default() }).await;
    assert_eq!((last(&world, MVNO).await, last(&world, CARRIER).await), (0, 1));
    let mut carrier = Receiver::of(CARRIER);
    carrier.open(&world).await;
    quiesce(&world, &mut [&mut carrier]).await;
    assert_eq!(counts(&world, &id).await, [(NumberState::Verified, 1)]);
    assert_eq!(order(&world, &id).await.state, Some(OrderState::Completed));
}

/// `command.proto` says what is signed.
#[tokio::test]
async fn a_command_is_signed_over_all_of_it() {
    let world = World::empty().await;
    let id = shut(&world, Shut { numbers: &numbers(1, 2), drill: true, ..Shut::default() }).await;
    let mut mvno = Receiver::of(MVNO);
    mvno.open(&world).await;
    let command = mvno.take_to(1).await.remove(0);
    let (row, due) = (&command.row, command.row.due.done.micros());
    let codes: Vec<&str> = command.numbers.iter().map(|told| told.appeal_code.as_str()).collect();
    let text = format!(
        "greenlane.v1.Command\n{}\nmvnos/m01\n1\nshutdownOrders/{id}\nSHUTDOWN\nVOICE_OUT,VOICE_IN\n{due}\ndrill\n\
         {} {}\n{} {}\n",
        row.command_id,
        e164(1),
        codes[0],
        e164(2),
        codes[1],
    );
    assert_eq!(command.canonical(), text);
    let signer = &world.gateway.signer;
    let signed = command.sign(signer);
    assert_eq!(signed.key_id, signer.key_id());
    assert!(verify(signer.public_key(), text.as_bytes(), &signed.signature));
    let other = text.replace(&e164(2), &e164(3));
    assert!(!verify(signer.public_key(), other.as_bytes(), &signed.signature));
}

/// A batch that is answered number by number is read in parts, and no number twice.
#[tokio::test]
async fn what_is_executed_is_read_though_others_are_not() {
    let world = World::empty().await;
    let id = shut(&world, Shut { numbers: &numbers(1, 3), ..Shut::default() }).await;
    let (mut mvno, mut carrier) = (Receiver::of(MVNO), Receiver::of(CARRIER));
    mvno.open(&world).await;
    carrier.open(&world).await;
    quiesce(&world, &mut [&mut mvno]).await;
    carrier.take_to(1).await;
    let done = ResultOutcome::Executed;
    let one = |number| crate::receiver::each(1, &[(Box::leak(e164(number).into_boxed_str()), done, None)]);
    carrier.ack(&world, one(2)).await.expect("settled");
    assert_eq!(last(&world, CARRIER).await, 1, "the others may come soon");
    world.clock.pass(std::time::Duration::from_secs(5));
    assert_eq!(world.gateway.look_at_orders().await.expect("looked"), 1);
    assert_eq!(last(&world, CARRIER).await, 2);
    carrier.ack(&world, one(1)).await.expect("settled");
    carrier.ack(&world, one(3)).await.expect("settled");
    let readings = carrier.take_to(3).await;
    let read: Vec<Vec<&str>> = readings
        .iter()
        .map(|command| command.numbers.iter().map(|told| told.msisdn.as_str()).collect())
        .collect();
    assert_eq!(read, [vec![e164(2)], vec![e164(1), e164(3)]]);
    for command in &readings {
        let ack = carrier.execute(command);
        carrier.ack(&world, ack).await.expect("settled");
    }
    assert_eq!(counts(&world, &id).await, [(NumberState::Verified, 3)]);
}
