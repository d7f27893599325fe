//! Whether a node of ours runs on this configuration's addresses, what it says of itself, and whether it is at the
//! record.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener},
    time::Duration,
};

use super::lines::Lines;
use crate::{app::Settings, cli::healthcheck::ask};

/// How often a node is asked again that has not seen the last revision yet: it may have been told just now.
const LOOKS: u32 = 10;
const PAUSE: Duration = Duration::from_millis(100);

/// What is at the address of the probes.
pub(super) enum Node {
    /// Nobody listens there.
    Absent,
    /// A node of ours, and what it says.
    Ours(SocketAddr, String),
    /// Somebody else, or an address that cannot be had.
    Strange(String),
}

// === impl Node ===

impl Node {
    /// Asks it.
    pub(super) fn look(ops: SocketAddr) -> Self {
        match free(ops) {
            Ok(()) => return Self::Absent,
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            Err(error) => return Self::Strange(format!("cannot be listened on: {error}")),
        }
        let near = near(ops);
        let answer = ask(&near.to_string(), "/readyz").unwrap_or_default();
        let said = answer.split_once("\r\n\r\n").map(|(_, said)| said.trim().to_owned());
        match said.filter(|said| said.starts_with("ready") || said.starts_with("not ready")) {
            Some(said) => Self::Ours(near, said),
            None => {
                Self::Strange("another process listens there; stop it, or take another address".to_owned())
            }
        }
    }

    pub(super) fn is_ours(&self) -> bool {
        matches!(self, Self::Ours(..))
    }

    /// A line for each address.
    pub(super) fn tell(&self, settings: &Settings, lines: &mut Lines) {
        const LISTEN: &str = "server.listen";
        const OPS: &str = "ops.listen";
        let (listen, ops) = (settings.listen, settings.ops);
        match free(listen) {
            Ok(()) => lines.ok(LISTEN, format!("{listen}: free")),
            Err(error) if error.kind() != io::ErrorKind::AddrInUse => {
                lines.bad(LISTEN, format!("{listen}: cannot be listened on: {error}"));
            }
            Err(_) if self.is_ours() => lines.ok(LISTEN, format!("{listen}: taken, and a node runs here")),
            Err(_) => {
                let what = "another process listens there; stop it, or take another address";
                lines.bad(LISTEN, format!("{listen}: {what}"));
            }
        }
        match self {
            Self::Absent => lines.ok(OPS, format!("{ops}: free; no node runs here")),
            Self::Strange(what) => lines.bad(OPS, format!("{ops}: {what}")),
            Self::Ours(_, said) if said == "ready" => lines.ok(OPS, format!("{ops}: a node says: {said}")),
            Self::Ours(_, said) if said.starts_with("ready") => {
                lines.warn(OPS, format!("{ops}: a node says: {said}"));
            }
            Self::Ours(_, said) => lines.bad(OPS, format!("{ops}: a node says: {said}")),
        }
    }

    /// Whether the node that runs here holds what the database has.
    pub(super) async fn follows(&self, revision: Option<i64>, lines: &mut Lines) {
        const KEY: &str = "ops.listen";
        let (Self::Ours(near, _), Some(recorded)) = (self, revision) else { return };
        let mut held = None;
        for look in 0..LOOKS {
            if look > 0 {
                tokio::time::sleep(PAUSE).await;
            }
            held = held_by(*near);
            if held.is_none_or(|held| held >= recorded) {
                break;
            }
        }
        match held {
            Some(held) if held >= recorded => {
                lines.ok(KEY, format!("the node is at the record: revision {held}"))
            }
            Some(held) => {
                let what = "see its log; does it use this database?";
                lines.bad(KEY, format!("the node is at revision {held}, the record at {recorded}; {what}"));
            }
            None => lines.warn(KEY, "the node does not say its revision; is it an older one?"),
        }
    }
}

/// Whether the address can be had; it is given back at once.
fn free(address: SocketAddr) -> io::Result<()> {
    TcpListener::bind(address).map(drop)
}

/// Where a node is reached from its own machine.
fn near(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        IpAddr::V4(_) | IpAddr::V6(_) => {}
    }
    address
}

fn held_by(near: SocketAddr) -> Option<i64> {
    let metrics = ask(&near.to_string(), "/metrics").ok()?;
    let line = metrics.lines().find_map(|line| line.strip_prefix("greenlane_revision "))?;
    line.trim().parse().ok()
}
