//! From hyper's call to ours: the peer goes into the request's extensions, the call is counted until its answer
//! is gone. Runs once for every call, so nothing is boxed and nothing is locked on the usual path.

use std::{
    cell::RefCell,
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use tonic::body::Body;
use tower::util::ServiceExt;

use super::{
    Peer, Services,
    link::{Link, OpenCall},
};

/// The services as one connection sees them.
pub(super) struct Calls<S> {
    // hyper hands out a shared reference, on one task only.
    services: RefCell<S>,
    link: Arc<Link>,
}

/// Among an answer's extensions: its connection is told to go. The calls that it has are answered first.
#[derive(Clone, Copy, Debug)]
pub struct HangUp;

/// A call under way.
pub(super) struct Call<F> {
    answer: Answer<F>,
    open: Option<OpenCall>,
    link: Arc<Link>,
}

enum Answer<F> {
    /// The services were ready.
    Direct(F),
    /// They were not, so a clone of them waits until they are. Never so with ours.
    Waiting(Pin<Box<dyn Future<Output = Result<http::Response<Body>, Infallible>> + Send>>),
}

/// The answer's body; the call ends when it is dropped.
pub(super) struct Counted {
    body: Body,
    _open: Option<OpenCall>,
}

// === impl Calls ===

impl<S> Calls<S> {
    pub(super) fn new(services: S, link: Arc<Link>) -> Self {
        Self { services: RefCell::new(services), link }
    }
}

impl<S: Services> hyper::service::Service<http::Request<Incoming>> for Calls<S> {
    type Response = http::Response<Counted>;
    type Error = Infallible;
    type Future = Call<S::Future>;

    fn call(&self, request: http::Request<Incoming>) -> Self::Future {
        let open = Some(self.link.call());
        let mut request = request.map(Body::new);
        request.extensions_mut().insert::<Arc<Peer>>(self.link.peer.clone());
        let mut services = self.services.borrow_mut();
        let answer = match services.poll_ready(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(())) => Answer::Direct(services.call(request)),
            Poll::Ready(Err(never)) => match never {},
            Poll::Pending => {
                let services = services.clone();
                Answer::Waiting(Box::pin(async move { services.oneshot(request).await }))
            }
        };
        Call { answer, open, link: self.link.clone() }
    }
}

// === impl Call ===

impl<F> Future for Call<F>
where
    F: Future<Output = Result<http::Response<Body>, Infallible>> + Unpin,
{
    type Output = Result<http::Response<Counted>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = match &mut self.answer {
            Answer::Direct(answer) => Pin::new(answer).poll(cx),
            Answer::Waiting(answer) => answer.as_mut().poll(cx),
        };
        answer.map_ok(|answer| {
            if answer.extensions().get::<HangUp>().is_some() {
                self.link.leave();
            }
            let open = self.open.take();
            answer.map(|body| Counted { body, _open: open })
        })
    }
}

// === impl Counted ===

impl http_body::Body for Counted {
    type Data = Bytes;
    type Error = tonic::Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }
}
