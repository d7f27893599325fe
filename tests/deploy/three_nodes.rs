//! `deploy/three-nodes`, as it stands: three nodes, a primary and its standby, a Redis; and the README's fail-over.

use std::{fs, path::Path, process::Command};

use crate::{
    golden,
    node::Node,
    partner, readme,
    support::{
        network,
        postgres::{Cluster, Options, USER},
        process::Process,
        tls::Certificate,
    },
};

const NODES: [&str; 3] = ["gw1", "gw2", "gw3"];
/// One machine has all addresses here.
const ADDRESSES: [&str; 6] =
    ["192.0.2.11/24", "192.0.2.12/24", "192.0.2.13/24", "192.0.2.21/24", "192.0.2.22/24", "192.0.2.31/24"];

/// What the README puts on one of the databases' machines, and a way in for the tests.
struct Files {
    certificate: Certificate,
    postgres: String,
    access: String,
}

// === impl Files ===

impl Files {
    fn of(folder: &Path, name: &str) -> Self {
        let read = |file: &str| fs::read_to_string(folder.join(file)).expect("a file");
        let certificate = Certificate {
            anchor: read("inside/server/ca.pem"),
            cert: read(&format!("{name}/cert.pem")),
            key: read(&format!("{name}/key.pem")),
        };
        // PostgreSQL runs as somebody who has no user of that name on the machine.
        let access = read("pg_hba.conf") + &format!("hostssl all {USER} 192.0.2.0/24 scram-sha-256\n");
        Self { certificate, postgres: read("postgresql.conf"), access }
    }

    /// Hands them to a cluster at that address.
    fn with<T>(&self, address: &str, make: impl FnOnce(Options<'_>) -> T) -> T {
        make(Options {
            settings: &[("include", "greenlane.conf")],
            tls: Some(self.certificate.clone()),
            place: Some((address, 5432)),
            files: &[
                ("greenlane.conf", &self.postgres),
                ("pg_hba.conf", &self.access),
                ("server.crt", &self.certificate.cert),
                ("server.key", &self.certificate.key),
            ],
        })
    }
}

/// The primary and its synchronous standby, with the README's roles.
fn databases(folder: &Path) -> (Cluster, Cluster) {
    let primary = Files::of(folder, "db1").with("192.0.2.21", Cluster::start_with);
    let secret = |name: &str| {
        let text = fs::read_to_string(folder.join(format!("secrets/{name}.password"))).expect("made");
        text.trim_end().to_owned()
    };
    let mut roles = primary.psql("postgres", "SELECT 1");
    for name in ["gateway", "standby"] {
        roles.args(["-v", &format!("{name}={}", secret(name))]);
    }
    // Its own user may not open the folder.
    let file = fs::File::open(folder.join("roles.sql")).expect("the roles");
    let done = roles.args(["-f", "-"]).stdin(file).output().expect("psql");
    assert!(done.status.success(), "{}", readme::said(&done));
    let standby = Files::of(folder, "db2")
        .with("192.0.2.22", |options| primary.standby("standby", &secret("standby"), "db2", options));
    statements(&primary, "Three nodes: PostgreSQL");
    primary.waits("SELECT sync_state FROM pg_stat_replication WHERE application_name = 'db2'", "sync");
    (primary, standby)
}

/// Runs the README's statements, one by one.
fn statements(cluster: &Cluster, heading: &str) {
    for statement in readme::block(heading, "sql").lines() {
        cluster.sql("postgres", statement);
    }
}

fn redis(folder: &Path) -> Process {
    let redis = Process::start(Command::new("redis-server").current_dir(folder).arg("redis.conf"));
    redis
        .says(|line| line.contains("Ready to accept connections"))
        .unwrap_or_else(|said| panic!("redis-server: {said}"));
    redis
}

#[test]
fn three_nodes_as_written() {
    network::alone(&ADDRESSES, || partner::block_on(as_written()));
}

async fn as_written() {
    let folder = readme::sample("three-nodes");
    let path = folder.path();
    readme::run(path, &readme::block("Three nodes: certificates and secrets", "sh"));
    let (mut primary, standby) = databases(path);
    let _redis = redis(path);
    for name in NODES {
        readme::run(
            path,
            &format!("greenlane config check {name}.toml; greenlane doctor --config {name}.toml"),
        );
    }
    let nodes = NODES.map(|name| Node::start(path, &format!("{name}.toml")));
    nodes.iter().for_each(|node| drop(node.is(200, "ready")));
    let revision = partner::bring_in(path, &nodes[0].address).await;
    for (name, node) in NODES.iter().zip(&nodes) {
        assert_eq!(node.get("/readyz").1, "ready", "nothing is degraded");
        partner::is_denied(path, &node.address, revision).await;
        let doctor = node.doctor();
        assert_eq!(doctor.status.code(), Some(0), "{}", readme::said(&doctor));
        golden::compare(&format!("{name}.txt"), &doctor);
    }

    primary.kill();
    nodes.iter().for_each(|node| drop(node.is(503, "not ready: the record is out of reach")));
    statements(&standby, "Three nodes: fail-over");
    for (name, node) in NODES.iter().zip(&nodes) {
        node.is(200, "ready");
        partner::is_denied(path, &node.address, revision).await;
        let doctor = node.doctor();
        assert_eq!(doctor.status.code(), Some(0), "{}", readme::said(&doctor));
        if *name == "gw1" {
            golden::compare("gw1-after-fail-over.txt", &doctor);
        }
    }
    nodes.into_iter().for_each(Node::stop);
}
