//! A gateway in a process of its own, and clients for it. Its ports stay the same when it is started again, so that
//! clients find it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitStatus},
};

use nix::sys::signal::Signal;
use rusqlite::{Connection, OpenFlags};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};

use super::{folder::Folder, port, process::Process};

/// A gateway, running or killed.
pub struct Node {
    /// With `certs/`, a folder per identity in it.
    pub dir: PathBuf,
    /// Where partners connect.
    pub address: String,
    /// Where probes ask.
    pub ops: String,
    command: Words,
    /// None while it is down. Before the folder, which waits for whatever runs in it.
    process: Option<Process>,
    /// Its working directory, and all that it has where it was given no other folder.
    home: Folder,
}

/// How it is started.
enum Words {
    /// `greenlane dev`, here without its ports.
    Dev(Vec<String>),
    /// `greenlane serve`.
    Serve(PathBuf),
}

const BINARY: &str = env!("CARGO_BIN_EXE_greenlane");

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

// === impl Node ===

impl Node {
    /// `greenlane dev` on a fresh folder that goes with the node.
    pub fn start() -> Self {
        let home = Folder::make();
        let dir = home.path().join("dev");
        Self::dev_in(home, &dir, &[BINARY], &[])
    }

    /// `greenlane dev` on that folder, as it was left.
    pub fn at(dir: &Path) -> Self {
        Self::dev(dir, &[])
    }

    /// `greenlane dev` on that folder, with more arguments: where the database is, which node it is.
    pub fn dev(dir: &Path, args: &[&str]) -> Self {
        Self::dev_in(Folder::make(), dir, &[BINARY], args)
    }

    /// The same by a command that ends in the binary, as a shell that sets limits first.
    pub fn by(command: &[&str], dir: &Path) -> Self {
        Self::dev_in(Folder::make(), dir, &[command, &[BINARY]].concat(), &[])
    }

    fn dev_in(home: Folder, dir: &Path, command: &[&str], args: &[&str]) -> Self {
        let place = dir.to_str().expect("text");
        let words = [command, &["dev", "--workers", "2", "--dir", place], args].concat();
        let command = Words::Dev(words.into_iter().map(str::to_owned).collect());
        let (dir, none) = (dir.to_owned(), String::new());
        let mut node = Self { dir, address: none.clone(), ops: none, command, process: None, home };
        port::settle(|port| {
            (node.address, node.ops) = (format!("127.0.0.1:{port}"), format!("127.0.0.1:{}", port::free()));
            node.try_start()
        });
        node
    }

    /// `greenlane serve` by that file. Clients take their certificates from `certs/` in the folder.
    pub fn serve(config: &Path, dir: &Path) -> Self {
        let text = fs::read_to_string(config).expect("a configuration");
        let table: toml::Table = text.parse().expect("TOML");
        let listen = |section: &str| table[section]["listen"].as_str().expect("an address").to_owned();
        let mut node = Self {
            dir: dir.to_owned(),
            address: listen("server"),
            ops: listen("ops"),
            command: Words::Serve(config.to_owned()),
            process: None,
            home: Folder::make(),
        };
        node.start_again();
        node
    }

    /// Starts it again where it was.
    pub fn start_again(&mut self) {
        assert!(self.process.is_none(), "it runs");
        self.try_start().unwrap_or_else(|said| panic!("{said}"));
    }

    fn try_start(&mut self) -> Result<(), String> {
        let port = |address: &str| address.rsplit(':').next().expect("a port").to_owned();
        let mut command = match &self.command {
            Words::Dev(words) => {
                let mut command = Command::new(&words[0]);
                command.args(&words[1..]);
                command.args(["--port", &port(&self.address), "--ops-port", &port(&self.ops)]);
                command
            }
            Words::Serve(config) => {
                let mut command = Command::new(BINARY);
                command.args(["serve", "--config"]).arg(config);
                command
            }
        };
        command.current_dir(self.home.path());
        if std::env::var_os("GREENLANE_LOG").is_none() {
            command.env("GREENLANE_LOG", "error");
        }
        let process = Process::start(&mut command);
        // The sign that it answers: the banner's end, or the log's word.
        process.says(|line| {
            line.contains("prints this again") || (line.contains("ready") && line.contains(&self.address))
        })?;
        self.process = Some(process);
        Ok(())
    }

    /// Where it runs.
    pub fn folder(&self) -> &Path {
        self.home.path()
    }

    fn process(&self) -> &Process {
        self.process.as_ref().expect("it runs")
    }

    pub fn pid(&self) -> i32 {
        self.process().pid().as_raw()
    }

    /// `kill -9`, and waits until it is gone.
    pub fn kill(&mut self) {
        self.process.take().expect("it runs").kill();
    }

    /// SIGTERM, and waits until it has drained.
    pub fn stop(&mut self) -> ExitStatus {
        let process = self.process.take().expect("it runs");
        process.signal(Signal::SIGTERM);
        process.ended()
    }

    /// SIGSTOP.
    pub fn pause(&self) {
        self.process().signal(Signal::SIGSTOP);
    }

    /// SIGCONT after a pause.
    pub fn resume(&self) {
        self.process().signal(Signal::SIGCONT);
    }

    /// Everything it said since it was last started.
    pub fn said(&self) -> String {
        self.process().said()
    }

    /// Waits until it said that since it was last started.
    pub fn says(&self, wanted: &str) {
        let said = self.process().says(|line| line.contains(wanted));
        said.unwrap_or_else(|said| panic!("it ended without {wanted}: {said}"));
    }

    pub fn certs(&self, identity: &str) -> PathBuf {
        self.dir.join("certs").join(identity)
    }

    /// A connection with that identity's certificate.
    pub async fn connect(&self, identity: &str) -> Channel {
        self.endpoint(self.tls_of(identity)).connect().await.expect("let in")
    }

    /// A connection that connects when it is used, and again when it was cut.
    pub fn lazy(&self, identity: &str) -> Channel {
        self.endpoint(self.tls_of(identity)).connect_lazy()
    }

    /// A connection without a certificate; fails when it is used.
    pub fn anonymous(&self) -> Channel {
        self.endpoint(self.tls()).connect_lazy()
    }

    fn tls_of(&self, identity: &str) -> ClientTlsConfig {
        let (cert, key) = (self.pem(identity, "cert.pem"), self.pem(identity, "key.pem"));
        self.tls().identity(Identity::from_pem(cert, key))
    }

    fn tls(&self) -> ClientTlsConfig {
        let anchor = Certificate::from_pem(self.pem("auditor", "ca.pem"));
        ClientTlsConfig::new().ca_certificate(anchor).domain_name("localhost")
    }

    fn endpoint(&self, tls: ClientTlsConfig) -> Endpoint {
        let endpoint = Endpoint::from_shared(format!("https://{}", self.address)).expect("an address");
        endpoint.tls_config(tls).expect("TLS")
    }

    fn pem(&self, identity: &str, file: &str) -> String {
        fs::read_to_string(self.certs(identity).join(file)).expect("made by dev")
    }

    /// The file of its database where that is SQLite's.
    pub fn database_file(&self) -> PathBuf {
        self.dir.join("greenlane.db")
    }

    /// The same, read beside the running gateway.
    pub fn database(&self) -> Connection {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Connection::open_with_flags(self.database_file(), flags).expect("the database")
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
