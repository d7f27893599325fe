//! Why a peer was not let in: one short stable word for each reason, logged and counted in one place.

use std::{io, net::SocketAddr};

use rustls::{CertificateError, Error, PeerIncompatible};

use super::tls::IdentityFault;
use crate::domain::caller::IdentityError;

/// Why a connection did not come to be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Refused {
    /// TLS or the certificate, as one word.
    Tls(&'static str),
    /// The handshake was not done in time.
    HandshakeDeadline,
    /// The peer spoke TLS but did not offer `h2`.
    NoH2,
    /// The peer finished the handshake and never began HTTP/2.
    PrefaceDeadline,
    /// The peer went away before it said who it is.
    PeerGone,
    /// Too many sockets without an identity; this one was the oldest.
    CrowdedOut,
    /// Too many connections.
    TooManyConnections,
    /// Too many connections of this organisation.
    TooManyOfOrganisation,
    /// This node is going down.
    Draining,
    /// The certificate expired or was revoked while the handshake went on.
    Overtaken,
}

// === impl Refused ===

impl Refused {
    /// The word in the log and the metric. Stable: alarms are written against it.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Tls(word) => word,
            Self::HandshakeDeadline => "HANDSHAKE_DEADLINE",
            Self::NoH2 => "NO_H2",
            Self::PrefaceDeadline => "PREFACE_DEADLINE",
            Self::PeerGone => "PEER_GONE",
            Self::CrowdedOut => "CROWDED_OUT",
            Self::TooManyConnections => "TOO_MANY_CONNECTIONS",
            Self::TooManyOfOrganisation => "TOO_MANY_OF_ORGANISATION",
            Self::Draining => "DRAINING",
            Self::Overtaken => "OVERTAKEN",
        }
    }

    /// Logs and counts the refusal. The peer's own text is never part of it.
    pub(super) fn report(self, address: SocketAddr) {
        let reason = self.word();
        tracing::warn!(net.peer.ip = %address.ip(), net.peer.port = address.port(), reason, "connection refused");
        metrics::counter!("greenlane_handshakes_refused_total", "reason" => reason).increment(1);
    }
}

impl From<&io::Error> for Refused {
    fn from(fault: &io::Error) -> Self {
        match fault.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
            Some(tls) => Self::Tls(word(tls)),
            None => Self::PeerGone,
        }
    }
}

/// The word for what rustls says. Its enums grow, hence the catch-alls.
pub(super) fn word(fault: &Error) -> &'static str {
    match fault {
        Error::NoCertificatesPresented => "NO_CERTIFICATE",
        Error::InvalidCertificate(fault) => certificate_word(fault),
        Error::InvalidCertRevocationList(_) => "BAD_CRL",
        Error::NoApplicationProtocol => "NO_H2",
        Error::PeerIncompatible(
            PeerIncompatible::Tls12NotOfferedOrEnabled
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
            | PeerIncompatible::SupportedVersionsExtensionRequired,
        ) => "OLD_TLS",
        Error::PeerIncompatible(_) => "INCOMPATIBLE",
        Error::PeerMisbehaved(_) => "MISBEHAVED",
        Error::InvalidMessage(_)
        | Error::InappropriateMessage { .. }
        | Error::InappropriateHandshakeMessage { .. } => "NOT_TLS",
        Error::AlertReceived(_) => "PEER_ALERT",
        _ => "TLS",
    }
}

#[expect(deprecated, reason = "the provider may still answer with the older variant")]
fn certificate_word(fault: &CertificateError) -> &'static str {
    match fault {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "EXPIRED",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => "NOT_YET_VALID",
        CertificateError::Revoked => "REVOKED",
        CertificateError::UnknownRevocationStatus => "NO_CRL",
        CertificateError::ExpiredRevocationList | CertificateError::ExpiredRevocationListContext { .. } => {
            "STALE_CRL"
        }
        CertificateError::UnknownIssuer => "UNKNOWN_ISSUER",
        CertificateError::BadSignature => "BAD_SIGNATURE",
        CertificateError::UnsupportedSignatureAlgorithm
        | CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => "WEAK_SIGNATURE",
        CertificateError::BadEncoding => "BAD_ENCODING",
        CertificateError::UnhandledCriticalExtension => "CRITICAL_EXTENSION",
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => "NO_CLIENT_AUTH",
        CertificateError::Other(other) => other.0.downcast_ref().map_or("BAD_CHAIN", identity_word),
        _ => "BAD_CERTIFICATE",
    }
}

fn identity_word(fault: &IdentityFault) -> &'static str {
    match fault {
        IdentityFault::Unparsable => "BAD_ENCODING",
        IdentityFault::OldVersion => "OLD_VERSION",
        IdentityFault::CaAsLeaf => "CA_AS_LEAF",
        IdentityFault::KeyUsage => "KEY_USAGE",
        IdentityFault::NoClientAuth => "NO_CLIENT_AUTH",
        IdentityFault::SanCount | IdentityFault::SanNotUri => "BAD_SAN",
        IdentityFault::WeakKey => "WEAK_KEY",
        IdentityFault::ChainTooLong => "CHAIN_TOO_LONG",
        IdentityFault::NotACa => "BAD_CHAIN",
        IdentityFault::NoAnchor => "NO_ANCHOR",
        IdentityFault::Uri(
            IdentityError::ForeignTrustDomain
            | IdentityError::BadPath
            | IdentityError::UnknownClass
            | IdentityError::PersonMissing,
        ) => "BAD_IDENTITY",
    }
}
