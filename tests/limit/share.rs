//! Several nodes and one budget.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use greenlane::{
    cache::{Cache, memory::MemoryCache, none::NoCache},
    layer::limit::Share,
};

use crate::world::{CHECK, Paused, World, is_ok, reason, settings};

/// As the app wires it; counts how often the budget is asked.
fn share(cache: Arc<dyn Cache>, asked: Arc<AtomicUsize>) -> Share {
    Arc::new(move |organisation, count, rate| {
        asked.fetch_add(1, Ordering::SeqCst);
        cache.spend(&format!("calls/{organisation}"), count, rate)
    })
}

/// Calls that three nodes let in over five seconds, each asked far more than it may let in.
async fn let_in(cache: Arc<dyn Cache>, clock: Arc<Paused>) -> (usize, usize) {
    let asked = Arc::<AtomicUsize>::default();
    let shared = || Some(share(cache.clone(), asked.clone()));
    let nodes: Vec<_> = (0..3).map(|_| World::sharing(settings(100, 100), clock.clone(), shared())).collect();
    let mut calls = Vec::new();
    for _ in 0..1_000 {
        for node in &nodes {
            let mut call = node.begin("carrier/telecom", CHECK);
            // Those that are held are not waited for.
            let _ = futures_util::poll!(&mut call);
            calls.push(call);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    (nodes.iter().map(World::through).sum(), asked.load(Ordering::SeqCst))
}

#[tokio::test(start_paused = true)]
async fn three_nodes_let_in_no_more_than_one_would() {
    let clock = Paused::start();
    let (shared, asked) = let_in(Arc::new(MemoryCache::new(clock.clone())), clock).await;
    // A burst of 100 and 5 s of 100 a second; each node may be a chunk of 5 ahead.
    assert!((570..=620).contains(&shared), "{shared}");
    // Not a round trip for a call: 3,000 were made.
    assert!(asked <= 1_500, "{asked}");
}

#[tokio::test(start_paused = true)]
async fn out_of_reach_each_node_has_its_own() {
    let clock = Paused::start();
    let (alone, asked) = let_in(Arc::new(NoCache::new()), clock).await;
    assert!((1_750..=1_830).contains(&alone), "{alone}");
    // Once a second and node.
    assert!(asked <= 18, "{asked}");
}

/// A burst that the budget allows is let in, though no lease can be there yet.
#[tokio::test(start_paused = true)]
async fn the_first_burst_comes_on_credit() {
    let clock = Paused::start();
    let cache = Arc::new(MemoryCache::new(clock.clone()));
    let world = World::sharing(settings(100, 100), clock, Some(share(cache.clone(), Arc::default())));
    for _ in 0..100 {
        assert!(is_ok(&world.call("carrier/telecom", CHECK).await));
    }
    assert_eq!(reason(&world.call("carrier/telecom", CHECK).await).1, "RATE_LIMITED");
}

/// A share that never comes back, or that panics, is as if it were out of reach.
#[tokio::test(start_paused = true)]
async fn a_share_that_fails_fails_nobody() {
    let broken: Share = Arc::new(|_, _, _| Box::pin(async { panic!("a share that panics") }));
    let world = World::sharing(settings(1_000, 1_000), Paused::start(), Some(broken));
    for _ in 0..50 {
        for _ in 0..100 {
            assert!(is_ok(&world.call("carrier/telecom", CHECK).await));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
