//! CheckStatus at one of three nodes on PostgreSQL and Redis, beside the only node on a file: the answer comes from
//! memory in both, so it costs no more. The others run beside it, on its core.

use std::sync::Arc;

use greenlane::{domain::time::Clock, host::SystemClock};

use crate::{
    Row,
    contest::{Contestant, Course, Size},
    cores::Cores,
    gateway,
    support::{postgres::Cluster, redis::Redis},
};

/// At most so many times the only node's.
const MOST: f64 = 1.05;

pub(super) async fn row(size: Size, cores: Cores) -> Row {
    let (cluster, redis) = (Cluster::start(), Redis::start());
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
    let contestants =
        vec![Contestant { name: "one of three", server: first }, Contestant { name: "alone", server: alone }];
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let tls = gateway::carrier(&dir);
    let course = Course { contestants, tls, question: gateway::question(), clock, size };
    let outcome = course.run().await.remove(0);
    let (of, to) = (outcome.medians[0], outcome.medians[1]);
    let ratio = of.cpu_saturated / to.cpu_saturated;
    let steady = of.cpu_steady / to.cpu_steady;
    Row {
        what: "CheckStatus at one of three nodes on PostgreSQL and Redis, CPU per call".to_owned(),
        yardstick: format!(
            "the only node on SQLite, {:.1} µs saturated, {:.1} µs at {:.0}/s",
            to.cpu_saturated, to.cpu_steady, outcome.rate
        ),
        found: format!(
            "{:.1} µs saturated, {ratio:.2}x; {:.1} µs at equal load, {steady:.2}x",
            of.cpu_saturated, of.cpu_steady
        ),
        target: "<= 1.05x",
        met: ratio <= MOST && steady <= MOST,
    }
}
