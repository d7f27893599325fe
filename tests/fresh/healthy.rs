//! A regulator's write, and the last answer from before it anywhere.

use super::{asked, nodes::Nodes, readers::Readers};
use crate::support::{postgres::Cluster, redis::Redis};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_answer_is_older_than_the_bound() {
    let redis = Redis::start();
    let url = Cluster::shared().fresh_database();
    let mut nodes = Nodes::start(&url, Some(&redis.url()));
    let readers = Readers::start(&nodes, asked("READERS", 2));
    readers.more(20).await;
    let mut writes = Vec::new();
    for _ in 0..asked("WRITES", 40) {
        writes.push(nodes.write().await);
        readers.more(5).await;
    }
    let late = readers.stop(&writes).await;
    println!("healthy, 3 nodes: {late}");
    assert!(late.max_ms() <= 1000.0, "{late}");
    assert_eq!(late.tally.refused, 0, "a healthy node answers");
}
