//! The caller's time. `grpc-timeout` is honoured up to the longest time allowed; without one the default holds.
//! A unary call past it is answered DEADLINE_EXCEEDED (the transport itself would say CANCELLED), and the moment is
//! handed inward so that no write starts after it. A stream has the longest time to begin; one that has begun lasts
//! until its caller, or the node, ends it.

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::HeaderMap;
use tower::Service;

use super::{Answer, Inner, Request, Response};
use crate::{
    domain::{
        refusal::{Reason, Refusal},
        time::Clock,
    },
    rpc::{pb, status},
};

/// The moment on the monotonic clock after which nobody waits for this call. In the request's extensions.
#[derive(Clone, Copy, Debug)]
pub struct Until(pub Duration);

/// What the layer needs of the node.
#[derive(Clone)]
pub struct Shared {
    /// The node's clock.
    pub clock: Arc<dyn Clock>,
    /// The time of a call that names none.
    pub default: Duration,
    /// No unary call gets more.
    pub longest: Duration,
}

/// The layer.
#[derive(Clone)]
pub struct Deadline<S> {
    inner: S,
    shared: Shared,
}

/// `grpc-timeout`: up to eight digits and a unit. Anything else is as if it were not there.
fn asked(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let count: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(count * 3600),
        "M" => Duration::from_secs(count * 60),
        "S" => Duration::from_secs(count),
        "m" => Duration::from_millis(count),
        "u" => Duration::from_micros(count),
        "n" => Duration::from_nanos(count),
        _ => return None,
    })
}

fn exceeded(limit: Duration) -> Refusal {
    let text = format!(
        "The call took longer than {} ms; ask again, a write with the same request_id, to learn whether it was done.",
        limit.as_millis()
    );
    Refusal::new(Reason::DeadlineExceeded, text).with("limit_ms", limit.as_millis())
}

// === impl Deadline ===

impl<S> Deadline<S> {
    /// Wraps the services.
    pub fn new(inner: S, shared: Shared) -> Self {
        Self { inner, shared }
    }
}

impl<S: Inner> Service<Request> for Deadline<S> {
    type Response = Response;
    type Error = Infallible;
    type Future = Answer;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Answer {
        let streams = request.extensions().get::<&'static pb::Method>().is_some_and(|method| method.streams);
        let limit = if streams {
            self.shared.longest
        } else {
            asked(request.headers()).unwrap_or(self.shared.default).min(self.shared.longest)
        };
        if !streams {
            request.extensions_mut().insert(Until(self.shared.clock.monotonic() + limit));
        }
        let answer = self.inner.call(request);
        Box::pin(async move {
            match tokio::time::timeout(limit, answer).await {
                Ok(response) => response,
                Err(_) => Ok(status::response(&exceeded(limit))),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_read_strictly() {
        let read = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("grpc-timeout", text.parse().expect("header"));
            asked(&headers)
        };
        assert_eq!(read("20S"), Some(Duration::from_secs(20)));
        assert_eq!(read("1n"), Some(Duration::from_nanos(1)));
        assert_eq!(read("250m"), Some(Duration::from_millis(250)));
        for odd in ["", "S", "-1S", "1", "123456789S", "1x", "é"] {
            assert_eq!(read(odd), None, "{odd}");
        }
    }

    #[tokio::test]
    async fn a_call_past_its_time_is_answered() {
        let forever = tower::service_fn(|_: Request| -> Answer { Box::pin(std::future::pending()) });
        let clock = std::sync::Arc::new(crate::host::SystemClock::start());
        let shared = Shared { clock, default: Duration::from_secs(60), longest: Duration::from_secs(60) };
        let mut request = Request::default();
        request.headers_mut().insert("grpc-timeout", "1m".parse().expect("header"));
        let response = Deadline::new(forever, shared).call(request).await.expect("an answer");
        let refused = status::refused(response.headers()).expect("a refusal");
        assert_eq!(
            (refused.code, refused.reason.as_deref()),
            (tonic::Code::DeadlineExceeded, Some("DEADLINE_EXCEEDED"))
        );
    }

    /// A peer that opens a stream and never says what it wants keeps nothing open.
    #[tokio::test]
    async fn a_stream_that_does_not_begin_is_ended() {
        let forever = tower::service_fn(|_: Request| -> Answer { Box::pin(std::future::pending()) });
        let clock = std::sync::Arc::new(crate::host::SystemClock::start());
        let shared = Shared { clock, default: Duration::from_secs(60), longest: Duration::from_millis(1) };
        let mut request = Request::default();
        let watch = pb::method("/greenlane.v1.ComplianceService/WatchStandings").expect("in the table");
        request.extensions_mut().insert(watch);
        let response = Deadline::new(forever, shared).call(request).await.expect("an answer");
        let refused = status::refused(response.headers()).expect("a refusal");
        assert_eq!(refused.code, tonic::Code::DeadlineExceeded);
    }
}
