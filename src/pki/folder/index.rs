//! The index of a CA: one JSON object a line, one line an event, never changed.

use std::{
    fs::OpenOptions,
    io::Write,
    path::{Path, PathBuf},
};

use aws_lc_rs::digest::{SHA256, digest};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use serde::{Deserialize, Serialize};

use super::{
    FolderError,
    files::{at, read},
};
use crate::{
    domain::time::Time,
    pki::{Issued, Validity, authority::hex},
};

/// One line.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Line {
    /// A certificate was issued.
    Issued {
        /// Its serial number, hex.
        serial: String,
        /// `regulator/miit/officer-1`, or the server's first name.
        identity: String,
        /// When.
        time: Time,
        /// Until when it is valid.
        not_after: Time,
        /// As the gateway's ledger names a certificate: a forged one is in the ledger and not here.
        #[serde(default)]
        certificate_sha256: String,
    },
    /// A certificate was revoked.
    Revoked {
        /// Its serial number, hex.
        serial: String,
        /// Why.
        reason: String,
        /// When.
        time: Time,
    },
}

/// A certificate in the index.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// Its serial number, hex.
    pub serial: String,
    /// Whose it is.
    pub identity: String,
    /// Until when it is valid.
    pub not_after: Time,
    /// Since when it is revoked, and why.
    pub revoked: Option<(Time, String)>,
}

/// What the whole lines say.
pub(super) fn list(path: &Path) -> Result<Vec<Listed>, FolderError> {
    let text = if path.exists() { read(path)? } else { String::new() };
    let mut listed: Vec<Listed> = Vec::new();
    for line in whole(&text).lines() {
        match serde_json::from_str(line).map_err(|_| FolderError::Spoilt(PathBuf::from(path)))? {
            Line::Issued { serial, identity, time: _, not_after, certificate_sha256: _ } => {
                listed.push(Listed { serial, identity, not_after, revoked: None });
            }
            Line::Revoked { serial, reason, time } => {
                for of in listed.iter_mut().filter(|listed| listed.serial == serial) {
                    of.revoked = Some((time, reason.clone()));
                }
            }
        }
    }
    Ok(listed)
}

/// Adds a line, durably. The caller holds the folder's lock.
pub(super) fn append(path: &Path, line: &Line) -> Result<(), FolderError> {
    let old = if path.exists() { read(path)? } else { String::new() };
    let text = serde_json::to_string(line).expect("plain data") + "\n";
    let mut file = OpenOptions::new().create(true).append(true).open(path).map_err(at(path))?;
    // Half a line is what a crash left before anything was handed out: the next one must not be glued to it.
    let length = u64::try_from(whole(&old).len()).expect("a length");
    file.set_len(length)
        .and_then(|()| file.write_all(text.as_bytes()))
        .and_then(|()| file.sync_all())
        .map_err(at(path))
}

/// The text up to its last line's end.
fn whole(text: &str) -> &str {
    text.rfind('\n').map_or("", |end| &text[..=end])
}

// === impl Line ===

impl Line {
    pub(super) fn issued(issued: &Issued, identity: &str, validity: Validity, now: Time) -> Self {
        let der = CertificateDer::from_pem_slice(issued.cert_pem.as_bytes()).expect("we wrote it");
        Self::Issued {
            serial: issued.serial.clone(),
            identity: identity.to_owned(),
            time: now,
            not_after: validity.to,
            certificate_sha256: hex(digest(&SHA256, &der).as_ref()),
        }
    }
}
