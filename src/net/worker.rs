//! A worker: one thread with a runtime of its own. A connection stays with one worker for life, so its calls
//! never move between cores.

use std::{io, sync::Arc};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio_rustls::server::TlsStream;

use super::{
    Limits, Services,
    registry::Seat,
    serve::{builder, serve},
    socket::Socket,
    thread,
};
use crate::domain::time::Clock;

/// A connection on its way from the accept loop to its worker.
pub(super) struct Dealt {
    /// The session; its socket is away.
    pub(super) tls: TlsStream<Socket>,
    /// The socket.
    pub(super) tcp: std::net::TcpStream,
    /// Its place in the registry.
    pub(super) seat: Seat,
}

/// Starts a worker. It ends when nobody can deal to it any more, and takes what it still has with it; `done` is
/// dropped then.
pub(super) fn start<S: Services>(
    index: usize,
    mut dealt: UnboundedReceiver<Dealt>,
    services: S,
    limits: Arc<Limits>,
    clock: Arc<dyn Clock>,
    done: UnboundedSender<()>,
) -> io::Result<()> {
    thread::run(format!("worker-{index}"), done, move || {
        let builder = builder(&limits);
        Ok(async move {
            while let Some(Dealt { mut tls, tcp, seat }) = dealt.recv().await {
                if let Err(fault) = tls.get_mut().0.arrive(tcp) {
                    tracing::warn!(%fault, "a connection could not move to its worker");
                    continue;
                }
                let (limits, clock) = (limits.clone(), clock.clone());
                tokio::spawn(serve(builder.clone(), tls, seat, services.clone(), limits, clock));
            }
        })
    })
}
