//! TLS towards what the gateway itself connects to: the database, the cache. The server's certificate must end in one
//! of the CAs of a file; the machine's own list of CAs counts for nothing.

use std::path::Path;

use rustls::{ClientConfig, RootCertStore};

use super::{
    material::{LoadError, certificates},
    provider,
};

/// A client that trusts the CAs of that file.
pub fn trusting(ca: &Path) -> Result<ClientConfig, LoadError> {
    const WHAT: &str = "CA";
    let mut roots = RootCertStore::empty();
    let (_, unusable) = roots.add_parsable_certificates(certificates(WHAT, ca)?);
    if unusable > 0 {
        return Err(LoadError::NotCa { what: WHAT, path: ca.display().to_string() });
    }
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .expect("the provider speaks TLS 1.2 and 1.3")
        .with_root_certificates(roots);
    Ok(builder.with_no_client_auth())
}
