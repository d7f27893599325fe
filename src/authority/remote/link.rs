//! The connection to an authority: made when it is needed, with certificate, key and CA as their files are then, so
//! that a renewed certificate needs no restart.

use std::{io, sync::Arc, time::Duration};

use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};
use tonic::transport::{Channel, Endpoint, Uri};
use tower::service_fn;

use super::{Settings, SettingsError};
use crate::net::tls::{ALPN, client};

/// A silent connection is found dead after about as long as this twice.
const QUIET: Duration = Duration::from_secs(5);

/// A channel that connects when it is asked. Files that cannot be used now are an error now.
pub(super) fn lazy(settings: &Settings) -> Result<Channel, SettingsError> {
    client::mutual(&settings.ca, &settings.certificate, &settings.key)?;
    let wrong = || SettingsError::Address(settings.address.clone());
    let uri: Uri = format!("http://{}", settings.address).parse().map_err(|_| wrong())?;
    let (host, _) = uri.host().zip(uri.port()).filter(|_| uri.path() == "/").ok_or_else(wrong)?;
    let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned()).map_err(|_| wrong())?;
    let endpoint = Endpoint::from(uri)
        .connect_timeout(settings.limit)
        .http2_keep_alive_interval(QUIET)
        .keep_alive_timeout(QUIET)
        .keep_alive_while_idle(true);
    let settings = settings.clone();
    Ok(endpoint.connect_with_connector_lazy(service_fn(move |_: Uri| {
        let (settings, name) = (settings.clone(), name.clone());
        async move {
            let stream = connect(&settings, name).await;
            if let Err(error) = &stream {
                tracing::debug!(%error, "the identity authority cannot be reached");
            }
            stream.map(TokioIo::new)
        }
    })))
}

async fn connect(settings: &Settings, name: ServerName<'static>) -> io::Result<TlsStream<TcpStream>> {
    let config =
        client::mutual(&settings.ca, &settings.certificate, &settings.key).map_err(io::Error::other)?;
    let tcp = TcpStream::connect(&settings.address).await?;
    tcp.set_nodelay(true)?;
    let stream = TlsConnector::from(Arc::new(config)).connect(name, tcp).await?;
    if stream.get_ref().1.alpn_protocol() != Some(ALPN) {
        return Err(io::Error::other("the other side does not speak HTTP/2"));
    }
    Ok(stream)
}
