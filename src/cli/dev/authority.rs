//! The made-up identity authority of `dev`: a process of its own, that ends with this one.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use crate::authority::{remote::Settings, simulated::READY};

/// The process. It ends when its standard input does: when this is dropped, or this process ends, however it does.
pub(super) struct Simulated {
    process: Child,
    /// How it is asked.
    pub(super) settings: Settings,
}

/// Starts it in that folder, on any port of the loopback, and waits until it is there.
pub(super) fn start(dir: &Path) -> Result<Simulated, String> {
    let failed = |error| format!("the simulated identity authority does not start: {error}");
    let program = std::env::current_exe().map_err(failed)?;
    let mut command = Command::new(program);
    command
        .args(["authority", "simulate", "--until-stdin-ends", "--listen", "127.0.0.1:0", "--dir"])
        .arg(dir);
    let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(failed)?;
    let out = process.stdout.take().ok_or("the simulated identity authority has no output")?;
    let mut line = String::new();
    BufReader::new(out).read_line(&mut line).map_err(failed)?;
    let Some(address) = line.trim().strip_prefix(READY) else {
        let code = process.wait().map_err(failed)?;
        return Err(format!("the simulated identity authority ended at once ({code})"));
    };
    let gateway = dir.join("gateway");
    let file = |name: &str| gateway.join(name);
    let settings = Settings::new(address, file("ca.pem"), file("cert.pem"), file("key.pem"));
    Ok(Simulated { process, settings })
}

impl Drop for Simulated {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ended = self.process.wait();
    }
}
