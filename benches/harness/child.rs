//! A server in a process of its own, pinned to the server's core: started, asked what it has used, and ended.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, ChildStdout, Command, Stdio},
    thread,
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    time::ClockId,
    unistd::Pid,
};

use super::cores::Cores;

/// Looks at a process that was told to end, and the time between two of them.
const LOOKS: u32 = 500;
const LOOK: Duration = Duration::from_millis(20);

/// A running server. Ended when dropped.
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    child: Child,
    cpu: ClockId,
    /// Kept open: a server that cannot print its banner to the end would stop.
    said: BufReader<ChildStdout>,
}

// === impl Server ===

impl Server {
    /// Starts it; returns once it has printed a line with `is up: ADDRESS`.
    pub fn start(command: &mut Command, cores: Cores) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = cores.on_server(|| command.spawn()).expect("the server's binary runs");
        let cpu = ClockId::pid_cpu_clock_id(pid(&child)).expect("the kernel keeps the time of processes");
        let said = BufReader::new(child.stdout.take().expect("piped"));
        let mut server = Self { address: SocketAddr::from(([0, 0, 0, 0], 0)), child, cpu, said };
        server.address = server.told();
        server
    }

    /// Reads what it prints until it says where it listens.
    fn told(&mut self) -> SocketAddr {
        let mut line = String::new();
        loop {
            line.clear();
            let length = self.said.read_line(&mut line).expect("text");
            assert!(length > 0, "the server ended before it was up");
            let word = line.split_once("is up: ").and_then(|(_, rest)| rest.split_whitespace().next());
            if let Some(address) = word.and_then(|word| word.parse().ok()) {
                return address;
            }
        }
    }

    /// The time that all of its threads have had, in the kernel and outside.
    pub fn cpu(&self) -> Duration {
        self.cpu.now().expect("it is alive").into()
    }

    /// Resident memory in bytes.
    pub fn memory(&self) -> u64 {
        self.status("VmRSS:")
    }

    /// The most that it ever was.
    pub fn peak(&self) -> u64 {
        self.status("VmHWM:")
    }

    fn status(&self, what: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it is alive");
        let line = status.lines().find_map(|line| line.strip_prefix(what)).expect("the kernel says so");
        let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().expect("a number");
        kib * 1024
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = kill(pid(&self.child), Signal::SIGTERM); // gone already, perhaps
        for _ in 0..LOOKS {
            if self.child.try_wait().is_ok_and(|ended| ended.is_some()) {
                return;
            }
            thread::sleep(LOOK);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn pid(child: &Child) -> Pid {
    Pid::from_raw(child.id().cast_signed())
}
