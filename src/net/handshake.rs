//! One socket from accept to a verified identity, under one deadline. A socket that has not said a word holds no
//! permit, so silence costs its own descriptor and nobody else's handshake.

use std::{io, net::SocketAddr, sync::Arc};

use arc_swap::ArcSwap;
use tokio::{
    net::TcpStream,
    sync::{Semaphore, mpsc::UnboundedSender},
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::{
    Limits, Peer,
    refused::Refused,
    registry::Registry,
    socket::Socket,
    tls::{ALPN, Current},
    worker::Dealt,
};

/// What every handshake needs.
pub(super) struct Door {
    pub(super) limits: Arc<Limits>,
    pub(super) config: Arc<ArcSwap<Current>>,
    pub(super) registry: Arc<Registry>,
    pub(super) permits: Semaphore,
    pub(super) workers: Vec<UnboundedSender<Dealt>>,
}

/// Takes a socket in, or reports why not.
pub(super) async fn handshake(door: Arc<Door>, tcp: TcpStream, address: SocketAddr) {
    let outcome = match timeout(door.limits.handshake_deadline, identify(&door, tcp)).await {
        Ok(Ok((tls, current))) => deal(&door, tls, &current, address),
        Ok(Err(refused)) => Err(refused),
        Err(_) => Err(Refused::HandshakeDeadline),
    };
    if let Err(refused) = outcome {
        refused.report(address);
    }
}

/// Ends TLS. Answers with the configuration that the peer was verified by.
async fn identify(door: &Arc<Door>, tcp: TcpStream) -> Result<(TlsStream<Socket>, Arc<Current>), Refused> {
    tcp.set_nodelay(true).map_err(|_| Refused::PeerGone)?;
    // Not `readable`, which may say so of a silent socket too.
    tcp.peek(&mut [0]).await.map_err(|_| Refused::PeerGone)?;
    let _permit = door.permits.acquire().await.map_err(|_| Refused::Draining)?;
    let _counted = door.registry.handshake();
    let current = door.config.load_full();
    let accept = TlsAcceptor::from(current.server.clone()).accept(Socket::new(tcp));
    let tls = accept.await.map_err(|fault| Refused::from(&fault))?;
    Ok((tls, current))
}

/// Reads the identity, takes a seat and hands the connection to its worker.
fn deal(
    door: &Arc<Door>,
    mut tls: TlsStream<Socket>,
    verified_by: &Arc<Current>,
    address: SocketAddr,
) -> Result<(), Refused> {
    let session = tls.get_ref().1;
    if session.alpn_protocol() != Some(ALPN) {
        return Err(Refused::NoH2);
    }
    let chain = session.peer_certificates().unwrap_or_default();
    let chain: Vec<_> = chain.iter().map(|der| der.clone().into_owned()).collect();
    let leaf = chain.first().ok_or(Refused::Tls("NO_CERTIFICATE"))?;
    let read = verified_by.read(leaf).map_err(|_| Refused::Tls("BAD_IDENTITY"))?;
    let peer = Arc::new(Peer::new(read.caller, read.not_after, &read.serial, leaf, address));
    let seat = door.registry.enter(peer, chain)?;
    // A reload that swapped the configuration before the seat was taken has not judged this connection; one that
    // comes later will find it.
    let current = door.config.load();
    if !Arc::ptr_eq(&current, verified_by) && current.verify(&seat.link.chain).is_err() {
        return Err(Refused::Overtaken);
    }
    let tcp = tls.get_mut().0.leave().map_err(|_: io::Error| Refused::PeerGone)?;
    let worker = door.workers.get(seat.link.worker).ok_or(Refused::Draining)?;
    worker.send(Dealt { tls, tcp, seat }).map_err(|_| Refused::Draining)
}
