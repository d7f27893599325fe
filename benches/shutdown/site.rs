//! A folder of `greenlane dev` with blocks for as many MVNOs as a bench needs, and connections to its gateway.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use rusqlite::Connection;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};

use crate::{blocks, child::Server, cores::Cores, officers::Officers};

/// MVNOs of the sample.
pub const MVNOS: usize = 42;

/// A folder, and the gateway on it.
pub struct Site {
    dir: PathBuf,
    pub server: Server,
}

// === impl Site ===

impl Site {
    /// Made by a gateway that was started and ended; its own is up.
    pub fn start(dir: &Path, mvnos: usize, cores: Cores) -> Self {
        drop(serve(dir, cores));
        let database = Connection::open(dir.join("greenlane.db")).expect("the database");
        database.execute_batch("BEGIN").expect("begun");
        database.execute_batch(&blocks::statements(mvnos)).expect("blocks");
        database.execute_batch("COMMIT").expect("written");
        drop(database);
        for m in MVNOS + 1..=mvnos {
            let mvno = blocks::mvno(m);
            let mut command = Command::new(env!("CARGO_BIN_EXE_greenlane"));
            command.args(["cert", "--dir"]).arg(dir.join("pki"));
            command.args(["issue", "--identity", &format!("mvno/{mvno}"), "--out"]);
            let done = command.arg(dir.join(format!("certs/mvno-{mvno}"))).output().expect("it runs");
            assert!(done.status.success(), "{done:?}");
        }
        Self { dir: dir.to_owned(), server: serve(dir, cores) }
    }

    /// The file of its database.
    pub fn database(&self) -> PathBuf {
        self.dir.join("greenlane.db")
    }

    /// Two officers of the ministry.
    pub async fn officers(&self) -> Officers {
        Officers::new(self.connect("regulator-miit").await, self.connect("regulator-miit-2").await)
    }

    /// A connection with that identity's certificate.
    pub async fn connect(&self, identity: &str) -> Channel {
        self.endpoint(identity).connect().await.expect("let in")
    }

    /// The same for one who reads nothing: with windows as wide as usual the client itself would take it all in.
    pub async fn narrow(&self, identity: &str) -> Channel {
        const WINDOW: u32 = 65_535;
        let endpoint = self.endpoint(identity).initial_stream_window_size(WINDOW);
        endpoint.initial_connection_window_size(WINDOW).connect().await.expect("let in")
    }

    fn endpoint(&self, identity: &str) -> Endpoint {
        let pem = |name: &str| {
            fs::read_to_string(self.dir.join("certs").join(identity).join(name)).expect("issued")
        };
        let anchor = fs::read_to_string(self.dir.join("certs/auditor/ca.pem")).expect("issued");
        let tls = ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(anchor))
            .domain_name("localhost")
            .identity(Identity::from_pem(pem("cert.pem"), pem("key.pem")));
        let endpoint = Endpoint::from_shared(format!("https://{}", self.server.address)).expect("an address");
        endpoint.tls_config(tls).expect("TLS")
    }
}

fn serve(dir: &Path, cores: Cores) -> Server {
    let mut command = Command::new(env!("CARGO_BIN_EXE_greenlane"));
    command.args(["dev", "--ops-port", "0", "--port", "0", "--dir"]).arg(dir);
    Server::start(command.env("GREENLANE_LOG", "error"), cores)
}
