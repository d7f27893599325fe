//! All live connections: counted against the limits, found again by peer, told to leave or ended.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use rustls::pki_types::CertificateDer;
use tokio::sync::Notify;

use super::{Limits, Peer, link::Link, refused::Refused};
use crate::domain::name::ParticipantName;

/// The live connections of one server.
pub(super) struct Registry {
    max_connections: usize,
    max_per_organisation: usize,
    state: Mutex<State>,
    emptied: Notify,
    handshakes: AtomicUsize,
    peak: AtomicUsize,
}

#[derive(Default)]
struct State {
    closed: bool,
    next: u64,
    links: HashMap<u64, Arc<Link>>,
    organisations: HashMap<ParticipantName, usize>,
    loads: Vec<usize>,
}

/// A place in the registry; given back when dropped.
pub(super) struct Seat {
    registry: Arc<Registry>,
    id: u64,
    /// The connection that sits here.
    pub(super) link: Arc<Link>,
}

/// A handshake being computed; counted while this lives.
pub(super) struct Handshaking(Arc<Registry>);

// === impl Registry ===

impl Registry {
    pub(super) fn new(limits: &Limits, workers: usize) -> Self {
        Self {
            max_connections: limits.max_connections,
            max_per_organisation: limits.max_per_organisation,
            state: Mutex::new(State { loads: vec![0; workers], ..State::default() }),
            emptied: Notify::new(),
            handshakes: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
        }
    }

    /// Gives the peer a seat with the worker that has the fewest connections.
    pub(super) fn enter(
        self: &Arc<Self>,
        peer: Arc<Peer>,
        chain: Vec<CertificateDer<'static>>,
    ) -> Result<Seat, Refused> {
        let mut state = self.lock();
        if state.closed {
            return Err(Refused::Draining);
        }
        if state.links.len() >= self.max_connections {
            return Err(Refused::TooManyConnections);
        }
        let organisation = peer.caller.organisation.clone();
        let held = state.organisations.entry(organisation).or_insert(0);
        if *held >= self.max_per_organisation {
            return Err(Refused::TooManyOfOrganisation);
        }
        *held += 1;
        let worker = (0..state.loads.len()).min_by_key(|worker| state.loads[*worker]).unwrap_or(0);
        if let Some(load) = state.loads.get_mut(worker) {
            *load += 1;
        }
        let id = state.next;
        state.next += 1;
        let link = Arc::new(Link::new(peer, chain, worker));
        state.links.insert(id, link.clone());
        metrics::gauge!("greenlane_connections").increment(1.0);
        Ok(Seat { registry: self.clone(), id, link })
    }

    /// Counts a handshake being computed.
    pub(super) fn handshake(self: &Arc<Self>) -> Handshaking {
        let now = self.handshakes.fetch_add(1, Ordering::SeqCst) + 1;
        self.peak.fetch_max(now, Ordering::SeqCst);
        Handshaking(self.clone())
    }

    /// The most handshakes that were ever computed at once.
    pub(super) fn peak_handshakes(&self) -> usize {
        self.peak.load(Ordering::SeqCst)
    }

    /// How many connections there are.
    pub(super) fn len(&self) -> usize {
        self.lock().links.len()
    }

    /// All connections as of now.
    pub(super) fn links(&self) -> Vec<Arc<Link>> {
        self.lock().links.values().cloned().collect()
    }

    /// Lets nobody in any more and tells everyone to leave.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.links().iter().for_each(|link| link.leave());
    }

    /// Waits until nobody is there. Only sensible once closed.
    pub(super) async fn emptied(&self) {
        loop {
            let notified = self.emptied.notified();
            tokio::pin!(notified);
            notified.as_mut().enable();
            if self.len() == 0 {
                return;
            }
            notified.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here can panic halfway through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn give_back(&self, seat: &Seat) {
        let mut state = self.lock();
        state.links.remove(&seat.id);
        if let Some(load) = state.loads.get_mut(seat.link.worker) {
            *load -= 1;
        }
        let organisation = &seat.link.peer.caller.organisation;
        if let Some(held) = state.organisations.get_mut(organisation) {
            *held -= 1;
            if *held == 0 {
                state.organisations.remove(organisation);
            }
        }
        metrics::gauge!("greenlane_connections").decrement(1.0);
        if state.links.is_empty() {
            self.emptied.notify_waiters();
        }
    }
}

// === impl Seat ===

impl Drop for Seat {
    fn drop(&mut self) {
        self.registry.give_back(self);
    }
}

// === impl Handshaking ===

impl Drop for Handshaking {
    fn drop(&mut self) {
        self.0.handshakes.fetch_sub(1, Ordering::SeqCst);
    }
}
