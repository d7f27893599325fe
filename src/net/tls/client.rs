//! TLS towards what the gateway itself connects to: the database, the cache, the identity authority. The server's
//! certificate must end in one of the CAs of a file; the machine's own list of CAs counts for nothing.

use std::path::Path;

use rustls::{ClientConfig, ConfigBuilder, RootCertStore, SupportedProtocolVersion, client::WantsClientCert};
use thiserror::Error;

use super::{
    ALPN,
    material::{LoadError, certificates, key},
    provider,
};

/// Why there can be no client with a certificate.
#[derive(Debug, Error)]
pub enum ClientError {
    /// A file cannot be used.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// Certificate and key do not go together, or are not usable.
    #[error("the client certificate {path} and its key cannot be used together ({fault}); issue them again")]
    Pair {
        /// The certificate.
        path: String,
        /// What rustls says of it.
        fault: rustls::Error,
    },
}

/// A client that trusts the CAs of that file.
pub fn trusting(ca: &Path) -> Result<ClientConfig, LoadError> {
    Ok(builder(ca, rustls::DEFAULT_VERSIONS)?.with_no_client_auth())
}

/// The same with a certificate of its own, speaking HTTP/2 over TLS 1.3: before 1.3 a certificate is sent in clear.
pub fn mutual(ca: &Path, certificate: &Path, key_file: &Path) -> Result<ClientConfig, ClientError> {
    let chain = certificates("client certificate", certificate)?;
    let key = key("client key", key_file)?;
    let pair = |fault| ClientError::Pair { path: certificate.display().to_string(), fault };
    let mut config =
        builder(ca, &[&rustls::version::TLS13])?.with_client_auth_cert(chain, key).map_err(pair)?;
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(config)
}

/// The CAs of a file.
pub(super) fn roots(ca: &Path) -> Result<RootCertStore, LoadError> {
    const WHAT: &str = "CA";
    let mut roots = RootCertStore::empty();
    let (_, unusable) = roots.add_parsable_certificates(certificates(WHAT, ca)?);
    if unusable > 0 {
        return Err(LoadError::NotCa { what: WHAT, path: ca.display().to_string() });
    }
    Ok(roots)
}

fn builder(
    ca: &Path,
    versions: &[&'static SupportedProtocolVersion],
) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, LoadError> {
    let roots = roots(ca)?;
    let builder = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(versions)
        .expect("the provider speaks TLS 1.2 and 1.3")
        .with_root_certificates(roots);
    Ok(builder)
}
