//! A program as a hook: the command on its standard input, how it went on its standard output. What it says on standard
//! error goes where ours goes.

use std::{io, os::unix::process::ExitStatusExt, path::Path, process::Stdio};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::{Child, Command},
};

use super::hook::{Fault, Slip};

/// More than this is no list of results.
const LONGEST: u64 = 1024 * 1024;

/// A program and whatever it started: gone when this is dropped, as a program is that took too long.
struct Group(Child);

/// Runs it to its end.
pub(super) async fn run(program: &Path, state: &Path, json: &[u8], slip: Slip<'_>) -> Result<Vec<u8>, Fault> {
    let mut command = Command::new(program);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
    command.env("GREENLANE_KIND", slip.kind).env("GREENLANE_COMMAND_ID", slip.command_id);
    command.env("GREENLANE_DRILL", if slip.drill { "yes" } else { "" });
    command.env("GREENLANE_TIMES", slip.times.to_string()).env("GREENLANE_STATE", state);
    let told = |error: io::Error| Fault::new("HOOK_NOT_RUN", error.to_string());
    let mut group = Group(command.spawn().map_err(told)?);
    let (input, output) = (group.0.stdin.take(), group.0.stdout.take());
    let write = async {
        if let Some(mut input) = input {
            // Who does not read it all may have read enough; its exit code counts.
            let _ = input.write_all(json).await;
        }
    };
    let mut printed = Vec::new();
    let read = async {
        match output {
            Some(output) => output.take(LONGEST).read_to_end(&mut printed).await.map(drop),
            None => Ok(()),
        }
    };
    let ((), read) = tokio::join!(write, read);
    read.map_err(told)?;
    let status = group.0.wait().await.map_err(told)?;
    match (status.code(), status.signal()) {
        (Some(0), _) => Ok(printed),
        (Some(code), _) => Err(Fault::new(format!("EXIT_{code}"), format!("it ended with {code}"))),
        (None, signal) => {
            let signal = signal.unwrap_or_default();
            Err(Fault::new(format!("SIGNAL_{signal}"), format!("signal {signal} ended it")))
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // None once it was waited for.
        if let Some(pid) = self.0.id().and_then(|pid| i32::try_from(pid).ok()) {
            let _ = killpg(Pid::from_raw(pid), Signal::SIGKILL); // it may have ended meanwhile
        }
    }
}
