//! Certificates of a `dev` folder: a CA per class, one folder per identity, fresh revocation lists at each start.

use std::{
    collections::BTreeMap,
    fs,
    net::{IpAddr, Ipv4Addr},
    path::Path,
    time::Duration,
};

use crate::{
    cli::env::env_sh,
    domain::{
        caller::Class,
        time::{DAY, Time},
    },
    net::tls::Paths,
    pki::{
        Identity, Scope, Validity,
        folder::{Folder, FolderError, write, write_secret},
    },
};

/// The trust domain of a `dev` gateway.
const TRUST_DOMAIN: &str = "dev.greenlane";
/// A certificate of `dev` is good for so long.
const VALID: Duration = Duration::from_secs(397 * 24 * 60 * 60);
/// A revocation list is signed at each start; a gateway that runs longer than this is no `dev` any more.
const LIST_VALID: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Every identity: its folder, class, id and person.
fn identities() -> Vec<(String, Identity)> {
    let of = |folder: &str, class, id: &str, person: Option<&str>| {
        let identity = Identity { class, id: id.to_owned(), person: person.map(str::to_owned) };
        (folder.to_owned(), identity)
    };
    let mut all = vec![
        of("regulator-miit", Class::Regulator, "miit", Some("officer-1")),
        of("regulator-miit-2", Class::Regulator, "miit", Some("officer-2")),
        of("police-mps", Class::Police, "mps", Some("officer-1")),
        of("police-mps-2", Class::Police, "mps", Some("officer-2")),
        of("carrier-telecom", Class::Carrier, "telecom", None),
        of("carrier-mobile", Class::Carrier, "mobile", None),
        of("carrier-unicom", Class::Carrier, "unicom", None),
        of("auditor", Class::Auditor, "audit", None),
        of("operator", Class::Operator, "ops", Some("admin-1")),
        of("portal", Class::Portal, "public", None),
    ];
    all.extend((1..=42).map(|n| of(&format!("mvno-m{n:02}"), Class::Mvno, &format!("m{n:02}"), None)));
    all
}

/// Makes what is missing and says where everything lies.
pub(super) fn make(dir: &Path, now: Time) -> Result<Paths, FolderError> {
    let folder = Folder::open(&dir.join("pki"), TRUST_DOMAIN)?;
    for scope in Class::ALL.into_iter().map(Scope::Class).chain([Scope::Server]) {
        if !folder.has(scope) {
            folder.make_ca(scope, now)?;
        }
    }
    let validity = Validity::starting(now, VALID);
    let server = dir.join("certs/server");
    if !is_current(&folder, Scope::Server, &server, now)? {
        let ips = [IpAddr::V4(Ipv4Addr::LOCALHOST)];
        keep(&server, &folder.issue_server(&["localhost"], &ips, validity, now)?)?;
    }
    for (name, identity) in identities() {
        let place = dir.join("certs").join(name);
        if !is_current(&folder, Scope::Class(identity.class), &place, now)? {
            keep(&place, &folder.issue(&identity, validity, now)?)?;
            // A client trusts the server's CA.
            copy(&folder.path(Scope::Server, "ca.pem"), &place.join("ca.pem"))?;
        }
    }
    let crls = folder.sign_crls(now, LIST_VALID)?;
    let anchors: BTreeMap<_, _> =
        Class::ALL.into_iter().map(|class| (class, folder.path(Scope::Class(class), "ca.pem"))).collect();
    Ok(Paths {
        server_cert: server.join("cert.pem"),
        server_key: server.join("key.pem"),
        anchors,
        crls,
        trust_domain: TRUST_DOMAIN.to_owned(),
    })
}

/// Writes `env.sh` beside every client certificate.
pub(super) fn write_env(dir: &Path, addresses: &[String]) -> Result<(), FolderError> {
    let text = env_sh(&addresses.join(" "));
    identities().iter().try_for_each(|(name, _)| {
        let path = dir.join("certs").join(name).join("env.sh");
        // As a rule nothing has changed, and fifty files made durable are what a start would spend most time on.
        if fs::read_to_string(&path).is_ok_and(|kept| kept == text) { Ok(()) } else { write(&path, &text) }
    })
}

/// Whether a certificate lies there that is good for another month. What was revoked stays as it is.
fn is_current(folder: &Folder, scope: Scope, place: &Path, now: Time) -> Result<bool, FolderError> {
    let Ok(serial) = fs::read_to_string(place.join("serial")) else { return Ok(false) };
    let listed = folder.list(scope)?;
    let known = listed.iter().find(|listed| listed.serial == serial.trim());
    Ok(known.is_some_and(|listed| listed.revoked.is_some() || listed.not_after > now.plus(DAY * 30)))
}

fn keep(place: &Path, issued: &crate::pki::Issued) -> Result<(), FolderError> {
    let io = |error| FolderError::Io { path: place.to_owned(), error };
    fs::create_dir_all(place).map_err(io)?;
    // An old key goes with its old certificate.
    if place.join("key.pem").exists() {
        fs::remove_file(place.join("key.pem")).map_err(io)?;
    }
    write_secret(&place.join("key.pem"), &issued.key_pem)?;
    write(&place.join("cert.pem"), &issued.cert_pem)?;
    write(&place.join("serial"), &issued.serial)
}

fn copy(from: &Path, to: &Path) -> Result<(), FolderError> {
    fs::copy(from, to).map(drop).map_err(|error| FolderError::Io { path: to.to_owned(), error })
}
