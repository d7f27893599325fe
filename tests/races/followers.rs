//! Eight writers on three nodes: no follower misses a revision, or hears of two in the wrong order. `REVISIONS=10000`
//! for the full figure. The control takes its numbers from a sequence, and a follower skips some of them.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering::SeqCst},
};

use greenlane::{
    domain::{standing::Standing, time::Time},
    store::{BoxFuture, Follower, Store, StoreError, Tx, Value, sql, sql::change::Change},
};
use tokio::task::JoinSet;

use crate::{
    support::{figure::asked, postgres::Cluster},
    world::{Nodes, name, working},
};

const WRITERS: usize = 8;

/// A revision, logged as acts do it.
async fn change(tx: &mut dyn Tx) -> Result<i64, StoreError> {
    let revision = sql::change::next_revision(tx).await?;
    let change = Change {
        revision,
        mvno: name("mvnos/m01"),
        standing: Standing::Watch,
        previous: Standing::Compliant,
        change_time: Time::from_micros(0),
        cause: "time".to_owned(),
    };
    sql::change::append(tx, &change).await?;
    tx.mark_changed();
    Ok(revision)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_follower_misses_a_revision() {
    let revisions = asked("REVISIONS", 1_000);
    let last = i64::try_from(revisions).expect("few");
    let nodes = Nodes::on(&Cluster::shared().fresh_database(), 3).await;
    nodes.warm().await;
    let mut followers = JoinSet::new();
    for node in &nodes.each {
        let mut changes = node.feed.subscribe();
        followers.spawn(async move {
            let mut seen = Vec::new();
            while seen.last() != Some(&last) {
                seen.push(changes.recv().await.expect("it keeps up").revision);
            }
            seen
        });
    }
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let store = nodes.node(writer).gateway.store.clone();
        let share = revisions / WRITERS + usize::from(writer < revisions % WRITERS);
        writers.spawn(async move {
            for _ in 0..share {
                let written = store.write(|tx| Box::pin(async move { Ok(change(tx).await?) }));
                written.await.expect("written");
            }
        });
    }
    writers.join_all().await;
    let expected: Vec<i64> = (1..=last).collect();
    for seen in followers.join_all().await {
        assert!(seen == expected, "{} heard of, of {revisions}", seen.len());
    }
    println!("revisions {revisions}, writers {WRITERS}, followers 3: missed 0, reordered 0");
}

/// A follower of the control's own table, which asks for what is above the highest number that it has seen.
#[derive(Default)]
struct Tail {
    seen: Mutex<Vec<i64>>,
}

// === impl Tail ===

impl Tail {
    async fn look(&self, tx: &mut dyn Tx) -> Result<(), StoreError> {
        let from = self.seen.lock().expect("short").last().copied().unwrap_or(0);
        let rows = tx.query("SELECT n FROM sequenced WHERE n > ?1 ORDER BY n", &[Value::Int(from)]).await?;
        let numbers = rows.iter().map(|row| row.int(0)).collect::<Result<Vec<_>, _>>()?;
        self.seen.lock().expect("short").extend(numbers);
        Ok(())
    }

    /// Numbers below the highest seen that were not.
    fn skipped(&self) -> usize {
        let seen = self.seen.lock().expect("short");
        let highest = usize::try_from(seen.last().copied().unwrap_or(0)).expect("not negative");
        highest - seen.len()
    }
}

impl Follower for Tail {
    fn follow<'t>(&'t self, tx: &'t mut dyn Tx) -> BoxFuture<'t, Result<(), StoreError>> {
        Box::pin(self.look(tx))
    }

    fn lost(&self) {}
}

/// The same writers, whose numbers do not wait for one another.
async fn write_sequenced(store: Store, found: Arc<AtomicBool>) {
    while !found.load(SeqCst) {
        let write = working(|tx| {
            Box::pin(async move {
                tx.execute("INSERT INTO sequenced (n) VALUES (nextval('revisions'))", &[]).await?;
                tx.mark_changed();
                Ok(())
            })
        });
        store.write(write).await.expect("written");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sequence_lets_followers_skip() {
    let url = Cluster::shared().fresh_database();
    let nodes = Nodes::on(&url, 3).await;
    let database = url.rsplit('/').next().expect("a name");
    let tables = "CREATE SEQUENCE revisions; CREATE TABLE sequenced (n BIGINT PRIMARY KEY)";
    Cluster::shared().sql(database, tables);
    let tails: Vec<_> = nodes
        .each
        .iter()
        .map(|node| {
            let tail = Arc::new(Tail::default());
            node.gateway.store.follow(tail.clone());
            tail
        })
        .collect();
    let found = Arc::new(AtomicBool::new(false));
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        writers.spawn(write_sequenced(nodes.node(writer).gateway.store.clone(), found.clone()));
    }
    while tails.iter().all(|tail| tail.skipped() == 0) {
        tokio::task::yield_now().await;
    }
    found.store(true, SeqCst);
    writers.join_all().await;
    let written = Cluster::shared().sql(database, "SELECT count(*) FROM sequenced");
    let skipped: Vec<_> = tails.iter().map(|tail| tail.skipped()).collect();
    println!("by a sequence: of {written} numbers the followers skipped {skipped:?}");
}
