//! Halts raced against whatever releases: after a halt's answer nothing more of its order is put into an outbox.
//! `HALTS=1000` for the full run; on PostgreSQL by two nodes. The control is an answer without a halt.

use greenlane::domain::{refusal::Reason, shutdown::OrderState};
use tokio::sync::oneshot;

use crate::{
    force::{ONE, TWO, terms},
    orders::answer,
    support::figure::{asked, chance},
    world::World,
};

/// Numbers of each order: over the limit, so that they go in waves.
const EACH: usize = 101;
/// More rounds than an order takes to be through.
const ENOUGH: usize = 20;

/// What is released of all orders.
const RELEASED: &str = "SELECT COUNT(*) FROM shutdown_batch WHERE release_time IS NOT NULL";

/// Blocks for so many orders, no number in two of them.
async fn blocks(world: &World, halts: usize) {
    for block in 1..=(halts * EACH).div_ceil(10_000) {
        world.allot("mvnos/m01", &format!("162{block:04}")).await;
    }
}

fn number(n: usize) -> String {
    format!("162{:04}{:04}", n / 10_000 + 1, n % 10_000)
}

/// Has everything that is out executed and read, and the waves after it released, until the order is no longer going on.
/// Says when it has begun.
async fn go_on(world: World, order: String, steps: usize, begun: oneshot::Sender<()>) {
    let mut begun = Some(begun);
    for step in 0..ENOUGH {
        if step == steps
            && let Some(begun) = begun.take()
        {
            begun.send(()).expect("somebody waits");
        }
        answer(&world, "mvnos/m01").await;
        answer(&world, "carriers/telecom").await;
        world.gateway.look_at_orders().await.expect("looked at");
        if world.shown(&order).await.state != OrderState::InProgress {
            break;
        }
    }
    drop(begun); // through before its time: whoever waits goes on
}

/// How many of so many halts came in time, and what was released after one of their answers.
struct Raced {
    halted: usize,
    after: i64,
}

/// The order of that round, its first wave out.
async fn going(world: &World, round: usize) -> String {
    let list: Vec<String> = (0..EACH).map(|n| number(round * EACH + n)).collect();
    let order = world.order(ONE, terms(world, ONE), &list).await;
    world.approve(TWO, &order.id, &order.plan_sha256).await.expect("approved");
    order.id
}

/// One node releases while the other halts.
async fn race(nodes: [World; 2], halts: usize) -> Raced {
    blocks(&nodes[0], halts).await;
    let mut raced = Raced { halted: 0, after: 0 };
    for round in 0..halts {
        let order = going(&nodes[0], round).await;
        let (begun, it_has) = oneshot::channel();
        let releasing = tokio::spawn(go_on(nodes[0].clone(), order.clone(), chance(3), begun));
        let _ = it_has.await; // or it is through
        let halted = nodes[1].halt(TWO, &order).await;
        let answered = nodes[1].number(RELEASED).await;
        releasing.await.expect("no panic");
        match halted {
            Ok(halted) => {
                assert_eq!(halted.order.state, OrderState::Halted);
                raced.halted += 1;
                raced.after += nodes[1].number(RELEASED).await - answered;
            }
            // It was through before the halt came.
            Err(refusal) => assert_eq!(refusal.reason, Reason::OrderState),
        }
    }
    raced
}

async fn nothing_goes_after_it(nodes: [World; 2]) {
    let halts = asked("HALTS", 12);
    let raced = race(nodes, halts).await;
    println!("{halts} halts, {} in time, {} released after their answers", raced.halted, raced.after);
    assert!(raced.halted > 0, "some came in time");
    assert_eq!(raced.after, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_goes_after_a_halt_on_sqlite() {
    let world = World::empty().await.force().await;
    nothing_goes_after_it([world.clone(), world]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_goes_after_a_halt_on_postgres() {
    let world = World::postgres().await.force().await;
    let beside = world.beside().await;
    nothing_goes_after_it([world, beside]).await;
}

/// The control: an answer without a halt behind it is found out by the same figure.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_halt_that_is_none_is_found_out() {
    let world = World::empty().await.force().await;
    blocks(&world, 1).await;
    let order = going(&world, 0).await;
    let answered = world.number(RELEASED).await;
    let (begun, _it_has) = oneshot::channel();
    go_on(world.clone(), order, ENOUGH, begun).await;
    assert!(world.number(RELEASED).await > answered, "the control must release more");
}
