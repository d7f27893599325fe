//! Two thousand checks at once at three nodes that have seen nothing yet: each node reads the record once. What the
//! database was asked is in its own log. `CHECKS=2000` is the ordinary run too.

use std::collections::HashMap;

use futures_util::future::join_all;
use greenlane::{
    domain::{name::ParticipantName, refusal::Reason, standing::Standing},
    store::sql,
};
use tokio::task::JoinSet;

use crate::{
    support::{figure::asked, postgres::Cluster},
    world::{Node, Nodes, working},
};

/// The statement by which a cold node reads every history.
const LOAD: &str = "FROM fact ORDER BY mvno, seq";

/// A database with forty MVNOs, every other one suspended, that logs what it is asked from now on.
async fn sown(cluster: &Cluster, database: &str) -> (String, HashMap<ParticipantName, Standing>) {
    let url = cluster.create_database(database);
    let nodes = Nodes::on(&url, 1).await;
    let mut standings = HashMap::new();
    for (nth, mvno) in nodes.compliant("herd", 40).await.into_iter().enumerate() {
        let standing =
            if nth % 2 == 0 { Standing::Compliant } else { nodes.node(0).suspend(&mvno).await.standing };
        standings.insert(mvno, standing);
    }
    cluster.sql("postgres", &format!("ALTER DATABASE \"{database}\" SET log_statement = 'all'"));
    (url, standings)
}

/// How often the record was loaded, once the log has come so far.
fn loads(cluster: &Cluster, database: &str) -> usize {
    cluster.sql(database, &format!("SELECT 'the end of {database}'"));
    cluster.logged(&format!("the end of {database}"));
    cluster.log().matches(LOAD).count()
}

/// Asks until it is answered: a check that had to wait too long is told to ask again. How often that was.
async fn ask(node: Node, mvno: ParticipantName, expected: Standing) -> usize {
    let mut again = 0;
    loop {
        match node.check(&mvno, 0).await {
            Ok(finding) => {
                assert_eq!(finding.decided().standing, expected, "{mvno}");
                return again;
            }
            Err(refusal) => {
                assert_eq!(refusal.reason, Reason::StoreUnavailable);
                again += 1;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cold_node_reads_the_record_once() {
    let checks = asked("CHECKS", 2_000);
    let cluster = Cluster::start();
    let (url, standings) = sown(&cluster, "herd").await;
    let nodes = Nodes::on(&url, 3).await;
    let mut herd = JoinSet::new();
    for (nth, (mvno, standing)) in standings.iter().cycle().take(checks).enumerate() {
        herd.spawn(ask(nodes.node(nth).clone(), mvno.clone(), *standing));
    }
    let again: usize = herd.join_all().await.into_iter().sum();
    let loads = loads(&cluster, "herd");
    println!("checks {checks} at 3 cold nodes: loads {loads}, wrong 0, asked again {again}");
    assert_eq!(loads, 3);
}

/// The control: every check loads for itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_sharing_each_check_reads_the_record() {
    let cluster = Cluster::start();
    let (url, _) = sown(&cluster, "each").await;
    let nodes = Nodes::on(&url, 3).await;
    let load = async |nth| {
        let read = working(|tx| Box::pin(async move { Ok(sql::fact::list_all(tx).await?.len()) }));
        nodes.node(nth).gateway.store.read(read).await.expect("read");
    };
    join_all((0..100).map(load)).await;
    let loads = loads(&cluster, "each");
    println!("checks 100, each with a load of its own: loads {loads}");
    assert!(loads >= 100, "{loads}");
}
