//! A folder for one server, and a watchdog that ends whatever runs in it and removes it: when the folder is dropped,
//! and also when the test program dies, however it dies.

use std::{
    fs,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

/// A folder and what runs in it: every process whose working directory it is.
pub struct Folder {
    path: PathBuf,
    watchdog: Child,
}

/// Its standard input ends when nobody holds the folder any more. SIGQUIT is PostgreSQL's immediate stop, which leaves
/// no shared memory behind; others just end by it.
const WATCHDOG: &str = r#"
inside() { find /proc/[0-9]*/cwd -maxdepth 0 -lname "$1*" -printf '%h\n' 2>/dev/null | cut -d / -f 3; }
tell() { kill -s "$1" $(inside "$2") 2>/dev/null; }
ulimit -c 0
read -r _
tell QUIT "$1"
tell CONT "$1"
turns=0
while [ -n "$(inside "$1")" ]; do
  [ "$turns" -lt 50 ] || tell KILL "$1"
  turns=$((turns + 1))
  sleep 0.1
done
rm -rf -- "$1"
"#;

// === impl Folder ===

impl Folder {
    /// An empty one.
    pub fn make() -> Self {
        let path = tempfile::tempdir().expect("a folder").keep().canonicalize().expect("it is there");
        // A group of its own: what a terminal sends to the tests does not reach it.
        let watchdog = Command::new("sh")
            .args(["-c", WATCHDOG, "watchdog"])
            .arg(&path)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell");
        Self { path, watchdog }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// SIGKILL to everything that runs in it.
    pub fn kill(&self) {
        self.pause(); // so that none makes another meanwhile
        self.signal(Signal::SIGKILL);
    }

    /// SIGSTOP to everything that runs in it, until nothing that runs is left.
    pub fn pause(&self) {
        let mut stopped = Vec::new();
        loop {
            let inside = self.inside();
            if inside.iter().all(|pid| stopped.contains(pid)) {
                return;
            }
            send(&inside, Signal::SIGSTOP);
            stopped = inside;
        }
    }

    /// SIGCONT to everything in it.
    pub fn resume(&self) {
        self.signal(Signal::SIGCONT);
    }

    fn signal(&self, signal: Signal) {
        send(&self.inside(), signal);
    }

    fn inside(&self) -> Vec<Pid> {
        inside(&self.path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(self.watchdog.stdin.take());
        let _ = self.watchdog.wait(); // nobody else waits for it
    }
}

/// The processes that run in a folder.
pub fn inside(folder: &Path) -> Vec<Pid> {
    let processes = fs::read_dir("/proc").expect("Linux").filter_map(Result::ok);
    let here = processes
        .filter(|process| fs::read_link(process.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(folder)));
    here.filter_map(|process| process.file_name().to_str()?.parse().ok().map(Pid::from_raw)).collect()
}

fn send(processes: &[Pid], signal: Signal) {
    for pid in processes {
        let _ = kill(*pid, signal); // it may have ended by itself
    }
}
