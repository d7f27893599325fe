//! A node by `greenlane serve --config`, and what its probes say.

use std::{
    io::{Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Command, Output},
    thread,
    time::Duration,
};

use nix::sys::signal::Signal;

use crate::support::process::Process;

/// A running node.
pub struct Node {
    process: Process,
    /// Where partners connect.
    pub address: String,
    /// Where probes connect.
    pub ops: String,
    folder: PathBuf,
    file: String,
}

/// `greenlane` in that folder.
pub fn greenlane(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_greenlane"));
    command.current_dir(folder).args(args);
    command
}

/// Waits for something that comes about by itself.
#[track_caller]
pub fn until(what: &str, mut so: impl FnMut() -> bool) {
    for _ in 0..6_000 {
        if so() {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("waited for a minute until {what}");
}

// === impl Node ===

impl Node {
    /// Starts it, and waits for the line that says where it listens.
    pub fn start(folder: &Path, file: &str) -> Self {
        let process = Process::start(&mut greenlane(folder, &["serve", "--config", file]));
        let is_ready = |line: &str| line.contains("\"ready\"");
        process.says(is_ready).unwrap_or_else(|said| panic!("it did not start: {said}"));
        let said = process.said();
        let line = said.lines().find(|line| is_ready(line)).expect("it said so");
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let field = |name: &str| line[name].as_str().expect("an address").to_owned();
        let (address, ops) = (field("address"), field("ops"));
        Self { process, address, ops, folder: folder.to_owned(), file: file.to_owned() }
    }

    /// What a probe gets: the status and the text.
    pub fn get(&self, path: &str) -> (u16, String) {
        let mut socket = TcpStream::connect(&self.ops).expect("it listens");
        write!(socket, "GET {path} HTTP/1.1\r\nhost: probe\r\nconnection: close\r\n\r\n").expect("asked");
        let mut answer = String::new();
        socket.read_to_string(&mut answer).expect("text");
        let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
        (head[9..12].parse().expect("a status"), body.trim().to_owned())
    }

    /// Waits until `/readyz` begins like that; all of it.
    #[track_caller]
    pub fn is(&self, status: u16, wanted: &str) -> String {
        let mut last = (0, String::new());
        for _ in 0..6_000 {
            last = self.get("/readyz");
            if last.0 == status && last.1.starts_with(wanted) {
                return last.1;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("/readyz is {last:?}, never {status} {wanted}; the log:\n{}", self.log());
    }

    /// Whether its metrics have that line.
    pub fn measures(&self, line: &str) -> bool {
        self.get("/metrics").1.lines().any(|found| found == line)
    }

    pub fn log(&self) -> String {
        self.process.said()
    }

    /// `greenlane doctor` on its configuration.
    pub fn doctor(&self) -> Output {
        greenlane(&self.folder, &["doctor", "--config", &self.file]).output().expect("it runs")
    }

    /// SIGTERM, and waits for its end, which must be a good one.
    pub fn stop(self) {
        self.process.signal(Signal::SIGTERM);
        let status = self.process.ended();
        assert!(status.success(), "{status}");
    }
}
