//! A fact recorded at a node: its rows, its ledger entry, its revision and its reason, committed and followed; beside a
//! transaction with one INSERT and nothing else.

use std::{sync::Arc, time::Duration};

use greenlane::{domain::time::Clock, host::SystemClock};
use tokio_postgres::{Client, NoTls, Statement};

use crate::{
    Row,
    harness::figures::{median, micros},
    support::postgres::Cluster,
    world::Nodes,
};

/// Writes of each kind before the other has its turn.
const TURN: usize = 20;
/// Whose histories grow: to a few dozen facts each.
const MVNOS: usize = 40;
/// At most so many times the yardstick's.
const MOST: f64 = 2.0;

/// A bare INSERT on a connection of its own, prepared once.
pub(super) struct Bare {
    client: Client,
    insert: Statement,
}

/// So many of each, in turn.
pub(super) async fn row(writes: usize) -> Row {
    let cluster = Cluster::start();
    let url = cluster.create_database("fact");
    let nodes = Nodes::on(&url, 1).await;
    let mvnos = nodes.compliant("fact", MVNOS).await;
    nodes.warm().await;
    cluster.sql("fact", "CREATE TABLE bare (id BIGINT PRIMARY KEY, body TEXT NOT NULL)");
    let mut bare = Bare::connect(&url).await;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let (mut recorded, mut inserted) = (Vec::new(), Vec::new());
    for nth in 0..writes {
        let begun = clock.monotonic();
        nodes.node(0).inspect(&mvnos[nth % MVNOS], 0).await;
        recorded.push(clock.monotonic() - begun);
        if nth % TURN == TURN - 1 {
            for nth in nth + 1 - TURN..=nth {
                inserted.push(bare.timed(nth, clock.as_ref()).await);
            }
        }
    }
    let middle = |spans: &[Duration]| median(spans.iter().map(|span| micros(*span)));
    let (fact, insert) = (middle(&recorded), middle(&inserted));
    Row {
        what: "a fact recorded on PostgreSQL, followed and answered".to_owned(),
        yardstick: format!("a bare INSERT transaction, {insert:.0} µs"),
        found: format!("{fact:.0} µs, {:.2}x (medians of {writes})", fact / insert),
        target: "<= 2x",
        met: fact / insert <= MOST,
    }
}

// === impl Bare ===

impl Bare {
    pub(super) async fn connect(url: &str) -> Self {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("it lets us in");
        tokio::spawn(connection);
        let insert = client.prepare("INSERT INTO bare (id, body) VALUES ($1, $2)").await.expect("prepared");
        Self { client, insert }
    }

    /// One transaction, with a body of the size of a fact's.
    pub(super) async fn timed(&mut self, nth: usize, clock: &dyn Clock) -> Duration {
        let (id, body) = (i64::try_from(nth).expect("few"), "x".repeat(300));
        let begun = clock.monotonic();
        let transaction = self.client.transaction().await.expect("begun");
        transaction.execute(&self.insert, &[&id, &body]).await.expect("inserted");
        transaction.commit().await.expect("committed");
        clock.monotonic() - begun
    }
}
