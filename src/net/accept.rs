//! The accept loop: takes sockets as they come and waits for no peer. A runtime and a thread of its own, so that
//! neither a flood of handshakes nor a busy worker holds it up.

use std::{collections::VecDeque, io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc::UnboundedSender,
    task::AbortHandle,
};
use tokio_util::sync::CancellationToken;

use super::{
    handshake::{Door, handshake},
    refused::Refused,
    thread,
};

/// After a failed accept: out of descriptors, mostly. Trying again at once would only heat the processor.
const BREATH: Duration = Duration::from_millis(50);

/// Sockets without an identity, oldest first.
#[derive(Default)]
struct Waiting(VecDeque<(AbortHandle, SocketAddr)>);

/// Starts the loop. Ends, with every handshake under way, once `stop` is cancelled; `done` is dropped then.
pub(super) fn start(
    listener: std::net::TcpListener,
    door: Arc<Door>,
    stop: CancellationToken,
    done: UnboundedSender<()>,
) -> io::Result<()> {
    thread::run("accept".to_owned(), done, move || {
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        Ok(stop.run_until_cancelled_owned(accept(listener, door)))
    })
}

async fn accept(listener: TcpListener, door: Arc<Door>) {
    let mut waiting = Waiting::default();
    loop {
        match listener.accept().await {
            Ok((tcp, address)) => waiting.admit(&door, tcp, address),
            // The peer was gone before we took it: nothing is wrong here.
            Err(fault) if fault.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(fault) => {
                tracing::error!(%fault, "cannot accept connections; is the limit on open files too low?");
                metrics::counter!("greenlane_accept_errors_total").increment(1);
                tokio::time::sleep(BREATH).await;
            }
        }
    }
}

// === impl Waiting ===

impl Waiting {
    /// Starts the newcomer's handshake; when it gets crowded, the oldest gives way.
    fn admit(&mut self, door: &Arc<Door>, tcp: TcpStream, address: SocketAddr) {
        if self.0.len() >= door.limits.max_waiting {
            self.0.retain(|(task, _)| !task.is_finished());
        }
        if self.0.len() >= door.limits.max_waiting
            && let Some((oldest, address)) = self.0.pop_front()
        {
            oldest.abort();
            Refused::CrowdedOut.report(address);
        }
        let task = tokio::spawn(handshake(door.clone(), tcp, address));
        self.0.push_back((task.abort_handle(), address));
    }
}
