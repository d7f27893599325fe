//! The server as the rest of the program sees it: started, reloaded, drained.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwap;
use rustls::CertificateError;
use tokio::{
    sync::{
        Semaphore,
        mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    },
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use super::{
    Limits, Peer, Services, accept,
    handshake::Door,
    refused,
    registry::Registry,
    tls::{ConfigError, Current, Material},
    worker::{self, Dealt},
};
use crate::domain::time::Clock;

/// What is left to end by itself once everything has been told to end.
const LAST: Duration = Duration::from_secs(1);

/// A running server. Dropped without [`Server::drain`], it ends at once and cuts its connections.
pub struct Server {
    address: SocketAddr,
    config: Arc<ArcSwap<Current>>,
    clock: Arc<dyn Clock>,
    registry: Arc<Registry>,
    stop: CancellationToken,
    /// While these live, so do the workers.
    workers: Mutex<Vec<UnboundedSender<Dealt>>>,
    /// Closed when the last thread is done.
    done: tokio::sync::Mutex<UnboundedReceiver<()>>,
}

// === impl Server ===

impl Server {
    /// Starts the accept loop and `workers` workers (at least one), each with its own clone of the services.
    pub fn start<S: Services>(
        listener: std::net::TcpListener,
        limits: Limits,
        config: Arc<ArcSwap<Current>>,
        clock: Arc<dyn Clock>,
        workers: usize,
        services: S,
    ) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let workers = workers.max(1);
        let limits = Arc::new(limits);
        let registry = Arc::new(Registry::new(&limits, workers));
        let stop = CancellationToken::new();
        let (done, all_done) = unbounded_channel();
        let mut senders = Vec::with_capacity(workers);
        for index in 0..workers {
            let (sender, receiver) = unbounded_channel();
            worker::start(index, receiver, services.clone(), limits.clone(), clock.clone(), done.clone())?;
            senders.push(sender);
        }
        let door = Door {
            permits: Semaphore::new(limits.max_handshakes.max(1)),
            limits,
            config: config.clone(),
            registry: registry.clone(),
            workers: senders.clone(),
        };
        accept::start(listener, Arc::new(door), stop.clone(), done)?;
        let workers = Mutex::new(senders);
        Ok(Self { address, config, clock, registry, stop, workers, done: tokio::sync::Mutex::new(all_done) })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// How many connections are live.
    pub fn connections(&self) -> usize {
        self.registry.len()
    }

    /// Who is connected, once for each connection.
    pub fn peers(&self) -> Vec<Arc<Peer>> {
        self.registry.links().iter().map(|link| link.peer.clone()).collect()
    }

    /// The most handshakes that were ever computed at once.
    pub fn peak_handshakes(&self) -> usize {
        self.registry.peak_handshakes()
    }

    /// Ends the connections of whoever is meant, at once and with every call on them. Answers how many.
    pub fn end(&self, meant: impl Fn(&Peer) -> bool) -> usize {
        let links = self.registry.links();
        links.iter().filter(|link| meant(&link.peer)).map(|link| link.end()).count()
    }

    /// Puts new material in force. New handshakes use it at once; live connections that it would not let in are
    /// ended. Answers how many. Unusable material changes nothing.
    pub fn reload(&self, material: &Material) -> Result<usize, ConfigError> {
        let current = Arc::new(Current::new(material, self.clock.clone())?);
        // Swapped first, judged second: a handshake that overlaps finds either the new configuration or the judge.
        self.config.store(current.clone());
        let mut ended = 0;
        for link in self.registry.links() {
            let Err(fault) = current.verify(&link.chain) else { continue };
            let reason = refused::word(&fault);
            let caller = &link.peer.caller;
            if lost_sight(&fault) {
                tracing::warn!(%caller, reason, "the new revocation lists do not speak of a live connection");
                continue;
            }
            tracing::warn!(%caller, reason, "certificate no longer accepted, connection ended");
            link.end();
            ended += 1;
        }
        Ok(ended)
    }

    /// Stops accepting, tells everyone to go, waits at most `grace` for the calls under way and cuts what is left.
    /// Always ends, whatever the peers do. A second call has nothing left to do.
    pub async fn drain(&self, grace: Duration) {
        self.stop.cancel();
        self.registry.close();
        if timeout(grace, self.registry.emptied()).await.is_err() {
            let cut = self.end(|_| true);
            tracing::warn!(cut, "connections cut at the end of the grace");
            let _ = timeout(LAST, self.registry.emptied()).await;
        }
        self.workers.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let mut done = self.done.lock().await;
        let _ = timeout(LAST, done.recv()).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// A list that is missing or out of date is reason to let nobody new in, and no evidence against those who were
/// verified by a good one: a file forgotten in a reload must not cut every partner off.
fn lost_sight(fault: &rustls::Error) -> bool {
    matches!(
        fault,
        rustls::Error::InvalidCertificate(
            CertificateError::UnknownRevocationStatus
                | CertificateError::ExpiredRevocationList
                | CertificateError::ExpiredRevocationListContext { .. }
        )
    )
}
