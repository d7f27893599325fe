//! CheckStatus at one of three nodes on PostgreSQL and Redis, beside the only node on a file: the answer comes from
//! memory in both, so it costs no more. The others run beside it, on its core.

use std::sync::Arc;

use greenlane::{domain::time::Clock, host::SystemClock};

use crate::{
    Row,
    harness::{
        contest::{self, Contestant, Course, Size},
        cores::Cores,
        figures::median,
        gateway,
    },
    support::{postgres::Cluster, redis::Redis},
};

/// At most so many times the only node's.
const MOST: f64 = 1.05;
/// Calls a second: what one organisation may ask of all nodes together is 50,000.
const RATE: f64 = 20_000.0;
const CONNECTIONS: usize = 8;

/// `cluster` and `redis` were started before anything was pinned: they run where there is room.
pub(super) async fn row(size: Size, cores: Cores, cluster: &Cluster, redis: &Redis) -> Row {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("gateway");
    let (record, cache) = (cluster.create_database("nodes"), redis.url());
    let on = ["--postgres", record.as_str(), "--redis", cache.as_str()];
    let node = |nth| {
        let more = [&on[..], &["--node", nth]].concat();
        gateway::start_with(&dir, 0, cores, &more)
    };
    // One folder, so that one certificate is let in by all; its first node is the one on a file.
    let alone = gateway::start(&dir, 0, cores);
    let (first, _second, _third) = (node("2"), node("3"), node("4"));
    let contestant = |name: &str, server| Contestant {
        name: name.to_owned(),
        server,
        identities: gateway::carriers(&dir),
        question: gateway::question(),
    };
    let contestants = vec![contestant("one of three", &first), contestant("alone", &alone)];
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let course = Course { contestants, clock, size };
    let found = course.rounds(CONNECTIONS, Some(RATE)).await;
    let cpu = |place: usize| median(found[place].iter().map(contest::cpu_per_call));
    let (of, to) = (cpu(0), cpu(1));
    Row {
        what: format!(
            "CheckStatus at one of three nodes on PostgreSQL and Redis, CPU per call at {RATE:.0}/s"
        ),
        yardstick: format!("the only node on SQLite, {to:.1} µs"),
        found: format!("{of:.1} µs, {:.2}x", of / to),
        target: "<= 1.05x",
        met: of / to <= MOST,
    }
}
