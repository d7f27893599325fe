//! A Redis to throw away, in a folder of its own.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use super::{folder::Folder, port, process::Process, tls::Certificate};

const PASSWORD: &str = "not-a-secret";
/// Who the tests are where there is an ACL file.
const TESTS: &str = "tests";

/// One server.
pub struct Redis {
    /// None while it is down. Before its folder, which waits for whatever runs in it.
    server: Option<Process>,
    folder: Folder,
    port: u16,
    password: bool,
    acl: bool,
    tls: Option<Certificate>,
}

/// How one differs from the ordinary one.
#[derive(Default)]
pub struct Options<'o> {
    /// Needs the password that its URL has.
    pub password: bool,
    /// Lines of an ACL file; a user for the tests' own use is added.
    pub acl: Option<&'o str>,
    /// Speaks TLS only, with this certificate.
    pub tls: Option<Certificate>,
    /// Starts with a copy of this dump.
    pub dump: Option<&'o Path>,
    /// More lines of `redis.conf`.
    pub settings: &'o [&'o str],
}

// === impl Redis ===

impl Redis {
    /// An ordinary one, running.
    pub fn start() -> Self {
        Self::start_with(Options::default())
    }

    /// One that differs, running.
    pub fn start_with(options: Options<'_>) -> Self {
        let folder = Folder::make();
        let keep = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("written");
        // Writes no dump by itself: the one that is there is the one that somebody asked for.
        let mut lines = String::from("bind 127.0.0.1\nsave \"\"\nappendonly no\ndbfilename dump.rdb\n");
        if let Some(tls) = &options.tls {
            keep("cert.pem", &tls.cert);
            keep("key.pem", &tls.key);
            keep("anchor.pem", &tls.anchor);
            lines += "tls-cert-file cert.pem\ntls-key-file key.pem\ntls-ca-cert-file anchor.pem\n";
            lines += "tls-auth-clients no\n";
        }
        if options.password {
            lines += &format!("requirepass {PASSWORD}\n");
        }
        if let Some(acl) = options.acl {
            keep("users.acl", &format!("{acl}\nuser {TESTS} on >{PASSWORD} ~* &* +@all\n"));
            lines += "aclfile users.acl\n";
        }
        for line in options.settings {
            lines += &format!("{line}\n");
        }
        keep("redis.conf", &lines);
        if let Some(dump) = options.dump {
            fs::copy(dump, folder.path().join("dump.rdb")).expect("a dump");
        }
        let (password, acl) = (options.password, options.acl.is_some());
        let mut redis = Self { server: None, folder, port: 0, password, acl, tls: options.tls };
        port::settle(|port| {
            redis.port = port;
            redis.try_start()
        });
        redis
    }

    fn try_start(&mut self) -> Result<(), String> {
        let (plain, tls) = if self.tls.is_some() { (0, self.port) } else { (self.port, 0) };
        let mut redis = Command::new("redis-server");
        redis.current_dir(self.folder.path()).arg("redis.conf");
        redis.args(["--port", &plain.to_string(), "--tls-port", &tls.to_string()]);
        let server = Process::start(&mut redis);
        server.says(|line| line.contains("Ready to accept connections"))?;
        self.server = Some(server);
        Ok(())
    }

    /// Starts it again where it was, with what its dump holds.
    pub fn start_again(&mut self) {
        assert!(self.server.is_none(), "it runs");
        self.try_start().unwrap_or_else(|said| panic!("{said}"));
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.server.take().expect("it runs").kill();
    }

    /// SIGSTOP.
    pub fn pause(&self) {
        self.folder.pause();
    }

    /// SIGCONT after a pause.
    pub fn resume(&self) {
        self.folder.resume();
    }

    /// Keeps what it holds for the next start.
    pub fn save(&self) {
        self.command(&["SAVE"]);
    }

    /// The file that [`Self::save`] writes.
    pub fn dump(&self) -> PathBuf {
        self.folder.path().join("dump.rdb")
    }

    pub fn flushall(&self) {
        self.command(&["FLUSHALL"]);
    }

    /// For any client that may do everything.
    pub fn url(&self) -> String {
        let user = if self.acl { TESTS } else { "" };
        if self.acl || self.password { self.url_as(user, PASSWORD) } else { self.url_of("") }
    }

    /// For a user of the ACL file.
    pub fn url_as(&self, user: &str, password: &str) -> String {
        self.url_of(&format!("{user}:{password}@"))
    }

    /// For a client that shows no password.
    pub fn url_of_nobody(&self) -> String {
        self.url_of("")
    }

    fn url_of(&self, who: &str) -> String {
        let scheme = if self.tls.is_some() { "rediss" } else { "redis" };
        format!("{scheme}://{who}{}", self.host())
    }

    /// Where it keeps everything, and runs.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// `host:port`.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Runs a command by redis-cli: its answer, a line each.
    pub fn command(&self, words: &[&str]) -> String {
        let output = self.cli(words);
        let answer = String::from_utf8_lossy(&output.stdout).trim_end().to_owned();
        let failed = String::from_utf8_lossy(&output.stderr);
        // redis-cli tells a refusal as an answer.
        let refused = ["ERR", "NOAUTH", "NOPERM", "WRONGPASS"].iter().any(|word| answer.starts_with(word));
        assert!(output.status.success() && !refused, "{words:?}: {answer} {failed}");
        answer
    }

    /// Whether it answers somebody who may do everything.
    pub fn answers(&self) -> bool {
        self.cli(&["PING"]).stdout.starts_with(b"PONG")
    }

    fn cli(&self, words: &[&str]) -> Output {
        let mut cli = Command::new("redis-cli");
        cli.current_dir(self.folder.path()).args(["-p", &self.port.to_string()]);
        if self.tls.is_some() {
            cli.args(["--tls", "--cacert", "anchor.pem"]);
        }
        if self.acl {
            cli.args(["--user", TESTS]);
        }
        if self.acl || self.password {
            cli.env("REDISCLI_AUTH", PASSWORD);
        }
        cli.args(words).output().expect("redis-cli is missing: tests/run installs it")
    }
}
