//! A network of a test's own: fixed addresses and ports that nobody else has, and no way out.

use std::process::Command;

use nix::{
    errno::Errno,
    sched::{CloneFlags, unshare},
};

/// Puts this thread, and every thread and process that it starts from now on, on a network of its own that has
/// loopback with these addresses. False, and says why, where the tests may not do that.
pub fn own(addresses: &[&str]) -> bool {
    match unshare(CloneFlags::CLONE_NEWNET) {
        Ok(()) => {}
        Err(Errno::EPERM) => {
            eprintln!("NOT RUN: a network of its own needs root (CAP_SYS_ADMIN); run this test as root");
            return false;
        }
        Err(error) => panic!("no network of its own: {error}"),
    }
    ip(&["link", "set", "lo", "up"]);
    addresses.iter().for_each(|address| ip(&["address", "add", address, "dev", "lo"]));
    true
}

fn ip(words: &[&str]) {
    let done = Command::new("ip").env("PATH", "/usr/sbin:/sbin:/usr/bin:/bin").args(words).output();
    let done = done.unwrap_or_else(|error| panic!("ip: {error}; tests/run installs it (iproute2)"));
    assert!(done.status.success(), "ip {words:?}: {}", String::from_utf8_lossy(&done.stderr));
}
