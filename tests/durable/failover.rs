//! The primary killed and its synchronous standby promoted, under writes of three nodes that find the new primary by
//! themselves. `PROMOTIONS=20 MUTATIONS=10000` for the full figures.

use std::time::Duration;

use futures_util::future::join_all;
use greenlane::{
    domain::time::Clock,
    host::SystemClock,
    rpc::pb::{self, supervision_service_client::SupervisionServiceClient},
};
use prost_types::Timestamp;
use tonic::transport::Channel;

use crate::{
    nodes::Nodes,
    support::{
        figure::{asked, chance},
        pair::Pair,
        record::Record,
    },
};

/// Writes by way of that node alone until it is acknowledged; how long that took.
async fn writes_again(node: Channel) -> Duration {
    let clock = SystemClock::start();
    let mut node = SupervisionServiceClient::new(node);
    let talk = pb::RecordTalkRequest {
        mvno: "mvnos/m01".to_owned(),
        talk_time: Some(Timestamp { seconds: 1_469_000_000, nanos: 0 }),
        parties: vec!["regulators/miit".to_owned()],
        minutes_sha256: "0".repeat(64),
        request_id: greenlane::host::chance_id(),
        ..Default::default()
    };
    while node.record_talk(talk.clone()).await.is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await; // as a client does between two attempts
    }
    clock.monotonic()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_is_promoted() {
    let (promotions, mutations) = (asked("PROMOTIONS", 2), asked("MUTATIONS", 200));
    let mut pair = Pair::start();
    let url = pair.create_database("kept");
    let nodes = Nodes::start(&url);
    let load = nodes.load();
    let mut waited = Vec::new();
    for promotion in 0..promotions {
        if promotion > 0 {
            pair.rebuild();
        }
        load.until(load.acknowledged() + 1 + chance(2 * mutations / promotions)).await;
        pair.kill_primary();
        pair.promote_standby();
        // None of the nodes is told where to look.
        waited.extend(join_all(nodes.lazy().into_iter().map(writes_again)).await);
    }
    load.until(mutations.max(load.acknowledged() + 8)).await;
    let acknowledged = load.stop().await;
    let found = nodes.check(&acknowledged, &pair.primary().url("kept")).await;
    waited.sort_unstable();
    let (begun, replayed) = (acknowledged.begun, acknowledged.replayed());
    let (median, worst) = (waited[waited.len() / 2].as_millis(), waited[waited.len() - 1].as_millis());
    println!(
        "promotions {promotions}, a node writes again after {median} ms (median) and {worst} ms (worst), begun {begun}, acknowledged by a later attempt {replayed}, {found:?}"
    );
}

/// The control: a primary that waits for nobody, and a standby that hears nothing of it any more. What the nodes
/// acknowledged meanwhile is gone, and the check says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_waiting_what_was_acknowledged_is_lost() {
    let mut pair = Pair::start();
    let url = pair.create_database("kept");
    let nodes = Nodes::start(&url);
    let load = nodes.load();
    load.until(16).await;
    pair.stop_waiting();
    pair.kill_standby();
    load.until(load.acknowledged() + 16).await;
    let acknowledged = load.stop().await;
    pair.kill_primary();
    pair.start_standby_again();
    pair.promote_standby();
    let found = Record::Postgres(pair.primary().url("kept")).check(&acknowledged).await;
    println!("without waiting: {found:?}");
    assert!(found.lost >= 16, "{found:?}");
}
