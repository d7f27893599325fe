//! What lists and watches of large orders cost: a page is found by an index, and whoever watches an order is told by its
//! pulse that there is something to count.

use std::time::Duration;

use greenlane::{
    domain::{
        shutdown::{HeldDecision, NumberState, OrderState},
        time::DAY,
    },
    service::context::Context,
    store::{
        Value,
        sql::{
            self,
            shutdown_number::{FLAGGED, OF_ORDER, PLAIN},
            shutdown_pulse::Pulse,
        },
    },
};

use crate::{
    force::{Line, ONE, TWO, by, count, is_in, number, numbers, officer, sums, terms},
    orders::answer,
    world::{World, working},
};

const HOUR: Duration = Duration::from_secs(60 * 60);
/// In how many words an engine says how it goes about a query, and in which column.
const EXPLAINS: [(&str, usize); 2] = [("EXPLAIN QUERY PLAN", 3), ("EXPLAIN", 0)];

async fn explained(world: &World, how: (&str, usize), query: &str, values: Vec<Value>) -> String {
    let sql: &'static str = Box::leak(format!("{} {query}", how.0).into_boxed_str());
    let read = world.store().read(working(move |tx| {
        let values = values.clone();
        Box::pin(async move {
            let rows = tx.query(sql, &values).await?;
            Ok(rows.iter().map(|row| format!("{}\n", row.text(how.1).unwrap_or_default())).collect())
        })
    }));
    read.await.expect("explained")
}

async fn written(world: &World, sql: &'static str) {
    let done =
        world.store().write(working(move |tx| Box::pin(async move { Ok(tx.execute(sql, &[]).await?) })));
    done.await.expect("written");
}

async fn is_found(world: &World, how: (&str, usize), order: &str) {
    let none = || Value::from("");
    let id = || Value::from(order);
    for (query, values) in [
        (OF_ORDER, vec![id(), 900.into(), none(), none(), none(), 51.into()]),
        (PLAIN, vec![id(), 900.into(), 51.into()]),
        (FLAGGED, vec![id(), 0.into(), 900.into(), 51.into()]),
    ] {
        let told = explained(world, how, query, values).await;
        assert!(told.contains("shutdown_number_in_order"), "{told}");
        let sorts = told.contains("Sort") || told.contains("TEMP B-TREE");
        assert!(!sorts && !told.contains("Seq Scan on shutdown_number"), "{told}");
    }
}

/// Several orders of which half of the numbers have something to be said of.
async fn a_page_is_found(world: World, how: (&str, usize), uncounted: bool) {
    let world = world.force().await;
    let mut orders = Vec::new();
    for at in 0..4 {
        orders.push(world.plan(ONE, terms(&world, ONE), &numbers(at * 2_000..(at + 1) * 2_000)).await.id);
    }
    written(&world, "UPDATE shutdown_number SET flags = 0 WHERE (n & 1) = 0").await;
    if uncounted {
        is_found(&world, how, &orders[1]).await;
    }
    written(&world, "ANALYZE").await;
    is_found(&world, how, &orders[1]).await;
}

#[tokio::test]
async fn a_page_is_found_by_an_index_on_sqlite() {
    a_page_is_found(World::empty().await, EXPLAINS[0], true).await;
}

#[tokio::test]
async fn a_page_is_found_by_an_index_on_postgres() {
    a_page_is_found(World::postgres().await, EXPLAINS[1], false).await;
}

/// The counts of an order, and its pulse, at two moments one after the other.
struct Beat<'w> {
    world: &'w World,
    id: String,
    counts: Vec<(NumberState, i64)>,
    pulse: Pulse,
}

// === impl Beat ===

impl<'w> Beat<'w> {
    async fn of(world: &'w World, id: &str) -> Self {
        let mut beat = Self { world, id: id.to_owned(), counts: Vec::new(), pulse: Pulse::default() };
        beat.takes().await;
        beat
    }

    /// Whether a receiver had something to answer.
    async fn answered(&mut self) -> bool {
        let mut any = false;
        for receiver in ["mvnos/m01", "carriers/telecom"] {
            let before = self.pulse.clone();
            if answer(self.world, receiver).await > 0 {
                any = true;
                self.takes().await;
                let of_another = self.counts.iter().any(|(state, _)| *state == NumberState::Restoring);
                assert!(of_another || self.pulse != before, "{receiver} has answered");
            }
        }
        any
    }

    /// Looks again, and says whether there is anything else to show. Where there is, the pulse has said so.
    async fn takes(&mut self) -> bool {
        let id = self.id.clone();
        let read = self.world.store().read(working(move |tx| {
            let id = id.clone();
            Box::pin(async move { Ok(sql::shutdown_pulse::take(tx, &id).await?) })
        }));
        let pulse = read.await.expect("read");
        let counts = self.world.shown(&self.id).await.counts;
        let (changed, beat) = (counts != self.counts, pulse != self.pulse);
        assert!(beat || !changed, "{:?} became {counts:?} without a beat", self.counts);
        (self.counts, self.pulse) = (counts, pulse);
        changed
    }
}

async fn the_pulse_tells(world: World) {
    let world = world.force().await;
    let plan = world.plan(ONE, terms(&world, ONE), &numbers(0..200)).await;
    let order = world.issue(ONE, &plan).await.expect("issued").order;
    let mut beat = Beat::of(&world, &order.id).await;
    assert!(!beat.takes().await, "nothing happened");
    let still = beat.pulse.clone();
    world.order(TWO, terms(&world, TWO), &[number(500)]).await;
    assert!(!beat.takes().await && beat.pulse == still, "to another order");
    world.approve(TWO, &order.id, &order.plan_sha256).await.expect("approved");
    assert!(beat.takes().await, "the first wave");
    world.clock.pass(HOUR * 3);
    world.gateway.redeliver().await.expect("looked at");
    assert!(beat.takes().await, "late");
    let before = beat.pulse.clone();
    world.halt(ONE, &order.id).await.expect("halted");
    assert!(!beat.takes().await && beat.pulse != before, "a state is a beat too");
    let on = Context { reason: "it goes on".to_owned(), ..by(ONE) };
    let code = plan.confirm_code.clone();
    world.gateway.issue_shutdown(on, order.id.clone(), code).await.expect("it goes on");
    world.approve(TWO, &order.id, &order.plan_sha256).await.expect("approved");
    let came = Line { start: world.now(), recorded: world.now(), ..world.line(number(55), "came") };
    world.lines(&[came]).await;
    while beat.answered().await {}
    let shown = world.shown(&order.id).await;
    assert_eq!(count(&shown, NumberState::Held), 1, "{shown:?}");
    let named = vec![number(55).as_str().into()];
    let spare = Some(HeldDecision::Spare);
    let spared = world.gateway.decide_held_numbers(by(ONE), order.id.clone(), named, spare).await;
    spared.expect("decided");
    assert!(beat.takes().await, "spared");
    let back = world.plan_back(ONE, &order.id, &numbers(0..2)).await.expect("planned");
    world.issue(ONE, &back).await.expect("issued");
    beat.takes().await;
    while beat.answered().await {}
    assert!(beat.counts.contains(&(NumberState::Restored, 2)), "{:?}", beat.counts);
}

#[tokio::test]
async fn the_pulse_tells_of_every_change_on_sqlite() {
    the_pulse_tells(World::empty().await).await;
}

#[tokio::test]
async fn the_pulse_tells_of_every_change_on_postgres() {
    the_pulse_tells(World::postgres().await).await;
}

/// What another node does wakes nobody here, and is seen all the same; so is the end, by every watcher.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn watchers_at_another_node_see_the_end() {
    let world = World::postgres().await.force().await;
    let beside = world.beside().await;
    let order = world.order(ONE, terms(&world, ONE), &numbers(0..3)).await;
    let mut watchers = Vec::new();
    for _ in 0..5 {
        let id = order.id.clone();
        watchers.push(beside.gateway.watch_shutdown_order(&officer(ONE), id).await.expect("a watch"));
    }
    while answer(&world, "mvnos/m01").await + answer(&world, "carriers/telecom").await > 0 {}
    world.clock.pass(DAY / 24);
    for mut watcher in watchers {
        let mut last = None;
        while let Some(seen) = watcher.recv().await {
            let seen = seen.expect("an order");
            sums(&seen);
            last = Some(seen);
        }
        is_in(&last.expect("at once"), OrderState::Completed);
    }
}
