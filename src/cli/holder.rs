//! Whose a certificate is and until when. Checks nothing: the gateway does.

use rustls::pki_types::{CertificateDer, pem::PemObject};
use x509_parser::{certificate::X509Certificate, extensions::GeneralName, prelude::FromDer};

use crate::domain::{caller::Caller, time::Time};

/// The holder.
#[derive(Debug)]
pub(super) struct Holder {
    /// Like `regulators/miit/officer-1`, as GetServerInfo says it.
    pub(super) path: String,
    /// When the certificate ends.
    pub(super) not_after: Time,
}

// === impl Holder ===

impl Holder {
    /// Reads it out of PEM.
    pub(super) fn of(pem: &[u8]) -> Result<Self, &'static str> {
        let der = CertificateDer::from_pem_slice(pem).map_err(|_| "not a certificate in PEM")?;
        let (_, certificate) = X509Certificate::from_der(&der).map_err(|_| "not a certificate")?;
        let names = certificate.subject_alternative_name().ok().flatten();
        let uri = names.and_then(|names| {
            names.value.general_names.iter().find_map(|name| match name {
                GeneralName::URI(uri) => Some(*uri),
                GeneralName::OtherName(..)
                | GeneralName::RFC822Name(_)
                | GeneralName::DNSName(_)
                | GeneralName::X400Address(_)
                | GeneralName::DirectoryName(_)
                | GeneralName::EDIPartyName(_)
                | GeneralName::IPAddress(_)
                | GeneralName::RegisteredID(_)
                | GeneralName::Invalid(..) => None,
            })
        });
        let caller = uri.and_then(|uri| {
            let domain = uri.strip_prefix("spiffe://")?.split('/').next()?;
            Caller::parse(domain, uri).ok()
        });
        let caller = caller.ok_or("not a certificate of one of the gateway's identities")?;
        let seconds = certificate.validity().not_after.timestamp();
        Ok(Self { path: caller.to_string(), not_after: Time::from_micros(seconds.saturating_mul(1_000_000)) })
    }
}
