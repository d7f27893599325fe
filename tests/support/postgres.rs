//! PostgreSQL clusters to throw away: real ones, safe as the engine asks for (fsync on), each in a folder of its own.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use nix::{
    sys::signal::Signal,
    unistd::{Uid, User},
};

use super::{folder::Folder, port, process::Process, tls::Certificate};

/// The superuser of every cluster, and its password.
pub const USER: &str = "greenlane";
pub const PASSWORD: &str = "not-a-secret";

/// The sign that it takes connections; a standby says "read-only" in the midst of it.
const READY: &str = "database system is ready to accept";

/// How often an answer is looked for before it is not coming: each look is a run of psql.
const LOOKS: usize = 2000;

/// One cluster: a primary or a standby.
pub struct Cluster {
    folder: Folder,
    address: String,
    port: u16,
    tls: Option<Certificate>,
    /// None while it is down.
    server: Option<Process>,
}

/// How a cluster differs from the ordinary one.
#[derive(Default)]
pub struct Options<'o> {
    /// Lines of `postgresql.conf`.
    pub settings: &'o [(&'o str, &'o str)],
    /// Speaks TLS only, with this certificate.
    pub tls: Option<Certificate>,
    /// The address and port that it has to be at.
    pub place: Option<(&'o str, u16)>,
    /// Files beside its data, in place of those that are there.
    pub files: &'o [(&'o str, &'o str)],
}

/// How to stop one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mode {
    /// As `pg_ctl stop -m immediate`: at once, to be recovered at the next start.
    Immediate,
    /// As `pg_ctl stop -m fast`: connections are cut, and all is written down.
    Fast,
}

// === impl Cluster ===

impl Cluster {
    /// An ordinary one, running.
    pub fn start() -> Self {
        Self::start_with(Options::default())
    }

    /// One that differs, running.
    pub fn start_with(options: Options<'_>) -> Self {
        let place = options.place;
        let mut cluster = Self::down(options.tls);
        cluster.init(options.settings);
        cluster.lay(options.files);
        cluster.rise_at(place);
        cluster
    }

    /// Its standby, running: a copy taken by that role, under that name, which is its slot's too.
    pub fn standby(&self, role: &str, password: &str, name: &str, options: Options<'_>) -> Self {
        let mut standby = Self::down(options.tls);
        let tls = match &self.tls {
            Some(known) => {
                format!("verify-full sslrootcert={}", standby.keep("primary.pem", &known.anchor).display())
            }
            None => "disable".to_owned(),
        };
        let (address, port) = (&self.address, self.port);
        let known = format!("host={address} port={port} user={role} application_name={name} sslmode={tls}");
        let mut copy = standby.command("pg_basebackup");
        copy.args(["--checkpoint=fast", "--wal-method=stream", "--no-sync", "--write-recovery-conf"]);
        copy.args(["--create-slot", "--slot", name, "--dbname", &known, "--pgdata"]).arg(standby.data());
        done(copy.env("PGPASSWORD", password));
        standby.lay(options.files);
        standby.rise_at(options.place);
        standby
    }

    /// The one that all tests of this program share, each on a database of its own. It ends with the program.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// A folder and a port, and no data yet.
    pub(super) fn down(tls: Option<Certificate>) -> Self {
        let folder = Folder::make();
        if let Some(user) = owner() {
            chown(folder.path(), Some(user.uid.as_raw()), Some(user.gid.as_raw())).expect("root may");
        }
        Self { folder, address: "127.0.0.1".to_owned(), port: 0, tls, server: None }
    }

    fn init(&self, settings: &[(&str, &str)]) {
        let password = self.keep("password", PASSWORD);
        // Only the files that initdb itself makes are not flushed; the server flushes everything after.
        let mut initdb = self.command("initdb");
        initdb.args(["--no-sync", "--encoding=UTF8", "--locale=C", "--auth=scram-sha-256"]);
        initdb.args(["-U", USER, "--pwfile"]).arg(password).arg("-D").arg(self.data());
        done(&mut initdb);
        let mut lines = String::from(
            "shared_buffers = 16MB\nmax_connections = 200\nmax_wal_size = 256MB\nmin_wal_size = 32MB\n\
             dynamic_shared_memory_type = mmap\nrecovery_init_sync_method = syncfs\nlog_min_messages = warning\n",
        );
        if let Some(tls) = &self.tls {
            let (certificate, key) = (self.keep("cert.pem", &tls.cert), self.keep("key.pem", &tls.key));
            lines += &format!(
                "ssl = on\nssl_cert_file = '{}'\nssl_key_file = '{}'\n",
                certificate.display(),
                key.display()
            );
            let host_based = self.data().join("pg_hba.conf");
            fs::write(host_based, "hostssl all all 127.0.0.1/32 scram-sha-256\n").expect("written");
        }
        for (name, value) in settings {
            lines += &format!("{name} = '{value}'\n");
        }
        let file = self.data().join("postgresql.conf");
        let text = fs::read_to_string(&file).expect("made by initdb");
        fs::write(file, text + &lines).expect("written");
    }

    fn lay(&self, files: &[(&str, &str)]) {
        files.iter().for_each(|(name, text)| drop(self.keep(&format!("data/{name}"), text)));
    }

    fn rise_at(&mut self, place: Option<(&str, u16)>) {
        if let Some((address, port)) = place {
            (self.address, self.port) = (address.to_owned(), port);
        }
        self.rise();
    }

    /// Starts it where it was, or, for the first time, on a port of its own.
    pub(super) fn rise(&mut self) {
        if self.port != 0 {
            return self.start_again();
        }
        port::settle(|port| {
            self.port = port;
            self.try_start()
        });
    }

    fn try_start(&mut self) -> Result<(), String> {
        let mut postgres = self.command("postgres");
        postgres.arg("-D").arg(self.data());
        let address = format!("listen_addresses={}", self.address);
        for setting in [&format!("port={}", self.port), &address, "unix_socket_directories="] {
            postgres.args(["-c", setting]);
        }
        let server = Process::start(&mut postgres);
        server.says(|line| line.contains(READY))?;
        self.server = Some(server);
        Ok(())
    }

    /// Starts it again where it was, recovered where it must be.
    pub fn start_again(&mut self) {
        assert!(self.server.is_none(), "it runs");
        self.try_start().unwrap_or_else(|said| panic!("{said}"));
    }

    /// Stops it, and waits until all of its processes are gone.
    pub fn stop(&mut self, mode: Mode) {
        let server = self.server.take().expect("it runs");
        server.signal(match mode {
            Mode::Immediate => Signal::SIGQUIT,
            Mode::Fast => Signal::SIGINT,
        });
        server.ended();
    }

    /// SIGKILL of all of its processes.
    pub fn kill(&mut self) {
        let server = self.server.take().expect("it runs");
        self.folder.kill();
        server.ended();
    }

    /// SIGSTOP of all of its processes.
    pub fn pause(&self) {
        self.folder.pause();
    }

    /// SIGCONT after a pause.
    pub fn resume(&self) {
        self.folder.resume();
    }

    /// For any client, as its superuser.
    pub fn url(&self, database: &str) -> String {
        let end = if self.tls.is_some() { "?sslmode=require" } else { "" };
        format!("postgres://{USER}:{PASSWORD}@{}/{database}{end}", self.host())
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Where it keeps everything, and runs.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// `host:port`.
    pub fn host(&self) -> String {
        format!("{}:{}", self.address, self.port)
    }

    /// An empty database; its URL.
    pub fn create_database(&self, name: &str) -> String {
        self.sql("postgres", &format!("CREATE DATABASE \"{name}\""));
        self.url(name)
    }

    /// An empty database under a name that nobody has; its URL.
    pub fn fresh_database(&self) -> String {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        self.create_database(&format!("fresh_{}", NEXT.fetch_add(1, Ordering::Relaxed)))
    }

    /// Runs a statement by psql: its rows, a line each, columns parted by `|`.
    pub fn sql(&self, database: &str, statement: &str) -> String {
        self.try_sql(database, statement).unwrap_or_else(|said| panic!("{statement}: {said}"))
    }

    /// The same where it may fail.
    pub fn try_sql(&self, database: &str, statement: &str) -> Result<String, String> {
        let output = output(&mut self.psql(database, statement));
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }

    /// The same, to be started by the caller.
    pub fn psql(&self, database: &str, statement: &str) -> Command {
        let mut psql = self.command("psql");
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", statement, &self.url(database)]);
        psql
    }

    /// Asks until that is the answer.
    pub fn waits(&self, question: &str, wanted: &str) {
        let mut answer = String::new();
        for _ in 0..LOOKS {
            answer = self.sql("postgres", question);
            if answer == wanted {
                return;
            }
        }
        panic!("{question}: {answer}, never {wanted}");
    }

    /// Everything it logged since it was last started; nothing while it is down.
    pub fn log(&self) -> String {
        self.server.as_ref().map(Process::said).unwrap_or_default()
    }

    /// Waits until it logged that since it was last started.
    pub fn logged(&self, wanted: &str) {
        let server = self.server.as_ref().expect("it runs");
        server
            .says(|line| line.contains(wanted))
            .unwrap_or_else(|said| panic!("it ended without {wanted}: {said}"));
    }

    pub(super) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Removes the data of one that is down, and the shared memory that only its next start would have removed.
    pub(super) fn clear(&self) {
        let left = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        if let Some(segment) = left.lines().nth(6).and_then(|line| line.split_whitespace().nth(1)) {
            done(Command::new("ipcrm").args(["-m", segment]));
        }
        if self.data().exists() {
            fs::remove_dir_all(self.data()).expect("it is down");
        }
    }

    /// One of PostgreSQL's programs, in the cluster's folder and as the user whom it belongs to.
    pub(super) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(bin().join(program));
        command.env_clear().env("LC_ALL", "C").env("PATH", "/usr/bin:/bin").env("PGPASSWORD", PASSWORD);
        as_owner(command.current_dir(self.folder.path()));
        command
    }

    /// A file beside the data that only its user can read.
    fn keep(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("ours");
        if let Some(user) = owner() {
            chown(&path, Some(user.uid.as_raw()), Some(user.gid.as_raw())).expect("root may");
        }
        path
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        match &self.server {
            Some(server) => {
                server.signal(Signal::SIGQUIT);
                self.folder.resume();
            } // the folder's watchdog waits for it
            None => self.clear(),
        }
    }
}

/// Runs a program to its end, which must be a good one.
pub(super) fn done(command: &mut Command) {
    let output = output(command);
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn output(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// PostgreSQL refuses to run as root.
fn as_owner(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    if let Some(user) = owner() {
        command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
    }
}

/// Whom a cluster belongs to where the tests run as root.
fn owner() -> Option<&'static User> {
    static OWNER: OnceLock<Option<User>> = OnceLock::new();
    let find = || {
        let named = |name| User::from_name(name).expect("the users can be read");
        Uid::effective().is_root().then(|| named("postgres").or_else(|| named("nobody")).expect("a user"))
    };
    OWNER.get_or_init(find).as_ref()
}

/// Where `tests/tools` found the binaries, or where Debian puts them.
fn bin() -> &'static Path {
    static BIN: OnceLock<PathBuf> = OnceLock::new();
    BIN.get_or_init(|| {
        if let Some(named) = std::env::var_os("GREENLANE_PG_BIN") {
            return named.into();
        }
        let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().filter_map(Result::ok);
        let bins = versions.map(|version| version.path().join("bin"));
        let newest = bins.filter(|bin| bin.join("initdb").exists()).max();
        newest
            .expect("PostgreSQL is missing: tests/run installs it, or GREENLANE_PG_BIN names its bin folder")
    })
}
