//! A gateway with blocks for every MVNO, on either engine, and receivers that reach it by links of their own.

use std::{fs, process::Command};

use greenlane::{domain::time::Clock, host::SystemClock};
use rusqlite::Connection;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};

use crate::support::{
    blocks, folder::Folder, node::Node, officers::Officers, postgres::Cluster, proxy::Proxy, record::Record,
};

/// Where the record is kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// The gateway. It ends before its folder.
pub struct World {
    pub node: Node,
    pub record: Record,
    _folder: Folder,
}

// === impl World ===

impl World {
    /// Blocks for so many MVNOs, and a certificate for each.
    pub fn start(engine: Engine, mvnos: usize) -> Self {
        let folder = Folder::make();
        let dir = folder.path().join("dev");
        let url = (engine == Engine::Postgres).then(|| Cluster::shared().fresh_database());
        let args: Vec<&str> = url.iter().flat_map(|url| ["--postgres", url]).collect();
        let mut node = Node::dev(&dir, &args);
        node.stop();
        let statements = blocks::statements(mvnos);
        let record = match &url {
            None => {
                let database = Connection::open(node.database_file()).expect("the database");
                database.execute_batch(&statements).expect("blocks");
                Record::Sqlite(node.database_file())
            }
            Some(url) => {
                let (_, name) = url.rsplit_once('/').expect("a database's name");
                Cluster::shared().sql(name, &statements);
                Record::Postgres(url.clone())
            }
        };
        let world = Self { node, record, _folder: folder };
        (43..=mvnos).for_each(|m| world.certify(&blocks::mvno(m)));
        let mut world = world;
        world.node.start_again();
        world
    }

    /// A certificate of an MVNO that the sample lacks, beside those that it has.
    fn certify(&self, mvno: &str) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_greenlane"));
        command.args(["cert", "--dir"]).arg(self.node.dir.join("pki"));
        command.args(["issue", "--identity", &format!("mvno/{mvno}"), "--out"]);
        let done = command.arg(self.node.certs(&format!("mvno-{mvno}"))).output().expect("it runs");
        assert!(done.status.success(), "{done:?}");
    }

    /// Two officers of the ministry.
    pub fn officers(&self) -> Officers {
        Officers::new(self.node.lazy("regulator-miit"), self.node.lazy("regulator-miit-2"))
    }

    /// A receiver's connection by a link; it connects again whenever it was cut.
    pub fn by(&self, link: &Proxy, identity: &str) -> Channel {
        self.endpoint(link, identity).connect_lazy()
    }

    /// The same for one who reads nothing: the sender is told at once that there is no room, and keeps the rest.
    pub fn narrow(&self, link: &Proxy, identity: &str) -> Channel {
        const WINDOW: u32 = 65_535;
        let endpoint = self.endpoint(link, identity);
        endpoint.initial_stream_window_size(WINDOW).initial_connection_window_size(WINDOW).connect_lazy()
    }

    fn endpoint(&self, link: &Proxy, identity: &str) -> Endpoint {
        let pem = |name: &str| fs::read_to_string(self.node.certs(identity).join(name)).expect("issued");
        let anchor = fs::read_to_string(self.node.certs("auditor").join("ca.pem")).expect("issued");
        let tls = ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(anchor))
            .domain_name("localhost")
            .identity(Identity::from_pem(pem("cert.pem"), pem("key.pem")));
        let endpoint = Endpoint::from_shared(format!("https://{}", link.host())).expect("an address");
        endpoint.tls_config(tls).expect("TLS")
    }
}

/// How long something takes.
pub struct Watch(SystemClock);

// === impl Watch ===

impl Watch {
    pub fn start() -> Self {
        Self(SystemClock::start())
    }

    pub fn seconds(&self) -> f64 {
        self.0.monotonic().as_secs_f64()
    }
}
