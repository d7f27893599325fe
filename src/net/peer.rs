//! Who is at the other end of a connection: read once from its certificate, shared by all of its calls.

use std::net::SocketAddr;

use aws_lc_rs::digest;
use rustls::pki_types::CertificateDer;

use crate::domain::{caller::Caller, hex::hex, time::Time};

/// The authenticated peer. Every request carries it as `Arc<Peer>` among its extensions.
#[derive(Clone, Debug)]
pub struct Peer {
    /// The organisation and, where its class needs one, the person.
    pub caller: Caller,
    /// When the certificate ends. The connection ends with it.
    pub not_after: Time,
    /// The certificate's serial number, lower-case hex.
    pub serial: String,
    /// Where the connection comes from.
    pub address: SocketAddr,
    /// SHA-256 of the leaf, lower-case hex.
    certificate: String,
}

// === impl Peer ===

impl Peer {
    /// A peer whose certificate has been verified.
    pub fn new(
        caller: Caller,
        not_after: Time,
        serial: &[u8],
        leaf: &CertificateDer<'_>,
        address: SocketAddr,
    ) -> Self {
        let hash = digest::digest(&digest::SHA256, leaf);
        Self { caller, not_after, serial: hex(serial), address, certificate: hex(hash.as_ref()) }
    }

    /// SHA-256 of the certificate (DER) in lower-case hex; computed once, when the connection was made.
    pub fn certificate_hex(&self) -> String {
        self.certificate.clone()
    }

    /// The same, borrowed.
    pub fn certificate(&self) -> &str {
        &self.certificate
    }
}
