//! Ports of loopback that a server can be stopped on and started on again.

use std::net::{Ipv4Addr, TcpListener};

/// Below those that the kernel gives to outgoing connections: while a server is down, none of them takes its port.
const LOWEST: u16 = 20_000;
const MANY: u16 = 12_000;

/// One that nobody listens on. Somebody may be quicker: who starts a server there tries another one then.
pub fn free() -> u16 {
    let drawn = || LOWEST + u16::from_le_bytes(greenlane::host::random()) % MANY;
    let free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    std::iter::repeat_with(drawn).take(1000).find(free).expect("a port is free")
}
