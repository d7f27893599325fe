//! How far one primary carries: acts a second, at three nodes, by so many callers at once. Each is one transaction that
//! takes its revision from one row, so they go one after the other; beside it, bare INSERT transactions one after the
//! other.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use greenlane::{domain::time::Clock, host::SystemClock};
use tokio::task::JoinSet;

use crate::{Row, fact::Bare, support::postgres::Cluster, world::Nodes};

const CALLERS: usize = 64;

pub(super) async fn row(writes: usize) -> Row {
    let cluster = Cluster::start();
    let url = cluster.create_database("primary");
    let nodes = Arc::new(Nodes::on(&url, 3).await);
    let mvnos = Arc::new(nodes.compliant("primary", CALLERS).await);
    nodes.warm().await;
    cluster.sql("primary", "CREATE TABLE bare (id BIGINT PRIMARY KEY, body TEXT NOT NULL)");
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let (left, begun) = (Arc::new(AtomicUsize::new(writes)), clock.monotonic());
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        let (nodes, mvnos, left) = (nodes.clone(), mvnos.clone(), left.clone());
        callers.spawn(async move {
            let take = |left: usize| left.checked_sub(1);
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok() {
                nodes.node(caller).inspect(&mvnos[caller], 0).await;
            }
        });
    }
    callers.join_all().await;
    let acts = writes as f64 / (clock.monotonic() - begun).as_secs_f64();
    let (mut bare, begun) = (Bare::connect(&url).await, clock.monotonic());
    for nth in 0..writes {
        bare.timed(nth, clock.as_ref()).await;
    }
    let inserts = writes as f64 / (clock.monotonic() - begun).as_secs_f64();
    Row {
        what: format!("acts at three nodes by {CALLERS} callers"),
        yardstick: format!("bare INSERT transactions, one after the other, {inserts:.0}/s"),
        found: format!("{acts:.0}/s, {:.2}x", acts / inserts),
        target: "-",
        met: true,
    }
}
