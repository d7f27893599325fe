//! The connection: accepts sockets, ends TLS, says who is there and hands the calls to the services.
//!
//! Owns every limit that holds before a call has a name: handshakes, deadlines, connections, age, drain, and the
//! end of a connection whose certificate has expired or been revoked. Refuses to know what a call means.
//!
//! How a connection walks through this room:
//!
//! 1. `accept` takes the socket and never waits for a peer;
//! 2. `handshake` gives it a deadline, ends TLS and refuses whoever `tls` does not let in;
//! 3. `registry` counts it, so that it can be found again and ended;
//! 4. `worker` takes it over, the one with the fewest connections;
//! 5. `serve` runs HTTP/2 on it, and `watch` keeps its time.

mod accept;
mod calls;
mod handshake;
mod limits;
mod link;
mod listen;
mod peer;
mod refused;
mod registry;
mod serve;
mod server;
mod socket;
mod thread;
pub mod tls;
mod watch;
mod worker;

use std::convert::Infallible;

use tonic::body::Body;
use tower::Service;

pub use self::{calls::HangUp, limits::Limits, listen::listen, peer::Peer, server::Server};

/// What a connection can serve: the layers and the services behind them. The future is boxed or otherwise
/// `Unpin`, so that nothing needs to be boxed here once more.
pub trait Services:
    Service<
        http::Request<Body>,
        Response = http::Response<Body>,
        Error = Infallible,
        Future: Send + Unpin + 'static,
    > + Clone
    + Send
    + 'static
{
}

impl<S> Services for S where
    S: Service<
            http::Request<Body>,
            Response = http::Response<Body>,
            Error = Infallible,
            Future: Send + Unpin + 'static,
        > + Clone
        + Send
        + 'static
{
}
