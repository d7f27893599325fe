//! Looks into the files that TLS is made of, for people: whom a certificate names, and how long it is good for.

use std::path::{Path, PathBuf};

use rustls::pki_types::CertificateRevocationListDer;
use x509_parser::{
    certificate::X509Certificate, extensions::GeneralName, prelude::FromDer,
    revocation_list::CertificateRevocationList, time::ASN1Time, x509::X509Name,
};

use super::{
    Paths,
    material::{LoadError, certificates, sections},
};
use crate::domain::{caller::Class, time::Time};

/// A certificate, or a revocation list.
#[derive(Clone, Debug)]
pub struct Paper {
    /// Whom it names: a certificate's subject and names, a list's issuer.
    pub name: String,
    /// From then on.
    pub from: Time,
    /// Until then; `None` for a list that names no next one.
    pub until: Option<Time>,
    /// Certificates that a list revokes.
    pub revoked: usize,
    /// The name that lists are found by, as bytes.
    issuer: Vec<u8>,
}

/// Everything that the paths lead to, or why not.
pub struct Papers {
    /// The server's chain, leaf first.
    pub server: Result<Vec<Paper>, LoadError>,
    /// The anchors of each class.
    pub anchors: Vec<(Class, Result<Vec<Paper>, LoadError>)>,
    /// The lists of each file.
    pub crls: Vec<(PathBuf, Result<Vec<Paper>, LoadError>)>,
}

// === impl Papers ===

impl Papers {
    /// Reads all files.
    pub fn read(paths: &Paths) -> Self {
        let anchors = paths.anchors.iter();
        Self {
            server: chain("server certificate", &paths.server_cert),
            anchors: anchors.map(|(class, path)| (*class, chain("trust anchor", path))).collect(),
            crls: paths.crls.iter().map(|path| (path.clone(), lists(path))).collect(),
        }
    }

    /// Whether a list of that anchor is there: without one nobody of its class is let in.
    pub fn has_list(&self, anchor: &Paper) -> bool {
        let lists = self.crls.iter().filter_map(|(_, lists)| lists.as_ref().ok()).flatten();
        lists.into_iter().any(|list| list.issuer == anchor.issuer)
    }
}

fn chain(what: &'static str, path: &Path) -> Result<Vec<Paper>, LoadError> {
    let read = |der: &[u8]| {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let (subject, validity) = (certificate.subject(), certificate.validity());
        Some(Paper {
            name: [common(subject)]
                .into_iter()
                .flatten()
                .chain(names(&certificate))
                .collect::<Vec<_>>()
                .join(" "),
            from: moment(validity.not_before),
            until: Some(moment(validity.not_after)),
            revoked: 0,
            issuer: subject.as_raw().to_vec(),
        })
    };
    let strange = || LoadError::NotX509 { what, path: path.display().to_string() };
    certificates(what, path)?.iter().map(|der| read(der).ok_or_else(strange)).collect()
}

fn lists(path: &Path) -> Result<Vec<Paper>, LoadError> {
    const WHAT: &str = "revocation list";
    let read = |der: &[u8]| {
        let (_, list) = CertificateRevocationList::from_der(der).ok()?;
        Some(Paper {
            name: common(list.issuer()).unwrap_or_else(|| list.issuer().to_string()),
            from: moment(list.last_update()),
            until: list.next_update().map(moment),
            revoked: list.iter_revoked_certificates().count(),
            issuer: list.issuer().as_raw().to_vec(),
        })
    };
    let strange = || LoadError::NotX509 { what: WHAT, path: path.display().to_string() };
    let found: Vec<CertificateRevocationListDer<'static>> = sections(WHAT, path, "X509 CRL")?;
    found.iter().map(|der| read(der).ok_or_else(strange)).collect()
}

fn common(name: &X509Name<'_>) -> Option<String> {
    name.iter_common_name().next()?.as_str().ok().map(str::to_owned)
}

/// The names that a client looks for.
fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let found = certificate.subject_alternative_name().ok().flatten();
    let names = found.map(|found| found.value.general_names.as_slice()).unwrap_or_default();
    let shown = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::URI(uri) => Some((*uri).to_owned()),
        GeneralName::IPAddress(bytes) => address(bytes),
        _ => None,
    };
    names.iter().filter_map(shown).collect()
}

fn address(bytes: &[u8]) -> Option<String> {
    use std::net::IpAddr;
    let four = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    four.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok().map(|ip| ip.to_string())
}

fn moment(time: ASN1Time) -> Time {
    Time::from_micros(time.timestamp().saturating_mul(1_000_000))
}
