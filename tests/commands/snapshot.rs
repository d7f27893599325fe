//! Cursors that are too old, and where to start again.

use std::time::Duration;

use greenlane::domain::{refusal::Reason, time::DAY};

use crate::{
    orders::{CARRIER, MVNO, Shut, e164, let_back, numbers, shut},
    receiver::{Receiver, quiesce},
    world::{World, caller, context_of},
};

async fn start_again(world: World) {
    let first = shut(&world, Shut { numbers: &numbers(1, 1200), ..Shut::default() }).await;
    let second = shut(&world, Shut { numbers: &numbers(2001, 300), ..Shut::default() }).await;
    shut(&world, Shut { numbers: &numbers(4001, 5), drill: true, ..Shut::default() }).await;
    let (mut mvno, mut carrier) = (Receiver::of(MVNO), Receiver::of(CARRIER));
    mvno.open(&world).await;
    carrier.open(&world).await;
    quiesce(&world, &mut [&mut mvno, &mut carrier]).await;
    let_back(&world, &second).await;
    quiesce(&world, &mut [&mut mvno, &mut carrier]).await;
    world.clock.pass(DAY * 90 + Duration::from_secs(1));
    shut(&world, Shut { numbers: &numbers(3001, 2), ..Shut::default() }).await;
    assert!(world.gateway.forget_commands().await.expect("forgotten") > 8);
    assert_eq!(world.gateway.forget_commands().await.expect("forgotten"), 0);
    let context = context_of(caller("mvno/m01"));
    let old = world.gateway.stream_commands(&context, 0).await.err().expect("too old");
    assert_eq!(old.reason, Reason::CursorTooOld);
    let old = world.gateway.pull_commands(&context, 2, 0).await.err().expect("too old");
    assert_eq!(old.reason, Reason::CursorTooOld);
    let beyond = world.gateway.stream_commands(&context, 1_000).await.err().expect("not given yet");
    assert_eq!(beyond.reason, Reason::InvalidFields);
    // What is to be off, page by page: real orders, and what was not let back.
    for (who, class) in [("mvno/m01", MVNO), ("carrier/unicom", CARRIER)] {
        let asks = caller(who);
        let (mut off, mut token, mut from) = (Vec::new(), String::new(), None);
        loop {
            let page = world.gateway.list_commanded(&asks, 500, &token).await.expect("a page");
            assert!(page.numbers.len() <= 500);
            from.get_or_insert(page.after_sequence);
            assert_eq!(from, Some(page.after_sequence), "of the first page");
            assert!(page.numbers.iter().all(|number| !number.order.contains(&second)));
            off.extend(page.numbers.into_iter().map(|number| number.msisdn));
            token = page.next;
            if token.is_empty() {
                break;
            }
        }
        let expected: Vec<String> = (1..=1200).chain(3001..=3002).map(e164).collect();
        assert_eq!(off, expected);
        let last = crate::receiver::last(&world, class).await;
        assert_eq!(from, Some(last));
        world.gateway.stream_commands(&context_of(asks), last).await.expect("and from there on");
    }
    let wrong = world.gateway.list_commanded(&caller("mvno/m02"), 0, "00.11").await.err().expect("no token");
    assert_eq!(wrong.reason, Reason::PageTokenMismatch);
    let none = world.gateway.list_commanded(&caller("mvno/m02"), 0, "").await.expect("a page");
    assert!(none.numbers.is_empty() && none.next.is_empty() && none.after_sequence == 0);
    drop(first);
}

#[tokio::test]
async fn start_again_on_sqlite() {
    start_again(World::empty().await).await;
}

#[tokio::test]
async fn start_again_on_postgres() {
    start_again(World::postgres().await).await;
}
