//! The layer around services that count, and callers by name.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::Stream;
use greenlane::{
    domain::{
        budget::Rate,
        caller::Caller,
        refusal::{Reason, Refusal},
        time::{Clock, Time},
    },
    layer::{
        Answer, Request, Response,
        limit::{Limit, Settings, Share, Shared},
    },
    net::{HangUp, Peer},
    rpc::{pb, status},
};
use http_body::Frame;
use http_body_util::StreamBody;
use rustls::pki_types::CertificateDer;
use tokio::{sync::Semaphore, time::Instant};
use tonic::{Code, Status, body::Body};
use tower::Service;

pub const CHECK: &str = "/greenlane.v1.ComplianceService/CheckStatus";
pub const WATCH: &str = "/greenlane.v1.ComplianceService/WatchStandings";
pub const SUSPEND: &str = "/greenlane.v1.SupervisionService/SuspendMvno";

/// Tokio's clock, which tests pause.
pub struct Paused(Instant);

/// What stands behind the layer.
#[derive(Clone)]
pub struct World {
    pub shared: Shared,
    /// Calls that came through.
    pub through: Arc<AtomicUsize>,
    /// Methods that are denied.
    denied: &'static str,
    /// Calls of this method wait for the gate.
    waiting: &'static str,
    pub gate: Arc<Semaphore>,
}

// === impl Paused ===

impl Paused {
    pub fn start() -> Arc<Self> {
        Arc::new(Self(Instant::now()))
    }
}

impl Clock for Paused {
    fn now(&self) -> Time {
        Time::of_date(2026, 3, 1).plus(self.0.elapsed())
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }
}

// === impl World ===

impl World {
    pub fn new(settings: Settings) -> Self {
        Self::sharing(settings, Paused::start(), None)
    }

    pub fn sharing(settings: Settings, clock: Arc<dyn Clock>, share: Option<Share>) -> Self {
        Self {
            shared: Shared::new(settings, clock, share),
            through: Arc::default(),
            denied: SUSPEND,
            waiting: "",
            gate: Arc::new(Semaphore::new(0)),
        }
    }

    pub fn holding(mut self, method: &'static str) -> Self {
        self.waiting = method;
        self
    }

    pub fn through(&self) -> usize {
        self.through.load(Ordering::SeqCst)
    }

    /// Begins a call.
    pub fn begin(&self, organisation: &str, path: &'static str) -> Answer {
        let me = self.clone();
        let services = tower::service_fn(move |request: Request| me.clone().serve(&request));
        Limit::new(services, self.shared.clone()).call(request(organisation, path))
    }

    pub async fn call(&self, organisation: &str, path: &'static str) -> Response {
        self.begin(organisation, path).await.expect("an answer")
    }

    fn serve(self, request: &Request) -> Answer {
        self.through.fetch_add(1, Ordering::SeqCst);
        let path = request.uri().path().to_owned();
        Box::pin(async move {
            if path == self.waiting {
                self.gate.acquire().await.expect("an open gate").forget();
            }
            if path == self.denied {
                return Ok(status::response(&Refusal::new(Reason::RoleMissing, "no")));
            }
            Ok(match path == WATCH {
                true => Response::new(Body::new(StreamBody::new(endless()))),
                false => Response::default(),
            })
        })
    }
}

/// Nothing to say yet.
fn endless() -> impl Stream<Item = Result<Frame<Bytes>, Status>> + Send {
    futures_util::stream::pending()
}

pub fn request(organisation: &str, path: &'static str) -> Request {
    let uri = format!("spiffe://gw.test/{organisation}");
    let caller = Caller::parse("gw.test", &uri).expect("an identity");
    let leaf = CertificateDer::from(vec![1, 2, 3]);
    let address = SocketAddr::from(([127, 0, 0, 1], 1));
    let peer = Arc::new(Peer::new(caller, Time::MAX, &[1], &leaf, address));
    let mut request = Request::default();
    *request.uri_mut() = path.parse().expect("a path");
    request.extensions_mut().insert(peer);
    request.extensions_mut().insert(pb::method(path).expect("a method"));
    request
}

pub fn rate(per_second: u32, burst: u32) -> Rate {
    Rate { per_second, burst }
}

pub fn settings(per_second: u32, burst: u32) -> Settings {
    Settings { calls: rate(per_second, burst), ..Settings::default() }
}

pub fn is_ok(response: &Response) -> bool {
    status::refused(response.headers()).is_none()
}

pub fn reason(response: &Response) -> (Code, String) {
    let refused = status::refused(response.headers()).expect("a refusal");
    (refused.code, refused.reason.unwrap_or_default())
}

pub fn hangs_up(response: &Response) -> bool {
    response.extensions().get::<HangUp>().is_some()
}

pub fn status_of(response: &Response) -> Status {
    Status::from_header_map(response.headers()).expect("a status")
}
