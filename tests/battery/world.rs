//! A whole gateway's PKI made at run time, a server on a free port, and clients that show whatever they like.

use std::{
    collections::{BTreeMap, HashMap},
    convert::Infallible,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Condvar, Mutex, Once},
    time::Duration,
};

use arc_swap::ArcSwap;
use bytes::Bytes;
use greenlane::{
    domain::{caller::Class, time::Clock},
    host::SystemClock,
    net::{HangUp, Limits, Peer, Server, Services, listen, tls},
    pki::{Authority, Identity, Issued, Scope, Validity},
};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::{
    ClientConfig, RootCertStore, SignatureScheme,
    client::ResolvesClientCert,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
    sign::CertifiedKey,
};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};
use tonic::body::Body;
use tracing::field::{Field, Visit};
use tracing_subscriber::{Layer, layer::SubscriberExt};

pub const DOMAIN: &str = "gw.test";
pub const HOUR: Duration = Duration::from_secs(3600);

/// What a client shows: a chain, leaf first, and the key it signs with.
pub struct Shown {
    pub chain: Vec<CertificateDer<'static>>,
    pub key: PrivateKeyDer<'static>,
}

/// Every CA, and the server's certificate.
pub struct Pki {
    pub clock: Arc<dyn Clock>,
    pub classes: BTreeMap<Class, Authority>,
    pub server_ca: Authority,
    server: Issued,
}

/// How the material differs from a sound one.
#[derive(Default)]
pub struct Faults {
    pub revoked: Vec<(Class, String)>,
    pub stale: Vec<Class>,
    pub no_list: Vec<Class>,
    pub no_anchor: Vec<Class>,
    pub more_lists: Vec<String>,
}

/// The client's half of one HTTP/2 connection.
pub struct Client {
    pub send: hyper::client::conn::http2::SendRequest<Full<Bytes>>,
    pub ended: tokio::task::JoinHandle<()>,
}

// === impl Pki ===

impl Pki {
    pub fn new() -> Self {
        Self::with_clock(Arc::new(SystemClock::start()))
    }

    pub fn with_clock(clock: Arc<dyn Clock>) -> Self {
        let now = clock.now();
        let make = |scope| Authority::new(scope, DOMAIN, now).expect("CA");
        let classes = Class::ALL.into_iter().map(|class| (class, make(Scope::Class(class)))).collect();
        let server_ca = make(Scope::Server);
        let server = server_ca
            .issue_server(
                &["localhost"],
                &["127.0.0.1".parse().expect("address")],
                Validity::starting(now, HOUR),
            )
            .expect("server certificate");
        Self { clock, classes, server_ca, server }
    }

    pub fn issue(&self, class: Class, validity: Validity) -> Issued {
        let person = class.needs_person().then(|| "officer-1".to_owned());
        let identity = Identity { class, id: "x1".to_owned(), person };
        self.classes[&class].issue(&identity, validity).expect("leaf")
    }

    pub fn good(&self, class: Class) -> Shown {
        Shown::from(&self.issue(class, Validity::starting(self.clock.now(), HOUR)))
    }

    /// The material with these faults, by way of files, as the server reads them.
    pub fn material(&self, faults: &Faults) -> tls::Material {
        let dir = tempfile::tempdir().expect("directory");
        let write = |name: &str, text: &str| {
            let path = dir.path().join(name);
            std::fs::write(&path, text).expect("file");
            path
        };
        let now = self.clock.now();
        let mut paths = tls::Paths {
            server_cert: write("server.pem", &self.server.cert_pem),
            server_key: write("server-key.pem", &self.server.key_pem),
            trust_domain: DOMAIN.to_owned(),
            ..tls::Paths::default()
        };
        for (class, authority) in &self.classes {
            if !faults.no_anchor.contains(class) {
                paths.anchors.insert(*class, write(&format!("{class}.pem"), authority.pem()));
            }
            let revoked: Vec<&str> = faults
                .revoked
                .iter()
                .filter(|(of, _)| of == class)
                .map(|(_, serial)| serial.as_str())
                .collect();
            let next = if faults.stale.contains(class) { now.minus(HOUR / 2) } else { now.plus(HOUR) };
            let list = authority.crl(&revoked, now.minus(HOUR), next, 1).expect("list");
            if !faults.no_list.contains(class) {
                paths.crls.push(write(&format!("{class}.crl"), &list));
            }
        }
        for (index, list) in faults.more_lists.iter().enumerate() {
            paths.crls.push(write(&format!("more-{index}.crl"), list));
        }
        tls::Material::load(&paths).expect("material")
    }

    pub fn start(&self, faults: &Faults, limits: Limits) -> Server {
        self.serve(faults, limits, services())
    }

    /// A server of other services.
    pub fn serve(&self, faults: &Faults, limits: Limits, services: impl Services) -> Server {
        let current = tls::Current::new(&self.material(faults), self.clock.clone()).expect("configuration");
        let config = Arc::new(ArcSwap::from_pointee(current));
        let listener = listen("127.0.0.1:0".parse().expect("address")).expect("port");
        Server::start(listener, limits, config, self.clock.clone(), 2, services).expect("server")
    }

    /// TLS up to where the client thinks it is done.
    pub async fn tls(
        &self,
        tcp: TcpStream,
        shown: Option<Shown>,
        alpn: &[&[u8]],
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(self.server_ca.pem().as_bytes()).expect("PEM"))
            .expect("anchor");
        let config = ClientConfig::builder_with_provider(tls::provider())
            .with_protocol_versions(&[&rustls::version::TLS13])
            .expect("1.3")
            .with_root_certificates(roots);
        let mut config = match shown {
            Some(shown) => config.with_client_cert_resolver(Arc::new(Fixed::from(shown))),
            None => config.with_no_client_auth(),
        };
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        let name = ServerName::try_from("localhost").expect("name");
        TlsConnector::from(Arc::new(config)).connect(name, tcp).await
    }

    /// A client with this certificate, if it is let in.
    pub async fn client(
        &self,
        tcp: TcpStream,
        shown: Option<Shown>,
        alpn: &[&[u8]],
    ) -> Result<Client, String> {
        let tls = self.tls(tcp, shown, alpn).await.map_err(|fault| fault.to_string())?;
        Client::over(tls).await
    }

    /// Who the server says is there, if it lets them in.
    pub async fn who(&self, tcp: TcpStream, shown: Option<Shown>, alpn: &[&[u8]]) -> Result<String, String> {
        self.client(tcp, shown, alpn).await?.ask("/who").await
    }

    /// A client with a good certificate of this class.
    pub async fn friend(&self, server: &Server, class: Class) -> Client {
        let tcp = TcpStream::connect(server.local_addr()).await.expect("TCP");
        self.client(tcp, Some(self.good(class)), &[b"h2"]).await.expect("let in")
    }
}

// === impl Client ===

impl Client {
    pub async fn over(tls: TlsStream<TcpStream>) -> Result<Self, String> {
        let (send, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(tls))
                .await
                .map_err(|fault| fault.to_string())?;
        let ended = tokio::spawn(async move {
            let _ = connection.await;
        });
        Ok(Self { send, ended })
    }

    pub async fn begin(&mut self, path: &str) -> Result<http::Response<hyper::body::Incoming>, String> {
        let request = http::Request::builder()
            .method("POST")
            .uri(format!("https://localhost{path}"))
            .body(Full::default())
            .expect("request");
        self.send.send_request(request).await.map_err(|fault| fault.to_string())
    }

    pub async fn ask(&mut self, path: &str) -> Result<String, String> {
        let answer =
            self.begin(path).await?.into_body().collect().await.map_err(|fault| fault.to_string())?;
        Ok(String::from_utf8(answer.to_bytes().to_vec()).expect("text"))
    }
}

impl From<&Issued> for Shown {
    fn from(issued: &Issued) -> Self {
        Self {
            chain: vec![CertificateDer::from_pem_slice(issued.cert_pem.as_bytes()).expect("PEM")],
            key: PrivateKeyDer::from_pem_slice(issued.key_pem.as_bytes()).expect("PEM"),
        }
    }
}

/// Shows the same certificate whatever the server asks for.
#[derive(Debug)]
struct Fixed(Arc<CertifiedKey>);

impl From<Shown> for Fixed {
    fn from(shown: Shown) -> Self {
        let key = rustls::crypto::aws_lc_rs::sign::any_supported_type(&shown.key).expect("key");
        Self(Arc::new(CertifiedKey::new(shown.chain, key)))
    }
}

impl ResolvesClientCert for Fixed {
    fn resolve(&self, _hints: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

type Answer = Pin<Box<dyn Future<Output = Result<http::Response<Body>, Infallible>> + Send>>;

/// `/who` says who asks; `/thread` on which thread, `/stream` sends one byte and then nothing, for ever; `/enough`
/// tells the connection to go.
fn services() -> impl Services {
    tower::service_fn(|request: http::Request<Body>| -> Answer {
        let peer = request.extensions().get::<Arc<Peer>>().cloned().expect("every request has a peer");
        let text = Bytes::from(format!("{} {}", peer.caller, peer.certificate_hex()));
        let body = match request.uri().path() {
            "/stream" => {
                let first = Ok::<_, Infallible>(http_body::Frame::data(Bytes::from_static(b".")));
                let rest = futures_util::stream::pending();
                let frames = futures_util::StreamExt::chain(futures_util::stream::iter([first]), rest);
                Body::new(http_body_util::StreamBody::new(frames))
            }
            "/thread" => {
                let name = std::thread::current().name().unwrap_or_default().to_owned();
                Body::new(Full::new(Bytes::from(name)))
            }
            _ => Body::new(Full::new(text)),
        };
        let mut response = http::Response::new(body);
        if request.uri().path() == "/enough" {
            response.extensions_mut().insert(HangUp);
        }
        Box::pin(async move { Ok(response) })
    })
}

// The log of all servers of this process: which reason for which client port.
static REASONS: Mutex<Option<HashMap<u16, String>>> = Mutex::new(None);
static REPORTED: Condvar = Condvar::new();

struct Collector;

#[derive(Default)]
struct Seen {
    port: Option<u16>,
    reason: Option<String>,
}

impl Visit for Seen {
    fn record_debug(&mut self, _field: &Field, _value: &dyn std::fmt::Debug) {}

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "reason" {
            self.reason = Some(value.to_owned());
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "net.peer.port" {
            self.port = u16::try_from(value).ok();
        }
    }
}

impl<S: tracing::Subscriber> Layer<S> for Collector {
    fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        let mut seen = Seen::default();
        event.record(&mut seen);
        if let (Some(port), Some(reason)) = (seen.port, seen.reason) {
            REASONS.lock().expect("log").get_or_insert_default().insert(port, reason);
            REPORTED.notify_all();
        }
    }
}

/// Starts collecting, once. A port may be used again, so each client forgets what was said of it before.
pub fn forget(client: SocketAddr) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let log = tracing_subscriber::registry().with(Collector);
        tracing::subscriber::set_global_default(log).expect("the only subscriber");
    });
    REASONS.lock().expect("log").get_or_insert_default().remove(&client.port());
}

/// Waits for what the server says of this client.
pub fn reason(client: SocketAddr) -> String {
    let guard = REASONS.lock().expect("log");
    let (mut guard, late) = REPORTED
        .wait_timeout_while(guard, Duration::from_secs(30), |map| {
            !map.get_or_insert_default().contains_key(&client.port())
        })
        .expect("log");
    assert!(!late.timed_out(), "the server said nothing of this client");
    guard.get_or_insert_default().remove(&client.port()).expect("just seen")
}
