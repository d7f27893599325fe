//! Ports of loopback that a server can be stopped on and started on again.

use std::net::{Ipv4Addr, TcpListener};

/// Below those that the kernel gives to outgoing connections: while a server is down, none of them takes its port.
const LOWEST: u16 = 20_000;
const MANY: u16 = 12_000;

/// Starts a server on one that nobody listens on. Where somebody was quicker, on another one.
pub fn settle<T>(mut start: impl FnMut(u16) -> Result<T, String>) -> T {
    let mut tries = 0;
    loop {
        match start(free()) {
            Ok(started) => return started,
            Err(said) if said.contains("Address already in use") && tries < 10 => tries += 1,
            Err(said) => panic!("it did not start: {said}"),
        }
    }
}

/// One that nobody listens on now.
pub fn free() -> u16 {
    let drawn = || LOWEST + u16::from_le_bytes(greenlane::host::random()) % MANY;
    let free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    std::iter::repeat_with(drawn).take(1000).find(free).expect("a port is free")
}
