//! Names the call, counts it and times it. Outermost, so that calls refused further in are counted as well.

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
    time::Duration,
};

use metrics::{Counter, Histogram};
use tonic::Code;
use tower::Service;

use super::{Answer, Inner, Request, Response, limit::Limited};
use crate::{
    domain::time::Clock,
    net::Peer,
    rpc::{pb, status},
};

/// Calls answered, by method and code.
const REQUESTS: &str = "greenlane_grpc_requests_total";
/// Seconds until the answer's headers, by method.
const DURATION: &str = "greenlane_grpc_request_duration_seconds";

/// What the layer needs of the node.
#[derive(Clone)]
pub struct Shared {
    clock: Arc<dyn Clock>,
    methods: Arc<HashMap<&'static str, Counts>>,
    unknown: Arc<Counts>,
}

/// The layer.
#[derive(Clone)]
pub struct Observe<S> {
    inner: S,
    shared: Shared,
}

/// Handles of one method's figures: looked up once, not per call.
struct Counts {
    method: &'static str,
    by_code: [OnceLock<Counter>; 17],
    duration: Histogram,
}

// === impl Shared ===

impl Shared {
    /// Handles for every method of the table.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let methods = pb::methods().map(|method| (method.path, Counts::new(method.path))).collect();
        Self { clock, methods: Arc::new(methods), unknown: Arc::new(Counts::new("unknown")) }
    }

    fn count(&self, method: Option<&'static pb::Method>, code: Code, took: Duration) {
        let counts = method.and_then(|method| self.methods.get(method.path)).unwrap_or(&self.unknown);
        counts.code(code).increment(1);
        counts.duration.record(took.as_secs_f64());
    }
}

// === impl Counts ===

impl Counts {
    fn new(method: &'static str) -> Self {
        let duration = metrics::histogram!(DURATION, "method" => method);
        Self { method, by_code: std::array::from_fn(|_| OnceLock::new()), duration }
    }

    fn code(&self, code: Code) -> &Counter {
        let name = code_name(code);
        self.by_code[code as usize]
            .get_or_init(|| metrics::counter!(REQUESTS, "method" => self.method, "code" => name))
    }
}

/// The code's upper snake name, as dashboards know it.
pub fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

// === impl Observe ===

impl<S> Observe<S> {
    /// Wraps the services.
    pub fn new(inner: S, shared: Shared) -> Self {
        Self { inner, shared }
    }
}

impl<S: Inner> Service<Request> for Observe<S> {
    type Response = Response;
    type Error = Infallible;
    type Future = Answer;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Answer {
        let method = pb::method(request.uri().path());
        if let Some(method) = method {
            request.extensions_mut().insert(method);
        }
        let peer = request.extensions().get::<Arc<Peer>>().cloned();
        let shared = self.shared.clone();
        let start = shared.clock.monotonic();
        let answer = self.inner.call(request);
        Box::pin(async move {
            let response = answer.await?;
            let took = shared.clock.monotonic().saturating_sub(start);
            let refused = status::refused(response.headers());
            let code = refused.as_ref().map_or(Code::Ok, |refused| refused.code);
            shared.count(method, code, took);
            // What is over a limit is told once a minute, by `limit`: a flood must not fill the log.
            let limited = response.extensions().get::<Limited>().is_some();
            if let Some(refused) = refused.filter(|_| !limited) {
                let caller = peer.map(|peer| peer.caller.to_string()).unwrap_or_default();
                tracing::warn!(
                    caller.id = caller,
                    rpc.method = method.map_or("unknown", |method| method.path),
                    rpc.code = code_name(code),
                    rpc.reason = refused.reason.unwrap_or_default(),
                    rpc.request_id = refused.id.unwrap_or_default(),
                    rpc.micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
                    "call refused"
                );
            }
            Ok(response)
        })
    }
}
