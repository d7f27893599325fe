//! The same client for every server: h2 over mutual TLS with a request made once, so that it costs less than the
//! servers it measures. It reads every answer to its trailers and takes nothing but OK.

use std::{
    error::Error,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::{BufMut, Bytes, BytesMut};
use h2::client::SendRequest;
use http::{HeaderValue, Request, Uri, Version};
use prost::Message;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_util::task::TaskTracker;

type Fault = Box<dyn Error + Send + Sync>;
/// Makes the message of the n-th call.
type Make = dyn Fn(u64) -> Bytes + Send + Sync;

/// Unread bytes of a call and of a connection: never what a server waits for.
const WINDOW: u32 = 4 << 20;
/// A gRPC message's flag and length.
const PREFIX: usize = 5;

/// A call that can be made again and again.
#[derive(Clone)]
pub struct Question {
    path: &'static str,
    body: Body,
}

/// What is sent: the same each time, or another one by the number of the call.
#[derive(Clone)]
enum Body {
    Same(Bytes),
    Next(Arc<Make>, Arc<AtomicU64>),
}

/// Connections to one server.
#[derive(Clone)]
pub struct Client {
    senders: Vec<SendRequest<Bytes>>,
    /// Each reads and writes for its connection.
    tasks: TaskTracker,
    uri: Uri,
    body: Body,
}

/// Who the client is, and whom it trusts: `cert.pem`, `key.pem` and `ca.pem`.
pub fn identity(cert: &[u8], key: &[u8], ca: &[u8]) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    let anchors: Vec<_> = CertificateDer::pem_slice_iter(ca).collect::<Result<_, _>>().expect("PEM");
    assert_eq!(roots.add_parsable_certificates(anchors).1, 0, "every anchor can be used");
    let chain = CertificateDer::pem_slice_iter(cert).collect::<Result<_, _>>().expect("PEM");
    let key = PrivateKeyDer::from_pem_slice(key).expect("PEM");
    let mut config = ClientConfig::builder_with_provider(greenlane::net::tls::provider())
        .with_safe_default_protocol_versions()
        .expect("the provider has them")
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, key)
        .expect("certificate and key belong together");
    config.alpn_protocols = vec![b"h2".to_vec()];
    Arc::new(config)
}

// === impl Question ===

impl Question {
    /// That message to that method.
    pub fn new(path: &'static str, message: &impl Message) -> Self {
        Self { path, body: Body::Same(framed(message)) }
    }

    /// To that method a message of its own each time, by the number of the call from 0 on: numbers run on over all
    /// clients that ask the question.
    pub fn each(path: &'static str, body: impl Fn(u64) -> Bytes + Send + Sync + 'static) -> Self {
        Self { path, body: Body::Next(Arc::new(body), Arc::default()) }
    }

    /// How often it was asked, where each call has a message of its own.
    pub fn asked(&self) -> u64 {
        match &self.body {
            Body::Same(_) => 0,
            Body::Next(_, asked) => asked.load(Ordering::Relaxed),
        }
    }
}

/// A message as a call carries it.
pub fn framed(message: &impl Message) -> Bytes {
    let mut body = BytesMut::with_capacity(PREFIX + message.encoded_len());
    body.put_u8(0);
    body.put_u32(u32::try_from(message.encoded_len()).expect("short"));
    message.encode(&mut body).expect("there is room");
    body.freeze()
}

// === impl Body ===

impl Body {
    fn next(&self) -> Bytes {
        match self {
            Self::Same(body) => body.clone(),
            Self::Next(body, asked) => body(asked.fetch_add(1, Ordering::Relaxed)),
        }
    }
}

// === impl Client ===

impl Client {
    /// So many connections, each past its handshake, taken in turn by these identities.
    pub async fn connect(
        address: SocketAddr,
        identities: &[Arc<ClientConfig>],
        connections: usize,
        question: &Question,
    ) -> Result<Self, Fault> {
        let uri = format!("https://localhost:{}{}", address.port(), question.path).parse()?;
        let mut senders = Vec::with_capacity(connections);
        let tasks = TaskTracker::new();
        for connection in 0..connections {
            let tcp = TcpStream::connect(address).await?;
            tcp.set_nodelay(true)?;
            let name = ServerName::try_from("localhost")?;
            let identity = identities[connection % identities.len()].clone();
            let tls = TlsConnector::from(identity).connect(name, tcp).await?;
            let mut http = h2::client::Builder::new();
            http.initial_window_size(WINDOW).initial_connection_window_size(WINDOW).enable_push(false);
            let (sender, connection) = http.handshake(tls).await?;
            tasks.spawn(connection);
            senders.push(sender);
        }
        tasks.close();
        Ok(Self { senders, tasks, uri, body: question.body.clone() })
    }

    /// How many connections there are.
    pub fn connections(&self) -> usize {
        self.senders.len()
    }

    /// Ends the connections, as a client does that is done: the server is left with none to wait for.
    pub async fn close(self) {
        drop(self.senders);
        self.tasks.wait().await;
    }

    /// One call on that connection; the answer's message.
    pub async fn ask(&self, connection: usize) -> Result<Bytes, Fault> {
        let mut sender = self.senders[connection].clone().ready().await?;
        let (answer, mut body) = sender.send_request(self.request(), false)?;
        body.send_data(self.body.next(), true)?;
        let mut answer = answer.await?.into_body();
        let mut message = Bytes::new();
        while let Some(part) = answer.data().await {
            let part = part?;
            answer.flow_control().release_capacity(part.len())?;
            // Answers here fit a frame, so this copies nothing.
            message = if message.is_empty() { part } else { [message, part].concat().into() };
        }
        let trailers = answer.trailers().await?.ok_or("no trailers: the call was refused")?;
        if trailers.get("grpc-status").is_none_or(|status| status != "0") {
            return Err(format!("not OK: {trailers:?}").into());
        }
        Ok(message.slice(PREFIX..))
    }

    fn request(&self) -> Request<()> {
        let mut request = Request::new(());
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = self.uri.clone();
        *request.version_mut() = Version::HTTP_2;
        let headers = request.headers_mut();
        headers.insert("te", HeaderValue::from_static("trailers"));
        headers.insert("content-type", HeaderValue::from_static("application/grpc"));
        headers.insert("user-agent", HeaderValue::from_static("greenlane-bench"));
        request
    }
}
