//! TLS as it is configured here: 1.3 only, h2 only, a client certificate always, never a resumed session.
//! Turns [`Material`] into a configuration and says whether a chain is welcome. Knows no sockets.

pub mod client;
mod identity;
mod material;
pub mod pair;
pub mod probe;
mod verifier;

use std::{fmt, sync::Arc, time::Duration};

use rustls::{
    ServerConfig,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, UnixTime},
    server::{NoServerSessionStorage, danger::ClientCertVerifier},
    time_provider::TimeProvider,
};
use thiserror::Error;

use crate::domain::{
    caller::Class,
    time::{Clock, Time},
};

use self::verifier::ClassVerifier;
pub use self::{
    identity::{IdentityFault, Leaf},
    material::{LoadError, Material, Paths},
};

/// The only protocol spoken after the handshake.
pub const ALPN: &[u8] = b"h2";

/// The configuration in force: what new handshakes use, and what live connections are judged by after a reload.
pub struct Current {
    /// For the handshake.
    pub server: Arc<ServerConfig>,
    verifier: Arc<ClassVerifier>,
    clock: Arc<dyn Clock>,
}

/// Why material cannot be used, although every file of it could be read.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// Nobody could be verified.
    #[error("no trust anchor was given; name at least one class's CA file")]
    NoAnchors,
    /// rustls would check no revocation at all.
    #[error("no revocation list was given; sign one for every CA, an empty one if nothing is revoked")]
    NoCrls,
    /// An anchor cannot be used.
    #[error("the {class} anchor cannot be used as a CA ({fault}); give that class's CA certificate")]
    Anchor {
        /// Whose anchor.
        class: Class,
        /// What rustls says of it.
        fault: rustls::Error,
    },
    /// A revocation list cannot be used.
    #[error("a revocation list cannot be used ({0}); sign it again")]
    Crl(String),
    /// Certificate and key of the server do not go together, or are not usable.
    #[error("the server's certificate and key cannot be used together ({0}); issue them again")]
    Server(rustls::Error),
}

/// rustls' clock is ours, so that one clock decides about expiry everywhere.
struct Hands(Arc<dyn Clock>);

/// A ready TLS configuration.
pub fn acceptor(material: &Material, clock: Arc<dyn Clock>) -> Result<Arc<ServerConfig>, ConfigError> {
    Current::new(material, clock).map(|current| current.server)
}

/// The provider, named wherever it is needed: a process-wide default could be another crate's.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

fn unix(time: Time) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_micros(u64::try_from(time.micros()).unwrap_or(0)))
}

// === impl Current ===

impl Current {
    /// Builds the configuration that the material asks for.
    pub fn new(material: &Material, clock: Arc<dyn Clock>) -> Result<Self, ConfigError> {
        let provider = provider();
        let verifier = Arc::new(ClassVerifier::new(material, provider.clone())?);
        let mut server = ServerConfig::builder_with_details(provider, Arc::new(Hands(clock.clone())))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(ConfigError::Server)?
            .with_client_cert_verifier(verifier.clone())
            .with_single_cert(material.server_chain.clone(), material.server_key.clone_key())
            .map_err(ConfigError::Server)?;
        server.alpn_protocols = vec![ALPN.to_vec()];
        // SECURITY: a resumed session is not verified again, neither for expiry nor for revocation.
        server.session_storage = Arc::new(NoServerSessionStorage {});
        server.send_tls13_tickets = 0;
        Ok(Self { server: Arc::new(server), verifier, clock })
    }

    /// Whether this chain, leaf first, would be let in now.
    pub fn verify(&self, chain: &[CertificateDer<'_>]) -> Result<(), rustls::Error> {
        let (leaf, rest) = chain.split_first().ok_or(rustls::Error::NoCertificatesPresented)?;
        self.verifier.verify_client_cert(leaf, rest, unix(self.clock.now())).map(|_| ())
    }

    /// Reads the leaf of a chain that has been verified.
    pub fn read(&self, leaf: &CertificateDer<'_>) -> Result<Leaf, IdentityFault> {
        identity::read(self.verifier.trust_domain(), leaf)
    }
}

// === impl Hands ===

impl TimeProvider for Hands {
    fn current_time(&self) -> Option<UnixTime> {
        Some(unix(self.0.now()))
    }
}

impl fmt::Debug for Hands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hands")
    }
}
