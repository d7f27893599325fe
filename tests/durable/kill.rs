//! `kill -9` of nodes that share a database, and the immediate stop of the database under them. `KILLS=50
//! MUTATIONS=10000` and `STOPS=50 MUTATIONS=10000` for the full figures; the node on SQLite is in `tests/wire/kill.rs`.

use crate::{
    nodes::Nodes,
    support::{
        figure::{asked, chance},
        load::Load,
        postgres::{Cluster, Mode},
    },
};

/// Until some more writes are acknowledged: so many on average, and nobody knows how many.
async fn a_while(load: &Load, writes: usize) {
    load.until(load.acknowledged() + 1 + chance(2 * writes)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_are_killed() {
    let (kills, mutations) = (asked("KILLS", 4), asked("MUTATIONS", 300));
    let url = Cluster::shared().fresh_database();
    let mut nodes = Nodes::start(&url);
    let load = nodes.load();
    for kill in 0..kills {
        a_while(&load, (mutations / kills).saturating_sub(8)).await;
        let node = &mut nodes.each[kill % 3];
        node.kill();
        // The others go on without it.
        load.until(load.acknowledged() + 8).await;
        node.start_again();
    }
    load.until(mutations).await;
    let acknowledged = load.stop().await;
    let found = nodes.check(&acknowledged, &url).await;
    let (begun, replayed) = (acknowledged.begun, acknowledged.replayed());
    println!("nodes killed {kills}, begun {begun}, acknowledged by a later attempt {replayed}, {found:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_database_is_stopped_at_once() {
    let (stops, mutations) = (asked("STOPS", 4), asked("MUTATIONS", 300));
    let mut cluster = Cluster::start();
    let url = cluster.create_database("kept");
    let nodes = Nodes::start(&url);
    let load = nodes.load();
    for _ in 0..stops {
        a_while(&load, mutations / stops).await;
        cluster.stop(Mode::Immediate);
        cluster.start_again();
    }
    load.until(mutations.max(load.acknowledged() + 8)).await;
    let acknowledged = load.stop().await;
    let found = nodes.check(&acknowledged, &url).await;
    let (begun, replayed) = (acknowledged.begun, acknowledged.replayed());
    println!(
        "database stopped {stops}, begun {begun}, acknowledged by a later attempt {replayed}, {found:?}"
    );
}
