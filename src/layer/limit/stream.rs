//! A stream that is open counts until its answer's body is gone.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tonic::body::Body;

use super::{Response, organisation::Organisation};

/// A stream of an organisation; closed when dropped.
pub(super) struct Open(pub(super) Arc<Organisation>);

/// The body of a stream.
struct Counted {
    body: Body,
    _open: Open,
}

/// An answer whose body holds the stream open.
pub(super) fn open(response: Response, stream: Open) -> Response {
    response.map(|body| Body::new(Counted { body, _open: stream }))
}

// === impl Open ===

impl Drop for Open {
    fn drop(&mut self) {
        self.0.close();
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
