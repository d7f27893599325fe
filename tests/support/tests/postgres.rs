//! Clusters: what is committed outlives every way to end one, and what differs is what was asked for.

use std::time::Duration;

use tokio::time::timeout;
use tokio_postgres::{NoTls, connect};

use crate::support::{
    postgres::{Cluster, Mode, Options},
    tls::Certificate,
};

/// Short enough to wait for what must not happen.
const A_WHILE: Duration = Duration::from_millis(100);

#[test]
fn a_cluster_outlives_every_way_to_end_it() {
    let mut cluster = Cluster::start();
    cluster.sql("postgres", "CREATE TABLE kept (n INT)");
    let ends: [fn(&mut Cluster); 3] =
        [Cluster::kill, |cluster| cluster.stop(Mode::Immediate), |cluster| cluster.stop(Mode::Fast)];
    for (n, end) in ends.into_iter().enumerate() {
        cluster.sql("postgres", &format!("INSERT INTO kept VALUES ({n})"));
        end(&mut cluster);
        assert!(cluster.try_sql("postgres", "SELECT 1").is_err(), "it is down");
        cluster.start_again();
        let recovered = cluster.log().contains("was not properly shut down");
        assert_eq!(recovered, n < 2, "{}", cluster.log());
        assert_eq!(cluster.sql("postgres", "SELECT count(*) FROM kept"), (n + 1).to_string());
    }
}

#[tokio::test]
async fn a_paused_one_is_silent() {
    let cluster = Cluster::start();
    let (client, connection) = connect(&cluster.url("postgres"), NoTls).await.expect("it runs");
    tokio::spawn(connection);
    let ask = || client.simple_query("SELECT 1");
    ask().await.expect("an answer");
    cluster.pause();
    let mut asked = Box::pin(ask());
    assert!(timeout(A_WHILE, &mut asked).await.is_err(), "a connection that was open");
    assert!(timeout(A_WHILE, connect(&cluster.url("postgres"), NoTls)).await.is_err(), "a new one");
    cluster.resume();
    asked.await.expect("the answer, late");
}

#[test]
fn tests_share_a_cluster_each_on_its_own_database() {
    let cluster = Cluster::shared();
    let (one, other) = (cluster.fresh_database(), cluster.fresh_database());
    assert_ne!(one, other);
    for name in ["a", "b"] {
        cluster.create_database(name);
        cluster.sql(name, "CREATE TABLE own (n INT)");
    }
    assert!(cluster.try_sql("postgres", "SELECT * FROM own").is_err());
}

#[test]
fn it_is_as_safe_as_it_is_told_to_be() {
    let settings = |cluster: &Cluster| {
        ["fsync", "full_page_writes", "synchronous_commit", "server_encoding", "lc_collate"]
            .map(|name| cluster.sql("postgres", &format!("SHOW {name}")))
    };
    assert_eq!(settings(Cluster::shared()), ["on", "on", "on", "UTF8", "C"]);
    let unsafe_one = Cluster::start_with(Options {
        settings: &[("fsync", "off"), ("full_page_writes", "off"), ("synchronous_commit", "off")],
        ..Options::default()
    });
    assert_eq!(settings(&unsafe_one), ["off", "off", "off", "UTF8", "C"]);
}

#[test]
fn a_cluster_with_tls_speaks_nothing_else() {
    let cluster = Cluster::start_with(Options { tls: Some(Certificate::make()), ..Options::default() });
    let shown = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    assert_eq!(cluster.sql("postgres", shown), "t");
    assert_eq!(Cluster::shared().sql("postgres", shown), "f");
}
