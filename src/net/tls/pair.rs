//! TLS between two processes that trust one CA and have no classes: how the simulated authority lets the gateway in.

use std::{path::Path, sync::Arc};

use rustls::{
    ServerConfig,
    server::{NoServerSessionStorage, WebPkiClientVerifier},
};

use super::{
    ALPN, ConfigError, LoadError, client,
    material::{certificates, key},
    provider,
};

/// Why there can be no such server.
#[derive(Debug, thiserror::Error)]
pub enum PairError {
    /// A file cannot be used.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// They cannot be used together.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

/// A server of TLS 1.3 that lets in whoever has a certificate of that CA.
pub fn server(ca: &Path, certificate: &Path, key_file: &Path) -> Result<ServerConfig, PairError> {
    let chain = certificates("server certificate", certificate)?;
    let key = key("server key", key_file)?;
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(client::roots(ca)?), provider())
        .build()
        .map_err(|fault| ConfigError::Server(rustls::Error::General(fault.to_string())))?;
    let mut server = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .and_then(|builder| builder.with_client_cert_verifier(verifier).with_single_cert(chain, key))
        .map_err(ConfigError::Server)?;
    server.alpn_protocols = vec![ALPN.to_vec()];
    server.session_storage = Arc::new(NoServerSessionStorage {});
    server.send_tls13_tickets = 0;
    Ok(server)
}
