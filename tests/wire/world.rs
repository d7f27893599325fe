//! A gateway in a process of its own, on a folder of its own, and clients for it.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use rusqlite::{Connection, OpenFlags};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};

/// A running `greenlane dev`.
pub struct World {
    pub dir: PathBuf,
    pub address: String,
    pub ops: String,
    child: Child,
    folder: Option<tempfile::TempDir>,
}

/// The folder of each class's identity.
pub const IDENTITIES: [(&str, &str); 7] = [
    ("regulator", "regulator-miit"),
    ("police", "police-mps"),
    ("carrier", "carrier-unicom"),
    ("mvno", "mvno-m07"),
    ("auditor", "auditor"),
    ("operator", "operator"),
    ("portal", "portal"),
];

// === impl World ===

impl World {
    /// On a fresh folder that goes with the world.
    pub fn start() -> Self {
        let kept = tempfile::tempdir().expect("a folder");
        let mut world = Self::at(kept.path());
        world.folder = Some(kept);
        world
    }

    /// On that folder, as it was left.
    pub fn at(dir: &Path) -> Self {
        Self::spawn(dir, &mut Command::new(env!("CARGO_BIN_EXE_greenlane")))
    }

    /// The same by a command that ends in the binary.
    pub fn spawn(dir: &Path, command: &mut Command) -> Self {
        let mut child = command
            .args(["dev", "--port", "0", "--ops-port", "0", "--workers", "2", "--dir"])
            .arg(dir)
            .env("GREENLANE_LOG", "error")
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let mut address = None;
        // The banner is the sign that it answers.
        for line in lines.by_ref() {
            let line = line.expect("text");
            if let Some(rest) = line.trim().strip_prefix("greenlane is up: ") {
                let (at, rest) = rest.split_once(' ').expect("an address");
                let ops =
                    rest.split("http://").nth(1).and_then(|rest| rest.split(' ').next()).expect("an address");
                address = Some((at.to_owned(), ops.to_owned()));
            }
            if line.contains("prints this again") {
                break;
            }
        }
        let (address, ops) = address.expect("it came up");
        Self { dir: dir.to_owned(), address, ops, child, folder: None }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `kill -9`, and waits until it is gone. Answers with its folder, where that goes with the world.
    pub fn kill(mut self) -> Option<tempfile::TempDir> {
        self.child.kill().expect("it was alive");
        self.child.wait().expect("it is gone");
        self.folder.take()
    }

    pub fn certs(&self, identity: &str) -> PathBuf {
        self.dir.join("certs").join(identity)
    }

    /// A connection with that identity's certificate.
    pub async fn connect(&self, identity: &str) -> Channel {
        let tls = self
            .tls()
            .identity(Identity::from_pem(self.pem(identity, "cert.pem"), self.pem(identity, "key.pem")));
        self.endpoint(tls).connect().await.expect("let in")
    }

    /// A connection that connects when it is used, and again when it was cut.
    pub fn lazy(&self, identity: &str) -> Channel {
        let tls = self
            .tls()
            .identity(Identity::from_pem(self.pem(identity, "cert.pem"), self.pem(identity, "key.pem")));
        self.endpoint(tls).connect_lazy()
    }

    /// A connection without a certificate; fails when it is used.
    pub fn anonymous(&self) -> Channel {
        self.endpoint(self.tls()).connect_lazy()
    }

    fn tls(&self) -> ClientTlsConfig {
        ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(self.pem("auditor", "ca.pem")))
            .domain_name("localhost")
    }

    fn endpoint(&self, tls: ClientTlsConfig) -> Endpoint {
        Endpoint::from_shared(format!("https://{}", self.address))
            .expect("an address")
            .tls_config(tls)
            .expect("TLS")
    }

    fn pem(&self, identity: &str, file: &str) -> String {
        std::fs::read_to_string(self.certs(identity).join(file)).expect("made by dev")
    }

    /// The database, read beside the running gateway.
    pub fn database(&self) -> Connection {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Connection::open_with_flags(self.dir.join("greenlane.db"), flags).expect("the database")
    }

    /// How many rows say that something was done.
    pub fn written(&self) -> Vec<(String, i64)> {
        let database = self.database();
        ["fact", "change_log", "allocation", "participant", "request", "standing", "entry WHERE kind = 'ACT'"]
            .map(|table| {
                let count =
                    database.query_row(&format!("SELECT COUNT(*) FROM {table}"), [], |row| row.get(0));
                (table.to_owned(), count.expect("a count"))
            })
            .into()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = self.child.kill(); // killed before, perhaps
        let _ = self.child.wait();
    }
}
