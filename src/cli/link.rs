//! The way to a node, in steps that can fail by themselves: name, TCP, TLS. Certificates are read at each connection,
//! so that a renewed one is used at once.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tonic::transport::{Channel, Endpoint, Uri};
use tower::service_fn;

use crate::net::tls::{ALPN, client};

/// No step takes longer.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// A silent connection is found dead after about as long as this twice.
const QUIET: Duration = Duration::from_secs(10);

/// The step that failed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Step {
    /// Finding the address of a name.
    Dns,
    /// Connecting.
    Tcp,
    /// Knowing each other.
    Tls,
}

/// Why there is no connection.
#[derive(Debug)]
pub(super) struct Fault {
    /// Where it ended.
    pub(super) step: Step,
    /// Why, and what to do.
    pub(super) text: String,
}

/// One node, and what is shown to it.
#[derive(Clone, Debug)]
pub(super) struct Link {
    /// `host:port`.
    pub(super) address: String,
    /// The files of the CA, the certificate and its key.
    pub(super) papers: Papers,
}

/// What one shows, and whom one trusts: three PEM files.
#[derive(Clone, Debug)]
pub(super) struct Papers {
    /// The CA of the gateway.
    pub(super) ca: PathBuf,
    /// One's own certificate.
    pub(super) certificate: PathBuf,
    /// Its key.
    pub(super) key: PathBuf,
}

// === impl Papers ===

impl Papers {
    /// Those of a folder, as `dev` and `kit` write them.
    pub(super) fn of(folder: &Path) -> Self {
        let file = |name: &str| folder.join(name);
        Self { ca: file("ca.pem"), certificate: file("cert.pem"), key: file("key.pem") }
    }
}

// === impl Link ===

impl Link {
    /// The addresses of its name.
    pub(super) async fn resolve(&self) -> Result<Vec<std::net::SocketAddr>, Fault> {
        let fault = |text: String| Fault { step: Step::Dns, text };
        let found = timeout(PATIENCE, lookup_host(&self.address)).await;
        let found: Vec<_> = found
            .map_err(|_| fault(format!("{} was not found in {} s", self.address, PATIENCE.as_secs())))?
            .map_err(|error| fault(format!("{} was not found: {error}", self.address)))?
            .collect();
        if found.is_empty() { Err(fault(format!("{} has no address", self.address))) } else { Ok(found) }
    }

    /// A connection to the first of these that answers.
    pub(super) async fn reach(&self, addresses: &[std::net::SocketAddr]) -> Result<TcpStream, Fault> {
        let mut last = io::Error::from(io::ErrorKind::NotFound);
        for address in addresses {
            match timeout(PATIENCE, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    let _ = stream.set_nodelay(true); // slower without, and no worse
                    return Ok(stream);
                }
                Ok(Err(error)) => last = error,
                Err(_) => last = io::Error::from(io::ErrorKind::TimedOut),
            }
        }
        let text =
            format!("{} does not answer: {last}; is the gateway up, and is the port right?", self.address);
        Err(Fault { step: Step::Tcp, text })
    }

    /// TLS over it.
    pub(super) async fn secure(&self, stream: TcpStream) -> Result<TlsStream<TcpStream>, Fault> {
        let fault = |text: String| Fault { step: Step::Tls, text };
        let Papers { ca, certificate, key } = &self.papers;
        let config = client::mutual(ca, certificate, key).map_err(|error| fault(error.to_string()))?;
        let host = self.address.rsplit_once(':').map_or("", |(host, _)| host).trim_matches(['[', ']']);
        let name = ServerName::try_from(host.to_owned()).map_err(|error| fault(error.to_string()))?;
        let hands = timeout(PATIENCE, TlsConnector::from(Arc::new(config)).connect(name, stream)).await;
        let stream = hands
            .map_err(|_| fault(format!("no TLS in {} s; is this the gateway's port?", PATIENCE.as_secs())))?
            .map_err(|error| {
                fault(format!(
                    "{error}; is ca.pem the CA of this gateway, and {host} a name of its certificate?"
                ))
            })?;
        if stream.get_ref().1.alpn_protocol() != Some(ALPN) {
            return Err(fault("the other side does not speak HTTP/2".to_owned()));
        }
        Ok(stream)
    }

    /// A channel that is connected.
    pub(super) async fn open(&self) -> Result<Channel, Fault> {
        // The first connection is made here, where its faults have a name; the channel makes the others.
        let stream = self.connect().await?;
        let first = Arc::new(std::sync::Mutex::new(Some(stream)));
        let uri = format!("http://{}", self.address);
        let uri: Uri =
            uri.parse().map_err(|_| Fault { step: Step::Dns, text: format!("{uri} is no address") })?;
        let endpoint = Endpoint::from(uri)
            .http2_keep_alive_interval(QUIET)
            .keep_alive_timeout(QUIET)
            .keep_alive_while_idle(true);
        let link = self.clone();
        let connector = service_fn(move |_: Uri| {
            let kept = first.lock().ok().and_then(|mut first| first.take());
            let link = link.clone();
            async move {
                let stream = match kept {
                    Some(stream) => stream,
                    None => link.connect().await.map_err(|fault| io::Error::other(fault.text))?,
                };
                Ok::<_, io::Error>(TokioIo::new(stream))
            }
        });
        let channel = endpoint.connect_with_connector(connector).await;
        channel.map_err(|error| Fault { step: Step::Tls, text: error.to_string() })
    }

    async fn connect(&self) -> Result<TlsStream<TcpStream>, Fault> {
        let addresses = self.resolve().await?;
        self.secure(self.reach(&addresses).await?).await
    }
}
