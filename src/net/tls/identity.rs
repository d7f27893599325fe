//! Reads one identity out of a leaf certificate, and refuses a leaf that leaves any doubt about it. What the
//! chain above it is worth is the verifier's matter. Subject, CN and every other name are never looked at.

use rustls::pki_types::CertificateDer;
use thiserror::Error;
use x509_parser::{
    certificate::X509Certificate,
    extensions::{GeneralName, ParsedExtension},
    prelude::FromDer,
    public_key::PublicKey,
    x509::X509Version,
};

use crate::domain::{
    caller::{Caller, IdentityError},
    time::Time,
};

/// What a leaf says of its holder.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// Who it is.
    pub caller: Caller,
    /// When the certificate ends.
    pub not_after: Time,
    /// The serial number, big-endian.
    pub serial: Vec<u8>,
}

/// What is wrong with a leaf. Never repeats the peer's text.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum IdentityFault {
    /// Not one DER certificate, or something follows it.
    #[error("the certificate cannot be parsed")]
    Unparsable,
    /// Versions before 3 have no extensions, so no identity.
    #[error("the certificate is not of version 3")]
    OldVersion,
    /// A CA is nobody's identity.
    #[error("the certificate is a CA's or may sign certificates")]
    CaAsLeaf,
    /// The key usage is absent or does not allow digital signatures.
    #[error("the key usage does not allow digital signatures")]
    KeyUsage,
    /// The extended key usage is absent or does not name client authentication.
    #[error("the extended key usage does not name clientAuth")]
    NoClientAuth,
    /// Not exactly one subject alternative name.
    #[error("the certificate has not exactly one subject alternative name")]
    SanCount,
    /// The one subject alternative name is not a URI.
    #[error("the subject alternative name is not a URI")]
    SanNotUri,
    /// RSA below 2,048 bits, or a kind of key that is not used here.
    #[error("the key is too weak or of a kind not used here")]
    WeakKey,
    /// More certificates, or bytes of them, than any chain of ours has.
    #[error("the chain is longer than any of ours")]
    ChainTooLong,
    /// A certificate above the leaf is not one that may sign certificates.
    #[error("a certificate above the leaf is not a CA's")]
    NotACa,
    /// No anchor is configured for the class that is claimed.
    #[error("no anchor is configured for the class that the certificate claims")]
    NoAnchor,
    /// The URI is not an identity of this gateway.
    #[error("{0}")]
    Uri(IdentityError),
}

/// Reads and checks the leaf.
pub(super) fn read(trust_domain: &str, leaf: &CertificateDer<'_>) -> Result<Leaf, IdentityFault> {
    let (rest, certificate) = X509Certificate::from_der(leaf).map_err(|_| IdentityFault::Unparsable)?;
    if !rest.is_empty() {
        return Err(IdentityFault::Unparsable);
    }
    if certificate.version() != X509Version::V3 {
        return Err(IdentityFault::OldVersion);
    }
    // Fails when an extension is there twice: two parsers could each take the other one.
    certificate.tbs_certificate.extensions_map().map_err(|_| IdentityFault::Unparsable)?;
    usage(&certificate)?;
    strength(&certificate)?;
    let caller = Caller::parse(trust_domain, uri(&certificate)?).map_err(IdentityFault::Uri)?;
    let not_after = certificate.validity().not_after.timestamp().saturating_mul(1_000_000);
    Ok(Leaf { caller, not_after: Time::from_micros(not_after), serial: certificate.raw_serial().to_vec() })
}

/// Checks what stands between leaf and anchor.
pub(super) fn intermediate(der: &CertificateDer<'_>) -> Result<(), IdentityFault> {
    let (_, certificate) = X509Certificate::from_der(der).map_err(|_| IdentityFault::Unparsable)?;
    // SECURITY: webpki looks at the CA flag of an intermediate, but not at its right to sign certificates.
    let usage = certificate.key_usage().map_err(|_| IdentityFault::Unparsable)?;
    let signs = usage.is_some_and(|usage| usage.value.key_cert_sign());
    if certificate.is_ca() && signs { Ok(()) } else { Err(IdentityFault::NotACa) }
}

/// A leaf that may sign as a client and nothing more.
fn usage(certificate: &X509Certificate<'_>) -> Result<(), IdentityFault> {
    const UNPARSABLE: IdentityFault = IdentityFault::Unparsable;
    let basic = certificate.basic_constraints().map_err(|_| UNPARSABLE)?;
    let key = certificate.key_usage().map_err(|_| UNPARSABLE)?.ok_or(IdentityFault::KeyUsage)?.value;
    if basic.is_some_and(|basic| basic.value.ca) || key.key_cert_sign() || key.crl_sign() {
        return Err(IdentityFault::CaAsLeaf);
    }
    if !key.digital_signature() {
        return Err(IdentityFault::KeyUsage);
    }
    // SECURITY: webpki takes a certificate without any extended key usage for every use. We do not, nor "any".
    let extended = certificate.extended_key_usage().map_err(|_| UNPARSABLE)?;
    if extended.is_some_and(|extended| extended.value.client_auth) {
        Ok(())
    } else {
        Err(IdentityFault::NoClientAuth)
    }
}

/// A key that is worth a signature.
fn strength(certificate: &X509Certificate<'_>) -> Result<(), IdentityFault> {
    const ED25519: &str = "1.3.101.112";
    let strong = match certificate.public_key().parsed().map_err(|_| IdentityFault::WeakKey)? {
        PublicKey::RSA(rsa) => rsa.key_size() >= 2048,
        PublicKey::EC(point) => point.key_size() >= 256,
        PublicKey::Unknown(_) => certificate.public_key().algorithm.algorithm.to_id_string() == ED25519,
        PublicKey::DSA(_) | PublicKey::GostR3410(_) | PublicKey::GostR3410_2012(_) => false,
    };
    if strong { Ok(()) } else { Err(IdentityFault::WeakKey) }
}

/// The one name: exactly one extension, exactly one entry, and that a URI.
fn uri<'a>(certificate: &'a X509Certificate<'_>) -> Result<&'a str, IdentityFault> {
    let mut names =
        certificate.extensions().iter().filter_map(|extension| match extension.parsed_extension() {
            ParsedExtension::SubjectAlternativeName(names) => Some(&names.general_names),
            _ => None,
        });
    let (Some(names), None) = (names.next(), names.next()) else { return Err(IdentityFault::SanCount) };
    match names.as_slice() {
        [GeneralName::URI(uri)] => Ok(uri),
        [_] => Err(IdentityFault::SanNotUri),
        _ => Err(IdentityFault::SanCount),
    }
}
