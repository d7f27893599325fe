//! A folder of CAs: `<dir>/<class>/{ca.pem,ca.key,crl.pem,index.jsonl,crl-number}`, and `<dir>/server/` for the
//! server's own. Keys are readable by their owner only and never overwritten; the index is append-only.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Authority, Identity, Issued, PkiError, Scope, Validity};
use crate::domain::{caller::Class, time::Time};

/// The folder.
#[derive(Clone, Debug)]
pub struct Folder {
    dir: PathBuf,
    trust_domain: String,
}

/// One line of an index.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Line {
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

/// Why the folder could not do it.
#[derive(Debug, Error)]
pub enum FolderError {
    /// A file.
    #[error("{path}: {error}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Making or signing.
    #[error(transparent)]
    Pki(#[from] PkiError),
    /// There is a CA already.
    #[error("{0} exists; a CA is never overwritten")]
    Exists(PathBuf),
    /// There is no CA of that scope.
    #[error("there is no {0} CA in this folder; make it with `greenlane cert ca --class {0}`")]
    NoCa(Scope),
    /// An index that cannot be read.
    #[error("{0} has a line that is no JSON of ours")]
    Index(PathBuf),
    /// No such certificate.
    #[error("no certificate of that serial number was issued here; `greenlane cert list` shows all")]
    Unknown,
}

// === impl Folder ===

impl Folder {
    /// A folder of that trust domain; made where there is none.
    pub fn open(dir: &Path, trust_domain: &str) -> Result<Self, FolderError> {
        fs::create_dir_all(dir).map_err(|error| FolderError::Io { path: dir.to_owned(), error })?;
        Ok(Self { dir: dir.to_owned(), trust_domain: trust_domain.to_owned() })
    }

    /// Where a file of a CA lies.
    pub fn path(&self, scope: Scope, file: &str) -> PathBuf {
        self.dir.join(scope.to_string()).join(file)
    }

    /// Whether there is a CA of that scope.
    pub fn has(&self, scope: Scope) -> bool {
        self.path(scope, "ca.pem").exists()
    }

    /// Makes a CA.
    pub fn make_ca(&self, scope: Scope, now: Time) -> Result<(), FolderError> {
        let dir = self.dir.join(scope.to_string());
        if self.has(scope) {
            return Err(FolderError::Exists(dir));
        }
        fs::create_dir_all(&dir).map_err(|error| FolderError::Io { path: dir, error })?;
        let authority = Authority::new(scope, &self.trust_domain, now)?;
        write_secret(&self.path(scope, "ca.key"), &authority.key_pem())?;
        write(&self.path(scope, "ca.pem"), authority.pem())
    }

    fn authority(&self, scope: Scope) -> Result<Authority, FolderError> {
        if !self.has(scope) {
            return Err(FolderError::NoCa(scope));
        }
        let pem = read(&self.path(scope, "ca.pem"))?;
        let key = read(&self.path(scope, "ca.key"))?;
        Ok(Authority::from_pem(scope, &self.trust_domain, &pem, &key)?)
    }

    /// Issues a client certificate.
    pub fn issue(&self, identity: &Identity, validity: Validity, now: Time) -> Result<Issued, FolderError> {
        let scope = Scope::Class(identity.class);
        let issued = self.authority(scope)?.issue(identity, validity)?;
        self.index(scope, &line(&issued, &identity.path(), validity, now))?;
        Ok(issued)
    }

    /// Issues the server's certificate.
    pub fn issue_server(
        &self,
        names: &[&str],
        ips: &[std::net::IpAddr],
        validity: Validity,
        now: Time,
    ) -> Result<Issued, FolderError> {
        let issued = self.authority(Scope::Server)?.issue_server(names, ips, validity)?;
        self.index(Scope::Server, &line(&issued, names.first().unwrap_or(&"server"), validity, now))?;
        Ok(issued)
    }

    /// Revokes a certificate; the next list has it.
    pub fn revoke(&self, scope: Scope, serial: &str, reason: &str, now: Time) -> Result<(), FolderError> {
        let known = self
            .list(scope)?
            .into_iter()
            .find(|listed| listed.serial == serial)
            .ok_or(FolderError::Unknown)?;
        if known.revoked.is_some() {
            return Ok(());
        }
        self.index(scope, &Line::Revoked { serial: serial.to_owned(), reason: reason.to_owned(), time: now })
    }

    /// Signs a fresh revocation list for every client CA of the folder. Returns where they are.
    pub fn sign_crls(&self, now: Time, valid: Duration) -> Result<Vec<PathBuf>, FolderError> {
        let scopes = Class::ALL.into_iter().map(Scope::Class).filter(|scope| self.has(*scope));
        scopes.map(|scope| self.sign_crl(scope, now, valid)).collect()
    }

    fn sign_crl(&self, scope: Scope, now: Time, valid: Duration) -> Result<PathBuf, FolderError> {
        let counter = self.path(scope, "crl-number");
        let number =
            fs::read_to_string(&counter).ok().and_then(|text| text.trim().parse::<u64>().ok()).unwrap_or(0)
                + 1;
        let listed = self.list(scope)?;
        let revoked: Vec<&str> = listed
            .iter()
            .filter(|listed| listed.revoked.is_some())
            .map(|listed| listed.serial.as_str())
            .collect();
        let list = self.authority(scope)?.crl(&revoked, now, now.plus(valid), number)?;
        let path = self.path(scope, "crl.pem");
        write(&counter, &number.to_string())?;
        write(&path, &list)?;
        Ok(path)
    }

    /// Every certificate that a CA issued, in order.
    pub fn list(&self, scope: Scope) -> Result<Vec<Listed>, FolderError> {
        let path = self.path(scope, "index.jsonl");
        let text = if path.exists() { read(&path)? } else { String::new() };
        let mut listed: Vec<Listed> = Vec::new();
        for line in text.lines() {
            match serde_json::from_str(line).map_err(|_| FolderError::Index(path.clone()))? {
                Line::Issued { serial, identity, time: _, not_after } => {
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

    fn index(&self, scope: Scope, line: &Line) -> Result<(), FolderError> {
        let path = self.path(scope, "index.jsonl");
        let text = serde_json::to_string(line).expect("plain data") + "\n";
        let file = OpenOptions::new().create(true).append(true).open(&path);
        let written =
            file.and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()));
        written.map_err(|error| FolderError::Io { path, error })
    }
}

fn line(issued: &Issued, identity: &str, validity: Validity, now: Time) -> Line {
    Line::Issued {
        serial: issued.serial.clone(),
        identity: identity.to_owned(),
        time: now,
        not_after: validity.to,
    }
}

fn read(path: &Path) -> Result<String, FolderError> {
    fs::read_to_string(path).map_err(|error| FolderError::Io { path: path.to_owned(), error })
}

/// Writes a file whole or not at all: readers see the old one or the new one.
pub fn write(path: &Path, text: &str) -> Result<(), FolderError> {
    let io = |error| FolderError::Io { path: path.to_owned(), error };
    let beside = path.with_extension("new");
    fs::write(&beside, text).map_err(io)?;
    fs::rename(&beside, path).map_err(io)
}

/// Writes a new file that only its owner reads; an existing one is never overwritten.
pub fn write_secret(path: &Path, text: &str) -> Result<(), FolderError> {
    write_secret_bytes(path, text.as_bytes())
}

/// The same for bytes.
pub fn write_secret_bytes(path: &Path, bytes: &[u8]) -> Result<(), FolderError> {
    let io = |error| FolderError::Io { path: path.to_owned(), error };
    let mut file: File =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(io)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(io)
}
