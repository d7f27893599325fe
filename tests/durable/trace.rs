//! What a node said to the kernel, in order, as strace tells it: writes to the log that commits go to, flushes of that
//! log, and what was sent to partners.

use std::{collections::HashMap, path::Path};

/// What strace is asked for, but for the file: descriptors by their names, so that a file is told from a connection.
const ASKED: [&str; 9] = [
    "strace",
    "--daemonize", // the node stays its parent's child
    "--follow-forks",
    "--decode-fds=all",
    "--string-limit=0",
    "--seccomp-bpf",
    "-qq",
    "-esignal=none",
    "-etrace=write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,sendmmsg,fsync,fdatasync",
];

/// Shorter sends are the connection's own words (acknowledged pings, windows); an answer has a name in it.
const ANSWER: i64 = 64;

/// What was found.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Found {
    /// Answers that came after something was written to the log.
    pub answers: usize,
    /// Flushes of the log that returned.
    pub flushes: usize,
    /// Of these, the ones that began to be sent while something in the log was not flushed.
    pub early: usize,
}

/// A call of the kernel.
struct Call<'t> {
    name: &'t str,
    /// What its descriptor is.
    target: &'t str,
    returned: i64,
}

/// A call began, or returned: its place in the list.
enum Moment {
    Begin(usize),
    Return(usize),
}

/// The words before the node's own command; the trace goes to that file.
pub fn command(file: &Path) -> Vec<&str> {
    [&ASKED[..], &["--output", file.to_str().expect("text")]].concat()
}

/// Follows a trace in which one partner made one call at a time, on one connection.
pub fn read(trace: &str, address: &str) -> Found {
    let (calls, moments) = parse(trace);
    let partner = format!("<TCP:[{address}->");
    let mut found = Found::default();
    let mut greeted = false;
    // Something is in the log that was not answered; that was not flushed.
    let (mut written, mut dirty) = (false, false);
    for moment in moments {
        match moment {
            Moment::Begin(at) if calls[at].is_log() && !calls[at].is_flush() => {
                (written, dirty) = (true, true);
            }
            Moment::Begin(at) if calls[at].target.contains(&partner) && calls[at].returned >= ANSWER => {
                // The first thing sent is the handshake's, whatever the start wrote before.
                if greeted && written {
                    found.answers += 1;
                    found.early += usize::from(dirty);
                }
                (greeted, written) = (true, false);
            }
            // One thread writes the log, so nothing was written to it while this went on.
            Moment::Return(at) if calls[at].is_log() && calls[at].is_flush() && calls[at].returned == 0 => {
                found.flushes += 1;
                dirty = false;
            }
            Moment::Begin(_) | Moment::Return(_) => {}
        }
    }
    found
}

/// A line is a whole call, or its begin, or its return: calls of several threads overlap.
fn parse(trace: &str) -> (Vec<Call<'_>>, Vec<Moment>) {
    let (mut calls, mut moments, mut open) = (Vec::new(), Vec::new(), HashMap::new());
    for line in trace.lines() {
        let (thread, line) = line.split_once(' ').expect("a thread first");
        let returned = line.rsplit_once(" = ").and_then(|(_, end)| end.split(' ').next()?.parse().ok());
        let at = if line.trim_start().starts_with("<... ") {
            open.remove(thread).expect("it began")
        } else {
            let (name, rest) = line.trim_start().split_once('(').expect("a call");
            calls.push(Call { name, target: rest.split(", ").next().unwrap_or(rest), returned: -1 });
            moments.push(Moment::Begin(calls.len() - 1));
            calls.len() - 1
        };
        match returned {
            Some(returned) => {
                calls[at].returned = returned;
                moments.push(Moment::Return(at));
            }
            None => drop(open.insert(thread, at)),
        }
    }
    (calls, moments)
}

// === impl Call ===

impl Call<'_> {
    /// Of the log that commits go to.
    fn is_log(&self) -> bool {
        self.target.contains(".db-wal>")
    }

    fn is_flush(&self) -> bool {
        matches!(self.name, "fsync" | "fdatasync")
    }
}

#[test]
fn the_eye_for_early_answers_sees() {
    const TRACE: &str = "\
8 pwrite64(12</d/x.db-wal>, \"\"..., 24, 0) = 24
9 writev(32<TCP:[127.0.0.1:1->127.0.0.1:2]>, [...], 3) = 804
7 pwrite64(12</d/x.db-wal>, \"\"..., 24, 0) = 24
7 pwrite64(12</d/x.db-wal>, \"\"..., 4096, 24 <unfinished ...>
9 writev(32<TCP:[127.0.0.1:1->127.0.0.1:2]>, [...], 1) = 39
7 <... pwrite64 resumed>) = 4096
7 fsync(12</d/x.db-wal> <unfinished ...>
9 writev(32<TCP:[127.0.0.1:1->127.0.0.1:2]>, [...], 1 <unfinished ...>
7 <... fsync resumed>)              = 0
9 <... writev resumed>) = 270
9 writev(32<TCP:[127.0.0.1:1->127.0.0.1:2]>, [...], 1) = 300
7 pwrite64(12</d/x.db-wal>, \"\"..., 24, 0) = 24
7 fdatasync(12</d/x.db-wal>) = -1 EIO (Input/output error)
9 sendto(32<TCP:[127.0.0.1:1->127.0.0.1:2]>, \"\"..., 270, MSG_NOSIGNAL, NULL, 0) = 270
7 fdatasync(12</d/x.db-wal>) = 0
9 sendto(32<TCP:[127.0.0.1:3->127.0.0.1:2]>, \"\"..., 270, MSG_NOSIGNAL, NULL, 0) = 270
";
    assert_eq!(read(TRACE, "127.0.0.1:1"), Found { answers: 2, flushes: 2, early: 2 });
}
