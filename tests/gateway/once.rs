//! Submissions sent once or several times, all at once, have one effect each (`SUBMISSIONS=10000` for as many as are
//! promised); and the counts of an order sum at every moment that anybody looks.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use greenlane::domain::{
    shutdown::{OrderState, terms::Terms},
    time::Time,
};
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

async fn one_effect_each(world: World) {
    let world = world.force().await;
    let mut effects: HashSet<String> = HashSet::new();
    let all: Vec<usize> = (0..submissions()).collect();
    for group in all.chunks(TOGETHER) {
        let mut calls = JoinSet::new();
        for n in group {
            let asked = Terms { ..terms(&world, ONE) };
            for again in 0..=(n % 5) {
                let (gateway, asked, msisdn) = (world.gateway.clone(), asked.clone(), number(n % 10_000));
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
    let many = i64::try_from(submissions()).expect("few");
    assert_eq!(effects.len(), submissions());
    assert_eq!(world.number("SELECT COUNT(*) FROM shutdown_order WHERE issue_time IS NOT NULL").await, many);
    assert_eq!(world.number("SELECT COUNT(*) FROM shutdown_number").await, many, "no plan beside");
    let acts = "SELECT COUNT(*) FROM entry WHERE subject LIKE 'shutdownOrders/%' AND kind = 'ACT'
                  AND detail NOT LIKE '%replayed%' AND method <> 'alarm'";
    assert_eq!(world.number(acts).await, many);
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

/// A halt races with whatever releases: after its answer nothing more of the order is in an outbox.
async fn nothing_after_a_halt(world: World) {
    let world = Arc::new(world.force().await);
    for round in 0..10 {
        let list: Vec<String> = (0..120).map(|n| number(round * 120 + n)).collect();
        let order = world.order(ONE, terms(&world, ONE), &list).await;
        world.approve(TWO, &order.id, &order.plan_sha256).await.expect("approved");
        let releasing = {
            let (world, id) = (world.clone(), order.id.clone());
            tokio::spawn(async move {
                for _ in 0..20 {
                    answer(&world, "mvnos/m01").await;
                    answer(&world, "carriers/telecom").await;
                    world.gateway.look_at_orders().await.expect("looked at");
                    if world.shown(&id).await.state != OrderState::InProgress {
                        return;
                    }
                }
            })
        };
        let halted = world.halt(TWO, &order.id).await;
        let batches = "SELECT COUNT(*) FROM shutdown_batch WHERE release_time IS NOT NULL";
        let after = world.number(batches).await;
        releasing.await.expect("no panic");
        match halted {
            Ok(halted) => {
                assert_eq!(halted.order.state, OrderState::Halted);
                assert_eq!(world.number(batches).await, after, "released after a halt's answer");
            }
            // It was through before the halt came.
            Err(refusal) => assert_eq!(refusal.reason, greenlane::domain::refusal::Reason::OrderState),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_after_a_halt_on_sqlite() {
    nothing_after_a_halt(World::empty().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_after_a_halt_on_postgres() {
    nothing_after_a_halt(World::postgres().await).await;
}
