//! A folder of CAs: `<dir>/<class>/{ca.pem,ca.key,crl.pem,index.jsonl,crl-number}`, `<dir>/server/` for the server's
//! own, and `<dir>/trust-domain`. Keys are readable by their owner only and never overwritten; the index is
//! append-only. Two processes may work on one folder: each change holds the folder's lock. Knows no command line.

mod files;
mod index;

use std::{
    fs::{self, File},
    io,
    net::IpAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use thiserror::Error;

use self::{
    files::{at, read},
    index::Line,
};
pub use self::{
    files::{write, write_secret, write_secret_bytes},
    index::Listed,
};
use super::{Authority, Identity, Issued, PkiError, Scope, Validity};
use crate::domain::{caller::Class, time::Time};

/// The folder.
#[derive(Clone, Debug)]
pub struct Folder {
    dir: PathBuf,
    trust_domain: String,
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
    #[error("{0} has a CA; one is never overwritten")]
    Exists(PathBuf),
    /// There is no CA of that scope.
    #[error("there is no {0} CA in this folder; make it with `greenlane cert ca --class {0}`")]
    NoCa(Scope),
    /// There is no folder of CAs.
    #[error("{0} is no folder of CAs; name one with --dir, or make its first CA with `greenlane cert ca`")]
    NoFolder(PathBuf),
    /// The folder was made for another trust domain.
    #[error("{path} is of the trust domain {kept}, not {asked}; a folder has one")]
    TrustDomain {
        /// Which folder.
        path: PathBuf,
        /// Its own.
        kept: String,
        /// The one asked for.
        asked: String,
    },
    /// A file that cannot be understood.
    #[error("{0} has been changed by hand and cannot be read; restore it from a backup")]
    Spoilt(PathBuf),
    /// No such certificate.
    #[error("no such certificate was issued here; `greenlane cert list` shows all")]
    Unknown,
}

/// Every scope there is, classes first.
pub fn scopes() -> impl Iterator<Item = Scope> {
    Class::ALL.into_iter().map(Scope::Class).chain([Scope::Server])
}

// === impl Folder ===

impl Folder {
    /// The folder of that trust domain; made where there is none.
    pub fn open(dir: &Path, trust_domain: &str) -> Result<Self, FolderError> {
        fs::create_dir_all(dir).map_err(at(dir))?;
        let folder = Self { dir: dir.to_owned(), trust_domain: trust_domain.to_owned() };
        let path = dir.join(TRUST_DOMAIN);
        if !path.exists() {
            write(&path, &format!("{trust_domain}\n"))?;
        }
        let kept = read(&path)?.trim().to_owned();
        if kept == trust_domain {
            return Ok(folder);
        }
        Err(FolderError::TrustDomain { path: dir.to_owned(), kept, asked: trust_domain.to_owned() })
    }

    /// A folder that is there already, of whatever trust domain it is.
    pub fn existing(dir: &Path) -> Result<Self, FolderError> {
        let path = dir.join(TRUST_DOMAIN);
        if !path.exists() {
            return Err(FolderError::NoFolder(dir.to_owned()));
        }
        Ok(Self { dir: dir.to_owned(), trust_domain: read(&path)?.trim().to_owned() })
    }

    /// The domain of every identity that is issued here.
    pub fn trust_domain(&self) -> &str {
        &self.trust_domain
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
        let _lock = self.lock()?;
        let dir = self.dir.join(scope.to_string());
        // A key without its certificate is what a crash left, or a mistake: never overwritten either.
        if self.has(scope) || self.path(scope, "ca.key").exists() {
            return Err(FolderError::Exists(dir));
        }
        fs::create_dir_all(&dir).map_err(at(&dir))?;
        let authority = Authority::new(scope, &self.trust_domain, now)?;
        write_secret(&self.path(scope, "ca.key"), &authority.key_pem())?;
        write(&self.path(scope, "ca.pem"), authority.pem())
    }

    /// Issues a client certificate.
    pub fn issue(&self, identity: &Identity, validity: Validity, now: Time) -> Result<Issued, FolderError> {
        let scope = Scope::Class(identity.class);
        let _lock = self.lock()?;
        let issued = self.authority(scope)?.issue(identity, validity)?;
        self.enter(scope, &Line::issued(&issued, &identity.path(), validity, now))?;
        Ok(issued)
    }

    /// Issues the server's certificate.
    pub fn issue_server(
        &self,
        names: &[&str],
        ips: &[IpAddr],
        validity: Validity,
        now: Time,
    ) -> Result<Issued, FolderError> {
        let _lock = self.lock()?;
        let issued = self.authority(Scope::Server)?.issue_server(names, ips, validity)?;
        let name = names.first().unwrap_or(&"server");
        self.enter(Scope::Server, &Line::issued(&issued, name, validity, now))?;
        Ok(issued)
    }

    /// Revokes a certificate; the next list has it. What is revoked stays so, with its first reason.
    pub fn revoke(&self, scope: Scope, serial: &str, reason: &str, now: Time) -> Result<(), FolderError> {
        let _lock = self.lock()?;
        let listed = self.list(scope)?;
        let known = listed.iter().find(|listed| listed.serial == serial).ok_or(FolderError::Unknown)?;
        if known.revoked.is_some() {
            return Ok(());
        }
        self.enter(scope, &Line::Revoked { serial: serial.to_owned(), reason: reason.to_owned(), time: now })
    }

    /// Signs a fresh revocation list for every client CA of the folder. Returns where they are.
    pub fn sign_crls(&self, now: Time, valid: Duration) -> Result<Vec<PathBuf>, FolderError> {
        let _lock = self.lock()?;
        let scopes = Class::ALL.into_iter().map(Scope::Class).filter(|scope| self.has(*scope));
        scopes.map(|scope| self.sign_crl(scope, now, valid)).collect()
    }

    /// Every certificate that a CA issued, in order.
    pub fn list(&self, scope: Scope) -> Result<Vec<Listed>, FolderError> {
        index::list(&self.path(scope, INDEX))
    }

    fn sign_crl(&self, scope: Scope, now: Time, valid: Duration) -> Result<PathBuf, FolderError> {
        let counter = self.path(scope, "crl-number");
        let last = if counter.exists() { read(&counter)? } else { "0".to_owned() };
        // Numbers must grow: a counter that cannot be read must not start again.
        let last: u64 = last.trim().parse().map_err(|_| FolderError::Spoilt(counter.clone()))?;
        let listed = self.list(scope)?;
        let revoked: Vec<&str> = listed
            .iter()
            .filter(|listed| listed.revoked.is_some())
            .map(|listed| listed.serial.as_str())
            .collect();
        let list = self.authority(scope)?.crl(&revoked, now, now.plus(valid), last + 1)?;
        let path = self.path(scope, "crl.pem");
        write(&counter, &format!("{}\n", last + 1))?;
        write(&path, &list)?;
        Ok(path)
    }

    fn authority(&self, scope: Scope) -> Result<Authority, FolderError> {
        if !self.has(scope) {
            return Err(FolderError::NoCa(scope));
        }
        let pem = read(&self.path(scope, "ca.pem"))?;
        let key = read(&self.path(scope, "ca.key"))?;
        Ok(Authority::from_pem(scope, &self.trust_domain, &pem, &key)?)
    }

    fn enter(&self, scope: Scope, line: &Line) -> Result<(), FolderError> {
        index::append(&self.path(scope, INDEX), line)
    }

    /// One change at a time, whichever process makes it. Let go when it is dropped.
    fn lock(&self) -> Result<File, FolderError> {
        let path = self.dir.join("lock");
        let file = File::options().create(true).append(true).open(&path).map_err(at(&path))?;
        file.lock().map_err(at(&path))?;
        Ok(file)
    }
}

const INDEX: &str = "index.jsonl";
const TRUST_DOMAIN: &str = "trust-domain";

#[cfg(test)]
mod tests;
