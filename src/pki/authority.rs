//! A CA: makes itself, or is read back from where the caller kept it.

use std::{fmt::Write, time::Duration};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PublicKeyData, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use x509_parser::{certificate::X509Certificate, prelude::FromDer};

use super::{PkiError, Scope, Validity, since_epoch};
use crate::{
    domain::time::{DAY, Time},
    host,
};

/// Ten years: an anchor is changed by reloading it, not by letting it run out.
const LIFETIME: Duration = DAY.saturating_mul(3652);

/// One certificate authority. Not printable: it holds a key.
pub struct Authority {
    pub(super) scope: Scope,
    pub(super) trust_domain: String,
    pub(super) issuer: Issuer<'static, KeyPair>,
    pem: String,
}

// === impl Authority ===

impl Authority {
    /// Makes a CA with a fresh P-256 key. It issues leaves only, no further CAs.
    pub fn new(scope: Scope, trust_domain: &str, now: Time) -> Result<Self, PkiError> {
        let key = KeyPair::generate()?;
        let validity = Validity::starting(now, LIFETIME);
        let mut params = CertificateParams::default();
        params.not_before = date_time_ymd(1970, 1, 1) + since_epoch(validity.from);
        params.not_after = date_time_ymd(1970, 1, 1) + since_epoch(validity.to);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        // Revocation lists are found by the issuer's name, so two CAs must never share one: not those of two
        // classes, and not an old and a new one of the same class either.
        params.distinguished_name = DistinguishedName::new();
        let mark = hex(&host::random::<4>());
        params.distinguished_name.push(DnType::CommonName, format!("{trust_domain} {scope} CA {mark}"));
        let pem = params.self_signed(&key)?.pem();
        Ok(Self { scope, trust_domain: trust_domain.to_owned(), issuer: Issuer::new(params, key), pem })
    }

    /// Reads a CA back. Refuses a certificate that is not a CA's, or not of this key.
    pub fn from_pem(scope: Scope, trust_domain: &str, pem: &str, key_pem: &str) -> Result<Self, PkiError> {
        let key = KeyPair::from_pem(key_pem)?;
        let der = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| PkiError::NotACa)?;
        let (_, certificate) = X509Certificate::from_der(&der).map_err(|_| PkiError::NotACa)?;
        if !certificate.is_ca() || certificate.public_key().raw != key.subject_public_key_info() {
            return Err(PkiError::NotACa);
        }
        let issuer = Issuer::from_ca_cert_der(&der, key)?;
        Ok(Self { scope, trust_domain: trust_domain.to_owned(), issuer, pem: pem.to_owned() })
    }

    /// What it may issue for.
    pub fn scope(&self) -> Scope {
        self.scope
    }

    /// Its certificate: the trust anchor.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// Its private key, PKCS #8. Keep it where only the operator can read it, and out of every repository.
    pub fn key_pem(&self) -> String {
        self.issuer.key().serialize_pem()
    }
}

/// Bytes in lower-case hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a String takes all text");
        text
    })
}
