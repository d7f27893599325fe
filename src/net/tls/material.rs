//! The files that TLS is made of, read and parsed. Says of each fault which file it is in and what to do.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use rustls::pki_types::{
    CertificateDer, CertificateRevocationListDer, PrivateKeyDer,
    pem::{self, PemObject},
};
use thiserror::Error;

use crate::domain::caller::Class;

/// Where the material lies. All files are PEM.
#[derive(Clone, Debug, Default)]
pub struct Paths {
    /// The server's certificate, leaf first, then intermediates.
    pub server_cert: PathBuf,
    /// The server's private key.
    pub server_key: PathBuf,
    /// One file for each class, with its CA certificates.
    pub anchors: BTreeMap<Class, PathBuf>,
    /// Revocation lists; a file may hold several.
    pub crls: Vec<PathBuf>,
    /// The trust domain of every identity.
    pub trust_domain: String,
}

/// What TLS is made of. Not printable: it holds the server's key.
pub struct Material {
    /// The server's certificate, leaf first.
    pub server_chain: Vec<CertificateDer<'static>>,
    /// The server's private key.
    pub server_key: PrivateKeyDer<'static>,
    /// The trust anchors of each class.
    pub anchors: Vec<(Class, Vec<CertificateDer<'static>>)>,
    /// Revocation lists of every CA in use.
    pub crls: Vec<CertificateRevocationListDer<'static>>,
    /// The trust domain of every identity.
    pub trust_domain: String,
}

/// Why a file cannot be used.
#[derive(Debug, Error)]
pub enum LoadError {
    /// The file is not there or may not be read.
    #[error("{what} {path} cannot be read ({fault}); check the path and its permissions")]
    Unreadable {
        /// What the file is for.
        what: &'static str,
        /// Which file.
        path: String,
        /// What the operating system says.
        fault: std::io::Error,
    },
    /// The file is not PEM.
    #[error("{what} {path} is not valid PEM ({fault}); write it again")]
    NotPem {
        /// What the file is for.
        what: &'static str,
        /// Which file.
        path: String,
        /// Where the text goes wrong.
        fault: pem::Error,
    },
    /// The file is PEM but has nothing of the kind in it.
    #[error("{what} {path} has no {section} section; is it another file?")]
    Empty {
        /// What the file is for.
        what: &'static str,
        /// Which file.
        path: String,
        /// The PEM label that was expected.
        section: &'static str,
    },
    /// A section of the file is not what its label says.
    #[error("{what} {path} has a section that cannot be read; write it again")]
    NotX509 {
        /// What the file is for.
        what: &'static str,
        /// Which file.
        path: String,
    },
    /// A certificate of the file cannot be an anchor.
    #[error("{what} {path} has a certificate that cannot be a CA's; give the CA's own file")]
    NotCa {
        /// What the file is for.
        what: &'static str,
        /// Which file.
        path: String,
    },
}

// === impl LoadError ===

impl LoadError {
    /// What the file is for.
    pub fn what(&self) -> &'static str {
        match self {
            Self::Unreadable { what, .. }
            | Self::NotPem { what, .. }
            | Self::Empty { what, .. }
            | Self::NotX509 { what, .. }
            | Self::NotCa { what, .. } => what,
        }
    }
}

// === impl Material ===

impl Material {
    /// Reads all files. The first fault ends it: half of the material is of no use.
    pub fn load(paths: &Paths) -> Result<Self, LoadError> {
        let server_chain = certificates("server certificate", &paths.server_cert)?;
        let server_key = key("server key", &paths.server_key)?;
        let anchors = paths
            .anchors
            .iter()
            .map(|(class, path)| Ok((*class, certificates("trust anchor", path)?)))
            .collect::<Result<_, LoadError>>()?;
        let mut crls = Vec::new();
        for path in &paths.crls {
            crls.extend(sections("revocation list", path, "X509 CRL")?);
        }
        Ok(Self { server_chain, server_key, anchors, crls, trust_domain: paths.trust_domain.clone() })
    }

    /// Every file that cannot be used: who sets a node up wants to hear of all of them at once.
    pub fn faults(paths: &Paths) -> Vec<LoadError> {
        let mut faults = Vec::from_iter(certificates("server certificate", &paths.server_cert).err());
        faults.extend(key("server key", &paths.server_key).err());
        faults.extend(paths.anchors.values().filter_map(|path| certificates("trust anchor", path).err()));
        let list =
            |path| sections::<CertificateRevocationListDer<'static>>("revocation list", path, "X509 CRL");
        faults.extend(paths.crls.iter().filter_map(|path| list(path).err()));
        faults
    }
}

pub(super) fn certificates(
    what: &'static str,
    path: &Path,
) -> Result<Vec<CertificateDer<'static>>, LoadError> {
    sections(what, path, "CERTIFICATE")
}

pub(super) fn key(what: &'static str, path: &Path) -> Result<PrivateKeyDer<'static>, LoadError> {
    PrivateKeyDer::from_pem_slice(&read(what, path)?).map_err(|fault| match fault {
        pem::Error::NoItemsFound => LoadError::Empty { what, path: show(path), section: "PRIVATE KEY" },
        fault => LoadError::NotPem { what, path: show(path), fault },
    })
}

/// Every section of one kind; at least one.
pub(super) fn sections<T: PemObject>(
    what: &'static str,
    path: &Path,
    section: &'static str,
) -> Result<Vec<T>, LoadError> {
    let text = read(what, path)?;
    let found: Vec<T> = T::pem_slice_iter(&text)
        .collect::<Result<_, _>>()
        .map_err(|fault| LoadError::NotPem { what, path: show(path), fault })?;
    if found.is_empty() { Err(LoadError::Empty { what, path: show(path), section }) } else { Ok(found) }
}

fn read(what: &'static str, path: &Path) -> Result<Vec<u8>, LoadError> {
    std::fs::read(path).map_err(|fault| LoadError::Unreadable { what, path: show(path), fault })
}

fn show(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_names_its_file_and_what_to_do() {
        let dir = tempfile::tempdir().expect("directory");
        let missing = dir.path().join("missing.pem");
        let other = dir.path().join("other.pem");
        std::fs::write(&other, "nothing of the kind").expect("file");
        let broken = dir.path().join("broken.pem");
        std::fs::write(&broken, "-----BEGIN CERTIFICATE-----\n%%%\n-----END CERTIFICATE-----\n")
            .expect("file");
        for (path, words) in [
            (&missing, ["missing.pem", "check the path"]),
            (&other, ["other.pem", "has no CERTIFICATE section"]),
            (&broken, ["broken.pem", "is not valid PEM"]),
        ] {
            let text = certificates("trust anchor", path).expect_err("refused").to_string();
            for word in words {
                assert!(text.contains(word), "{text}");
            }
        }
        assert!(key("server key", &other).expect_err("refused").to_string().contains("PRIVATE KEY"));
    }
}
