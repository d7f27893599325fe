//! A gateway that stood still while the world went on must not answer from what it held.

use std::time::Duration;

use super::{asked, nodes::Nodes, readers::Readers};
use crate::support::postgres::Cluster;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_gateway_knows_when_it_wakes() {
    let mut nodes = Nodes::start(&Cluster::shared().fresh_database(), None);
    let rounds = asked("FAULTS", 2);
    let mut late = 0;
    let mut answered = 0;
    for _ in 0..rounds {
        let mut readers = Readers::start(&nodes, 2);
        readers.more(20).await;
        nodes.all[2].pause();
        // Written where nobody is frozen, and with the frozen one's locks, if it holds any, let go by the database.
        let writes = [nodes.write_from(0).await, nodes.write_from(1).await];
        // Longer than what a snapshot is good for, or nothing is proved.
        tokio::time::sleep(Duration::from_millis(asked("PAUSE_MS", 1500).clamp(1000, 5000) as u64)).await;
        readers = readers.only_from_now();
        nodes.all[2].resume();
        readers.more(100).await;
        let found = readers.stop(&writes).await;
        late += found.late();
        answered += found.tally.answered;
    }
    println!(
        "a gateway stopped across a write, {rounds} times: {answered} answers since it woke, {late} stale"
    );
    assert_eq!(late, 0);
}
