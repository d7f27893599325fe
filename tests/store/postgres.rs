//! What only PostgreSQL can do: many nodes on one database, settings that lose what was acknowledged, sessions that
//! end, and servers that are not what they say.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering::SeqCst},
};

use greenlane::{
    net::tls::client,
    store::{
        Store,
        postgres::{self, OpenError, Options},
        sql,
    },
};
use tokio::task::JoinSet;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{
    fixture::{NOW, enter, entered, put},
    suite::change,
    support::{
        postgres::{Cluster, Options as Settings},
        tls::Certificate,
    },
};

/// A store on an empty database of its own.
pub async fn open() -> Store {
    at(&Cluster::shared().fresh_database()).await.expect("the store opens")
}

async fn at(url: &str) -> Result<Store, OpenError> {
    postgres::open(Options::new(url, None, None)?, NOW).await
}

async fn refused(url: &str) -> String {
    match at(url).await {
        Ok(_) => panic!("it opened"),
        Err(error) => error.to_string(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_nodes_start_at_once_on_an_empty_database() {
    let url = Cluster::shared().fresh_database();
    let mut starts = JoinSet::new();
    for node in 0..10 {
        let url = url.clone();
        starts.spawn(async move {
            let store = at(&url).await.expect("it starts");
            enter(store, format!("node {node}")).await.expect("it writes");
        });
    }
    starts.join_all().await;
    assert_eq!(entered(&at(&url).await.expect("an eleventh")).await.len(), 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_follows_what_another_commits() {
    let url = Cluster::shared().fresh_database();
    let (one, other) = (at(&url).await.expect("one"), at(&url).await.expect("another"));
    let follower = crate::follow::Probe::on(&other, crate::follow::Way::Follow);
    let revision = one.write(|tx| Box::pin(change(tx))).await.expect("a write");
    // Nobody tells the other node but the database.
    while follower.seen() != revision {
        tokio::task::yield_now().await;
    }
}

/// The server's own housekeeping is off: what its planner knows of a table that fills, it knows by us.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_that_fills_is_known_to_the_planner() {
    let off = [("autovacuum", "off")];
    let cluster = Cluster::start_with(Settings { settings: &off, ..Default::default() });
    let store = at(&cluster.url("postgres")).await.expect("the store opens");
    for part in 0..3 {
        let filled = store.write(move |tx| {
            Box::pin(async move {
                for n in 0..1000 {
                    put(tx, &format!("{part}-{n}")).await?;
                }
                Ok(())
            })
        });
        filled.await.expect("written");
    }
    cluster.waits("SELECT reltuples FROM pg_class WHERE relname = 'entry'", "3000");
}

/// A setting that would lose acknowledged writes, each on a server of its own; the last is the control.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unsafe_settings_are_refused() {
    for (setting, value, is_refused) in [
        ("fsync", "off", true),
        ("full_page_writes", "off", true),
        ("synchronous_commit", "off", true),
        ("synchronous_commit", "local", true),
        ("synchronous_commit", "remote_apply", false),
    ] {
        let cluster = Cluster::start_with(Settings { settings: &[(setting, value)], ..Default::default() });
        let opened = at(&cluster.url("postgres")).await.err();
        let told = opened.as_ref().map(ToString::to_string).unwrap_or_default();
        assert_eq!(opened.is_some(), is_refused, "{setting}={value}: {told}");
        assert!(!is_refused || told.contains(setting), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_of_another_program_or_time_is_refused() {
    let cluster = Cluster::shared();
    for (change, words) in [
        ("INSERT INTO schema_migration VALUES (99, 'later', '', 0)", "is at 99, newer than"),
        ("UPDATE schema_migration SET checksum = 'other' WHERE version = 1", "migration 1 in the database"),
        ("DROP TABLE schema_migration", "tables of another program"),
    ] {
        let url = cluster.fresh_database();
        drop(at(&url).await.expect("the first start"));
        let database = url.rsplit('/').next().expect("a name");
        cluster.sql(database, change);
        let told = refused(&url).await;
        assert!(told.contains(words), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_url_is_told() {
    let cluster = Cluster::shared();
    let host = cluster.host();
    for (url, words) in [
        ("postgresql://".to_owned(), "a host and a database are needed"),
        (format!("postgresql://someone@{host}"), "a host and a database are needed"),
        (format!("postgresql://{host}/greenlane"), "a user is needed"),
        (format!("postgresql://someone@{host}/greenlane?sslmode=require"), "store.ca_file"),
        (format!("postgresql://greenlane:wrong@{host}/postgres"), "password authentication failed"),
        (cluster.url("nothing"), "does not exist"),
        ("postgresql://someone@127.0.0.1:1/greenlane".to_owned(), "no database that takes writes"),
    ] {
        let told = refused(&url).await;
        assert!(told.contains(words), "{url}: {told}");
        assert!(!told.contains("wrong"), "a password is never told: {told}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_database_must_show_a_certificate_that_is_trusted() {
    let (ours, other) = (Certificate::make(), Certificate::make());
    let folder = tempfile::tempdir().expect("a folder");
    let ca = |name: &str, certificate: &Certificate| {
        let path = folder.path().join(name);
        std::fs::write(&path, &certificate.anchor).expect("written");
        MakeRustlsConnect::new(client::trusting(&path).expect("a CA"))
    };
    let (trusted, untrusted) = (ca("ours.pem", &ours), ca("other.pem", &other));
    let cluster = Cluster::start_with(Settings { tls: Some(ours), ..Default::default() });
    let url = cluster.url("postgres");
    let options = |tls| Options::new(&url, None, Some(tls)).expect("a URL");
    let store = postgres::open(options(trusted), NOW).await.expect("trusted");
    enter(store, "over TLS").await.expect("a write");
    let Err(error) = postgres::open(options(untrusted), NOW).await else { panic!("it opened") };
    assert!(error.to_string().contains("certificate"), "{error}");
    let clear = url.replace("?sslmode=require", "");
    assert!(refused(&clear).await.contains("nobody in without TLS"), "in clear it is not let in");
}

/// Sessions that are ended under the work are opened again, and what was not committed is done once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_survives_the_end_of_its_session() {
    let cluster = Cluster::shared();
    let url = cluster.fresh_database();
    let database = url.rsplit('/').next().expect("a name").to_owned();
    let store = at(&url).await.expect("it opens");
    let tries = Arc::new(AtomicI64::new(0));
    for round in 1..=5 {
        let (database, tries) = (database.clone(), tries.clone());
        let written = store.write(move |tx| {
            let (database, tries) = (database.clone(), tries.clone());
            Box::pin(async move {
                let revision = sql::change::next_revision(tx).await?;
                // Every first try of a round loses its session in the midst of its transaction.
                if tries.fetch_add(1, SeqCst) % 2 == 0 {
                    let end = format!(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'"
                    );
                    cluster.sql("postgres", &end);
                }
                put(tx, &format!("round {round}")).await?;
                Ok(revision)
            })
        });
        assert_eq!(written.await.expect("done at the second try"), round);
    }
    assert_eq!(entered(&store).await.len(), 5);
    assert_eq!(tries.load(SeqCst), 10);
}
