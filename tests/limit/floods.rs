//! Floods: answers at a pace, connections told to go, and calls whose refusals would fill the ledger.

use std::time::Duration;

use futures_util::future::join_all;
use greenlane::layer::limit::Settings;
use tokio::time::Instant;

use crate::world::{CHECK, SUSPEND, World, hangs_up, is_ok, rate, reason, settings};

#[tokio::test(start_paused = true)]
async fn refusals_come_at_a_pace() {
    let world = World::new(Settings { answers: 100, longest_hold: Duration::from_secs(2), ..settings(1, 1) });
    world.call("carrier/telecom", CHECK).await;
    let start = Instant::now();
    let flood = join_all((0..150).map(|_| world.call("carrier/telecom", CHECK)));
    let answers = flood.await;
    assert_eq!(start.elapsed().as_millis() / 10, 150);
    assert!(answers.iter().filter(|answer| !is_ok(answer)).all(|answer| !hangs_up(answer)));
    // Who comes alone hardly waits, and others do not wait at all.
    tokio::time::sleep(Duration::from_millis(20)).await;
    let start = Instant::now();
    assert!(is_ok(&world.call("carrier/unicom", CHECK).await));
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn who_does_not_wait_is_told_to_go() {
    let world = World::new(Settings { answers: 100, longest_hold: Duration::from_secs(2), ..settings(1, 1) });
    world.call("carrier/telecom", CHECK).await;
    let mut flood: Vec<_> = (0..200).map(|_| world.begin("carrier/telecom", CHECK)).collect();
    for held in &mut flood {
        assert!(futures_util::poll!(held).is_pending());
    }
    let answer = world.call("carrier/telecom", CHECK).await;
    assert!(hangs_up(&answer) && !is_ok(&answer));
    // It does not help to give up and ask again: a place that was taken stays taken.
    drop(flood);
    assert!(hangs_up(&world.call("carrier/telecom", CHECK).await));
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(is_ok(&world.call("carrier/telecom", CHECK).await));
}

/// Each denied call is a ledger entry; only so many get that far.
#[tokio::test(start_paused = true)]
async fn denied_calls_soon_get_no_further() {
    let world = World::new(Settings { refusals: rate(5, 20), ..Settings::default() });
    let mut denied = 0;
    for _ in 0..100 {
        let (_, reason) = reason(&world.call("carrier/telecom", SUSPEND).await);
        denied += usize::from(reason == "ROLE_MISSING");
    }
    // Held answers take time, in which a few more are earned.
    assert!((20..=23).contains(&denied), "{denied}");
    assert_eq!(world.through(), denied);
    // Its other methods, and other callers, do not suffer.
    assert!(is_ok(&world.call("carrier/telecom", CHECK).await));
    assert_eq!(reason(&world.call("carrier/unicom", SUSPEND).await).1, "ROLE_MISSING");
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(reason(&world.call("carrier/telecom", SUSPEND).await).1, "ROLE_MISSING");
}

/// Each abandoned call is a ledger entry too.
#[tokio::test(start_paused = true)]
async fn abandoned_calls_soon_get_no_further() {
    let world = World::new(Settings { refusals: rate(5, 20), ..Settings::default() }).holding(CHECK);
    for _ in 0..100 {
        let mut call = world.begin("carrier/telecom", CHECK);
        let _ = futures_util::poll!(&mut call);
        drop(call);
    }
    assert!((20..=23).contains(&world.through()), "{}", world.through());
    assert_eq!(reason(&world.call("carrier/telecom", CHECK).await).1, "RATE_LIMITED");
}

/// Answered calls cost nothing of that budget.
#[tokio::test(start_paused = true)]
async fn answered_calls_are_not_refusals() {
    let world = World::new(Settings { refusals: rate(1, 1), ..Settings::default() });
    for _ in 0..1_000 {
        assert!(is_ok(&world.call("carrier/telecom", CHECK).await));
    }
}
