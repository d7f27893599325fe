//! A network of a test's own: fixed addresses and ports that nobody else has, and no way out.

use std::{panic::resume_unwind, process::Command, thread};

use nix::{
    errno::Errno,
    sched::{CloneFlags, unshare},
};

/// Runs it in a thread on a network of its own that has loopback with these addresses: so are all threads and processes
/// that it starts. Says why where the tests may not do that.
pub fn alone(addresses: &'static [&'static str], body: impl FnOnce() + Send + 'static) {
    let thread = thread::spawn(move || match unshare(CloneFlags::CLONE_NEWNET) {
        Ok(()) => {
            ip(&["link", "set", "lo", "up"]);
            addresses.iter().for_each(|address| ip(&["address", "add", address, "dev", "lo"]));
            body();
        }
        Err(Errno::EPERM) => {
            eprintln!("NOT RUN: a network of its own needs root (CAP_SYS_ADMIN); run this test as root");
        }
        Err(error) => panic!("no network of its own: {error}"),
    });
    thread.join().unwrap_or_else(|panic| resume_unwind(panic));
}

fn ip(words: &[&str]) {
    let done = Command::new("ip").env("PATH", "/usr/sbin:/sbin:/usr/bin:/bin").args(words).output();
    let done = done.unwrap_or_else(|error| panic!("ip: {error}; tests/run installs it (iproute2)"));
    assert!(done.status.success(), "ip {words:?}: {}", String::from_utf8_lossy(&done.stderr));
}
