//! The papers of the door: server certificate, anchors, revocation lists; the key that signs receipts, and those by
//! which names and numbers are kept.

use std::{path::Path, sync::Arc, time::Duration};

use super::{lines::Lines, secret::exposed};
use crate::{
    app::{Settings, StartError},
    domain::time::{Clock, DAY, Time},
    host::SystemClock,
    net::tls::{
        Current, Material, Paths,
        probe::{Paper, Papers},
    },
    service::receipt::Signer,
    vault::{self, Vault},
};

/// Certificates are ordered and handed out by people.
const CERTIFICATE: Duration = DAY.saturating_mul(30);
/// Lists are signed by a timer, weekly.
const LIST: Duration = DAY.saturating_mul(7);

/// Looks at every file.
pub(super) fn look(settings: &Settings, clock: &SystemClock, lines: &mut Lines) {
    let paths = &settings.tls;
    let (papers, now) = (Papers::read(paths), clock.now());
    const SERVER: &str = "tls.certificate";
    match &papers.server {
        Ok(chain) => chain.iter().for_each(|paper| {
            held(SERVER, paper, now, CERTIFICATE, "issue another: greenlane cert issue-server", lines);
        }),
        Err(fault) => lines.bad(SERVER, fault.to_string()),
    }
    key(paths, clock, lines);
    for (class, anchors) in &papers.anchors {
        let key = format!("tls.anchors.{class}");
        match anchors {
            Ok(anchors) => anchors.iter().for_each(|anchor| {
                if papers.has_list(anchor) {
                    held(&key, anchor, now, CERTIFICATE, "make another CA, see certs/README.md", lines);
                } else {
                    let name = &anchor.name;
                    lines.bad(&key, format!("{name}: tls.crls has no list of it, so nobody of it is let in"));
                }
            }),
            Err(fault) => lines.bad(&key, fault.to_string()),
        }
    }
    for (_, lists) in &papers.crls {
        match lists {
            Ok(lists) => lists.iter().for_each(|paper| {
                held("tls.crls", paper, now, LIST, "sign another: greenlane cert crl", lines);
            }),
            Err(fault) => lines.bad("tls.crls", fault.to_string()),
        }
    }
    receipts(&settings.receipt_key, lines);
    vault(settings.vault.as_ref(), lines);
}

/// One paper: how long it is good for, and what to do before it is not.
fn held(key: &str, paper: &Paper, now: Time, early: Duration, what: &str, lines: &mut Lines) {
    let name = &paper.name;
    let revoked = match paper.revoked {
        0 => String::new(),
        some => format!(", revokes {some}"),
    };
    let Some(until) = paper.until else {
        return lines.bad(key, format!("{name}: names no next update, so it counts as ended; {what}"));
    };
    if now < paper.from {
        lines.bad(key, format!("{name}: begins at {}; is the clock of this machine right?", paper.from));
    } else if until <= now {
        lines.bad(key, format!("{name}: ended at {until}; {what}"));
    } else if until.since(now) < early {
        lines.warn(key, format!("{name}: good for {}{revoked}; {what}", span(until.since(now))));
    } else {
        lines.ok(key, format!("{name}: good for {}{revoked}", span(until.since(now))));
    }
}

fn span(left: Duration) -> String {
    match left.as_secs() / 3600 {
        hours @ 0..48 => format!("{hours} hours"),
        hours => format!("{} days", hours / 24),
    }
}

/// Whether everything goes together, as at a start.
fn key(paths: &Paths, clock: &SystemClock, lines: &mut Lines) {
    const KEY: &str = "tls.key";
    // Where a file cannot be read, its own line says so; the key has none.
    match Material::load(paths) {
        Err(_) => match Material::faults(paths).iter().find(|fault| fault.what() == "server key") {
            Some(fault) => lines.bad(KEY, fault.to_string()),
            None => lines.ok(KEY, "can be read"),
        },
        Ok(material) => match (Current::new(&material, Arc::new(*clock)), exposed(&paths.server_key)) {
            (Err(fault), _) => lines.bad(KEY, fault.to_string()),
            (Ok(_), Some(what)) => lines.warn(KEY, what),
            (Ok(_), None) => {
                lines.ok(KEY, "goes with the certificate; others on this machine may not open it")
            }
        },
    }
}

fn receipts(path: &Path, lines: &mut Lines) {
    const KEY: &str = "receipts.key";
    match std::fs::read(path).ok().and_then(|document| Signer::from_pkcs8(&document)) {
        None => lines.bad(KEY, StartError::ReceiptKey(path.to_owned()).to_string()),
        Some(signer) => match exposed(path) {
            Some(what) => lines.warn(KEY, what),
            None => lines.ok(KEY, format!("signs receipts as {}", signer.key_id())),
        },
    }
}

fn vault(files: Option<&vault::Files>, lines: &mut Lines) {
    const KEK: &str = "vault.kek";
    match files.map(Vault::open) {
        None => lines.ok(KEK, "none; no names and numbers of persons are kept"),
        Some(Ok(vault)) => {
            lines.ok(KEK, format!("{} wraps, and the index's key can be read", vault.newest()))
        }
        Some(Err(fault)) => lines.bad(KEK, fault.to_string()),
    }
}
