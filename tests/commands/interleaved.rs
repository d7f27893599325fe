//! One number is cut and let back again and again, while its receivers are anywhere between behind and ahead, are cut off,
//! and get commands twice: in the end it is what the highest sequence says, for both of them and for the record.

use greenlane::domain::shutdown::{CommandKind, NumberState, OrderState};

use crate::{
    orders::{CARRIER, MVNO, Shut, counts, e164, let_back, numbers, order, shut},
    receiver::{Receiver, last, quiesce},
    support::figure::{asked, chance},
    world::{World, caller},
};

/// Takes up to so many commands that are there, and acknowledges some of them at once and the others never.
async fn some(world: &World, receiver: &mut Receiver, most: usize) {
    let to = last(world, &receiver.name().to_string()).await;
    let mut left = most;
    if receiver.cursor >= to {
        return;
    }
    let mut commands = receiver.take_to(to).await;
    if receiver.heedless {
        commands.reverse();
    }
    for command in commands {
        if left == 0 {
            // Read from the wire, and forgotten by a crash: it comes again.
            break;
        }
        left -= 1;
        let ack = receiver.execute(&command);
        if chance(4) > 0 {
            receiver.ack(world, ack).await.expect("settled");
        }
    }
    if left == 0 || chance(8) == 0 {
        receiver.cut();
        receiver.came.clear();
        receiver.open(world).await;
    }
}

async fn interleaved(world: World, rounds: usize, heedless: bool) -> (usize, usize) {
    let (mut mvno, mut carrier) = (Receiver::of(MVNO), Receiver::of(CARRIER));
    (mvno.heedless, carrier.heedless) = (heedless, heedless);
    mvno.open(&world).await;
    carrier.open(&world).await;
    let (mut wrong, mut orders) = (0, 0);
    for round in 0..rounds {
        let number = u32::try_from(round).expect("few") + 1;
        let list = numbers(number, 1);
        let mut issued: Vec<String> = Vec::new();
        let steps = 2 + chance(5);
        for step in 0..steps {
            let id = match issued.last() {
                Some(last) if step % 2 == 1 => let_back(&world, last).await,
                _ => shut(&world, Shut { numbers: &list, ..Shut::default() }).await,
            };
            issued.push(id);
            let (one, other) = (chance(4), chance(4));
            some(&world, &mut mvno, one).await;
            some(&world, &mut carrier, other).await;
        }
        // Whatever was not acknowledged comes again.
        for _ in 0..3 {
            world.clock.pass(std::time::Duration::from_secs(2 * 60 * 60));
            world.gateway.redeliver().await.expect("looked");
            world.gateway.look_at_orders().await.expect("looked");
            for receiver in [&mut mvno, &mut carrier] {
                // From the beginning of this round: the cursor of a receiver that lost what it had.
                receiver.came.clear();
                receiver.cut();
                receiver.cursor = (receiver.cursor - 10).max(0);
                receiver.open(&world).await;
            }
            quiesce(&world, &mut [&mut mvno, &mut carrier]).await;
        }
        orders += issued.len();
        let off = steps % 2 == 1;
        let msisdn = e164(number);
        for receiver in [&mvno, &carrier] {
            wrong += usize::from(receiver.network.get(&msisdn).is_none_or(|(_, is)| *is != off));
        }
        for (at, id) in issued.iter().enumerate() {
            let shown = counts(&world, id).await;
            let order = order(&world, id).await;
            let is_last = at + 1 == issued.len();
            let right = match order.kind {
                CommandKind::Shutdown if is_last => shown == [(NumberState::Verified, 1)],
                CommandKind::Shutdown => shown == [(NumberState::Restored, 1)],
                _ if is_last => shown == [(NumberState::Restored, 1)],
                // Read before the next one overtook it, or not any more.
                _ => shown == [(NumberState::Restored, 1)] || shown == [(NumberState::Refused, 1)],
            };
            let ended = matches!(order.state, Some(OrderState::Completed | OrderState::Partial));
            if !right || (is_last && !ended) {
                eprintln!(
                    "round {round}, step {at} of {steps}: {:?} {shown:?} {:?}",
                    order.kind, order.state
                );
                wrong += 1;
            }
        }
    }
    // And where one would start again, only what is off is told.
    let mut off = Vec::new();
    let mut token = String::new();
    loop {
        let page =
            world.gateway.list_commanded(&caller("carrier/unicom"), 1000, &token).await.expect("a page");
        off.extend(page.numbers.into_iter().map(|number| number.msisdn));
        token = page.next;
        if token.is_empty() {
            break;
        }
    }
    off.sort();
    let expected: Vec<String> =
        carrier.network.iter().filter(|(_, (_, off))| *off).map(|(msisdn, _)| msisdn.clone()).collect();
    wrong += usize::from(off != expected);
    (orders, wrong)
}

#[tokio::test]
async fn interleaved_on_sqlite() {
    let rounds = asked("ROUNDS", 60);
    let (orders, wrong) = interleaved(World::empty().await, rounds, false).await;
    eprintln!("{rounds} numbers, {orders} orders, {wrong} wrong final states");
    assert_eq!(wrong, 0);
}

#[tokio::test]
async fn interleaved_on_postgres() {
    let rounds = asked("ROUNDS", 40);
    let (orders, wrong) = interleaved(World::postgres().await, rounds, false).await;
    eprintln!("{rounds} numbers, {orders} orders, {wrong} wrong final states");
    assert_eq!(wrong, 0);
}

/// The control: receivers that follow what came last, and not the highest sequence, are found out.
#[tokio::test]
async fn heedless_receivers_are_found_out() {
    let (_, wrong) = interleaved(World::empty().await, 20, true).await;
    assert_ne!(wrong, 0);
}
