//! Submissions sent once or several times, all at once, have one effect each (`SUBMISSIONS=10000` for as many as are
//! promised), with a sender who says each time that it is another as control; and the counts of an order sum at every
//! moment that anybody looks.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use greenlane::domain::{shutdown::OrderState, time::Time};
use tokio::task::JoinSet;

use crate::{
    force::{ONE, TWO, by, number, numbers, officer, personal, sums, terms},
    orders::answer,
    world::World,
};

fn submissions() -> usize {
    std::env::var("SUBMISSIONS").ok().and_then(|many| many.parse().ok()).unwrap_or(200)
}

/// At once, at most: more would wait in the writer's queue, and be told so.
const TOGETHER: usize = 100;

/// What came of them all.
#[derive(Debug, PartialEq)]
struct Effects {
    answered: usize,
    issued: i64,
    numbers: i64,
    entered: i64,
}

/// Sends so many, each one to five times at once; under another order's number each time where the sender is `heedless`.
async fn effects(world: World, submissions: usize, heedless: bool) -> Effects {
    let world = world.force().await;
    let mut effects: HashSet<String> = HashSet::new();
    let all: Vec<usize> = (0..submissions).collect();
    for group in all.chunks(TOGETHER) {
        let mut calls = JoinSet::new();
        for n in group {
            let once = terms(&world, ONE);
            for again in 0..=(n % 5) {
                let asked = if heedless { terms(&world, ONE) } else { once.clone() };
                let (gateway, msisdn) = (world.gateway.clone(), number(n % 10_000));
                let who = if again % 2 == 0 { ONE } else { TWO };
                calls.spawn(async move {
                    let plan = gateway
                        .plan_shutdown(by(who), asked, personal(&[msisdn]))
                        .await
                        .expect("planned")
                        .answer;
                    let code = plan.confirm_code.clone();
                    let issued =
                        gateway.issue_shutdown(by(who), plan.id.clone(), code).await.expect("issued").answer;
                    assert_eq!(issued.order.id, plan.id);
                    plan.id
                });
            }
        }
        while let Some(id) = calls.join_next().await {
            effects.insert(id.expect("no panic"));
        }
    }
    let acts = "SELECT COUNT(*) FROM entry WHERE subject LIKE 'shutdownOrders/%' AND kind = 'ACT'
                  AND detail NOT LIKE '%replayed%' AND method <> 'alarm'";
    Effects {
        answered: effects.len(),
        issued: world.number("SELECT COUNT(*) FROM shutdown_order WHERE issue_time IS NOT NULL").await,
        // Of plans beside them too.
        numbers: world.number("SELECT COUNT(*) FROM shutdown_number").await,
        entered: world.number(acts).await,
    }
}

async fn one_effect_each(world: World) {
    let many = i64::try_from(submissions()).expect("few");
    let each = Effects { answered: submissions(), issued: many, numbers: many, entered: many };
    assert_eq!(effects(world, submissions(), false).await, each);
}

/// The control: whoever makes another submission of each try has as many effects as tries, and the same measure tells.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sender_who_numbers_each_try_is_found_out() {
    // One to five times each: three on average.
    let tries = Effects { answered: 60, issued: 60, numbers: 60, entered: 60 };
    assert_eq!(effects(World::empty().await, 20, true).await, tries);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_effect_each_on_sqlite() {
    one_effect_each(World::empty().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_effect_each_on_postgres() {
    one_effect_each(World::postgres().await).await;
}

async fn counts_sum(world: World) {
    let world = Arc::new(world.force().await);
    let order = world.order(ONE, terms(&world, ONE), &numbers(0..600)).await;
    let over = Arc::new(AtomicBool::new(false));
    let sampled = {
        let (world, over, id) = (world.clone(), over.clone(), order.id.clone());
        tokio::spawn(async move {
            let (mut samples, mut last) = (0, Time::default());
            while !over.load(Ordering::Relaxed) {
                let order = world.gateway.shutdown_order(&officer(ONE), id.clone()).await.expect("an order");
                sums(&order);
                assert!(order.update_time >= last);
                last = order.update_time;
                samples += 1;
            }
            samples
        })
    };
    world.approve(TWO, &order.id, &order.plan_sha256).await.expect("approved");
    while world.shown(&order.id).await.state == OrderState::InProgress {
        answer(&world, "mvnos/m01").await;
        answer(&world, "carriers/telecom").await;
        world.gateway.look_at_orders().await.expect("looked at");
        world.clock.pass(std::time::Duration::from_secs(1));
    }
    over.store(true, Ordering::Relaxed);
    let samples = sampled.await.expect("every sample sums");
    assert!(samples > 0);
    assert_eq!(world.shown(&order.id).await.state, OrderState::Completed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counts_sum_on_sqlite() {
    counts_sum(World::empty().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counts_sum_on_postgres() {
    counts_sum(World::postgres().await).await;
}
