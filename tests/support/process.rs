//! A process of a test, and what it says: whoever waits for it waits for a line, or for its end.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Condvar, Mutex, MutexGuard},
    thread,
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

/// Far longer than anything takes: what is not there by then is not coming.
const PATIENCE: Duration = Duration::from_secs(120);

/// A process, ended when it is dropped.
pub struct Process {
    child: Child,
    said: Arc<Said>,
}

/// What it said so far, on both of its outputs.
#[derive(Default)]
struct Said {
    heard: Mutex<Heard>,
    more: Condvar,
}

#[derive(Default)]
struct Heard {
    lines: Vec<String>,
    /// How many of its outputs have ended.
    ended: usize,
}

// === impl Process ===

impl Process {
    /// Starts it, and listens.
    pub fn start(command: &mut Command) -> Self {
        let started = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = started.unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let said = Arc::new(Said::default());
        said.clone().listen(child.stdout.take().expect("piped"));
        said.clone().listen(child.stderr.take().expect("piped"));
        Self { child, said }
    }

    pub fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).expect("a pid"))
    }

    pub fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).expect("it is not waited for yet");
    }

    /// Waits for such a line. What it said instead, when it ended without.
    pub fn says(&self, wanted: impl Fn(&str) -> bool) -> Result<(), String> {
        let found = |heard: &Heard| heard.lines.iter().any(|line| wanted(line));
        let heard = self.said.wait(|heard| heard.ended == 2 || found(heard));
        if found(&heard) { Ok(()) } else { Err(heard.lines.join("\n")) }
    }

    /// Everything it said so far.
    pub fn said(&self) -> String {
        self.said.heard().lines.join("\n")
    }

    /// Waits until it has ended by itself, and everything that holds its outputs too.
    pub fn ended(mut self) -> ExitStatus {
        drop(self.said.wait(|heard| heard.ended == 2));
        self.child.wait().expect("it is ours")
    }

    /// SIGKILL, and waits until it is gone.
    pub fn kill(mut self) {
        self.child.kill().expect("it is ours");
        self.child.wait().expect("it is ours");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended
        let _ = self.child.wait();
    }
}

// === impl Said ===

impl Said {
    fn listen(self: Arc<Self>, output: impl Read + Send + 'static) {
        thread::spawn(move || {
            for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
                self.heard().lines.push(String::from_utf8_lossy(&line).into_owned());
                self.more.notify_all();
            }
            self.heard().ended += 1;
            self.more.notify_all();
        });
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().expect("nobody panics with it")
    }

    fn wait(&self, until: impl Fn(&Heard) -> bool) -> MutexGuard<'_, Heard> {
        let waited = self.more.wait_timeout_while(self.heard(), PATIENCE, |heard| !until(heard));
        let (heard, late) = waited.expect("nobody panics with it");
        if late.timed_out() {
            let said = heard.lines.join("\n");
            drop(heard);
            panic!("waited in vain; it said:\n{said}");
        }
        heard
    }
}
