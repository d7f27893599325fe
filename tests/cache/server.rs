//! A redis-server of our own on a free loopback port, in a folder of its own, that ends with the test.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

/// A Redis.
pub struct Server {
    pub port: u16,
    pub folder: tempfile::TempDir,
    kind: &'static str,
    arguments: Vec<String>,
    child: Child,
}

/// Waits for something that comes about by itself.
#[track_caller]
pub fn until(what: &str, mut so: impl FnMut() -> bool) {
    for _ in 0..4_000 {
        if so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("waited for 20 s until {what}");
}

// === impl Server ===

impl Server {
    /// One that anybody may use.
    pub fn start() -> Self {
        Self::with(|_| Vec::new())
    }

    /// One with further arguments, made of its folder.
    pub fn with(arguments: impl Fn(&Path) -> Vec<String>) -> Self {
        Self::on("--port", arguments)
    }

    /// One whose port speaks TLS.
    pub fn with_tls(arguments: impl Fn(&Path) -> Vec<String>) -> Self {
        Self::on("--tls-port", arguments)
    }

    fn on(kind: &'static str, arguments: impl Fn(&Path) -> Vec<String>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        // The last word on a port holds: the plain one is shut where TLS is spoken.
        let mut arguments = arguments(folder.path());
        if kind != "--port" {
            arguments.extend(["--port".to_owned(), "0".to_owned()]);
        }
        // Somebody may take the port between our look and Redis's.
        for _ in 0..20 {
            let port = free_port();
            let mut child = spawn(folder.path(), kind, port, &arguments);
            if is_up(&mut child, folder.path()) {
                return Self { port, folder, kind, arguments, child };
            }
        }
        let log = fs::read_to_string(folder.path().join("log")).unwrap_or_default();
        panic!("redis-server does not start:\n{log}");
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// A connection of the test's own, past the cache.
    pub fn raw(&self) -> redis::Connection {
        redis::Client::open(self.url()).and_then(|client| client.get_connection()).expect("a connection")
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().cast_signed()), signal).expect("it runs");
    }

    /// Ends it without a warning.
    pub fn kill(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ended");
    }

    /// Starts it again on the same port and folder.
    pub fn restart(&mut self) {
        let _ = fs::remove_file(self.folder.path().join("log"));
        self.child = spawn(self.folder.path(), self.kind, self.port, &self.arguments);
        assert!(is_up(&mut self.child, self.folder.path()), "it starts again");
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port").port()
}

fn spawn(folder: &Path, kind: &str, port: u16, arguments: &[String]) -> Child {
    let mut command = Command::new("redis-server");
    command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--logfile", "log"]);
    command.arg("--dir").arg(folder).arg(kind).arg(port.to_string()).args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    match command.spawn() {
        Ok(child) => child,
        Err(error) => panic!("redis-server: {error}; tests/run installs it (apt-get install redis-server)"),
    }
}

/// Until it says that it takes connections, or ends.
fn is_up(child: &mut Child, folder: &Path) -> bool {
    let mut up = false;
    until("redis-server is up", || {
        let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
        up = log.contains("Ready to accept connections");
        up || child.try_wait().expect("a child").is_some()
    });
    up
}
