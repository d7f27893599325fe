//! Gives the transport's own faults (a body that is no message, one over the limit, an unknown method) the codes,
//! details and languages of every other refusal. Owns no rule.

use std::{
    convert::Infallible,
    task::{Context, Poll},
};

use tower::Service;

use super::{Answer, Inner, Request, Response};
use crate::rpc::status::{self, Refused};

/// The layer.
#[derive(Clone)]
pub struct Mend<S> {
    inner: S,
}

// === impl Mend ===

impl<S> Mend<S> {
    /// Wraps the services.
    pub fn new(inner: S) -> Self {
        Self { inner }
    }
}

impl<S: Inner> Service<Request> for Mend<S> {
    type Response = Response;
    type Error = Infallible;
    type Future = Answer;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Answer {
        let answer = self.inner.call(request);
        Box::pin(async move {
            let response = answer.await?;
            let Some(Refused { code, reason: None, .. }) = status::refused(response.headers()) else {
                return Ok(response);
            };
            let message = status::message_of(response.headers());
            Ok(match status::mended(code, &message) {
                Some(refusal) => status::response(&refusal),
                None => response,
            })
        })
    }
}
