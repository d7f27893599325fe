//! One live connection as others see it: who it is, what it is doing, and the two orders it can be given.
//! An order is one atomic; a connection that has none pays one load for it each time it is polled.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering},
    },
    task::{Context, Waker},
};

use rustls::pki_types::CertificateDer;

use super::Peer;

/// What a connection has been told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Order {
    /// Nothing.
    Stay,
    /// Send GOAWAY, finish the calls, end.
    Leave,
    /// End now, whatever is under way.
    End,
}

/// One live connection.
pub(super) struct Link {
    /// Who it is.
    pub(super) peer: Arc<Peer>,
    /// Its certificates, leaf first: judged again after a reload.
    pub(super) chain: Vec<CertificateDer<'static>>,
    /// Which worker has it.
    pub(super) worker: usize,
    order: AtomicU8,
    waker: OnceLock<Waker>,
    began: AtomicBool,
    open: AtomicUsize,
    calls: AtomicU64,
}

/// A call under way; counted while this lives.
pub(super) struct OpenCall(Arc<Link>);

// === impl Link ===

impl Link {
    pub(super) fn new(peer: Arc<Peer>, chain: Vec<CertificateDer<'static>>, worker: usize) -> Self {
        Self {
            peer,
            chain,
            worker,
            order: AtomicU8::new(0),
            waker: OnceLock::new(),
            began: AtomicBool::new(false),
            open: AtomicUsize::new(0),
            calls: AtomicU64::new(0),
        }
    }

    /// Tells the connection to finish and go.
    pub(super) fn leave(&self) {
        self.give(1);
    }

    /// Ends the connection and every call on it.
    pub(super) fn end(&self) {
        self.give(2);
    }

    /// The strongest order given so far. The connection's own task asks, and is woken by the next order.
    pub(super) fn order(&self, cx: &Context<'_>) -> Order {
        // A task has one waker for life. It is left here before the order is read, so that no order is missed.
        if self.waker.get().is_none() {
            let _ = self.waker.set(cx.waker().clone());
        }
        match self.order.load(Ordering::SeqCst) {
            0 => Order::Stay,
            1 => Order::Leave,
            _ => Order::End,
        }
    }

    /// The peer has sent the preface and the header of its first frame.
    pub(super) fn begin(&self) {
        self.began.store(true, Ordering::Relaxed);
    }

    /// Whether the peer ever began HTTP/2.
    pub(super) fn has_begun(&self) -> bool {
        self.began.load(Ordering::Relaxed)
    }

    /// Counts a call until the answer has been sent or given up.
    pub(super) fn call(self: &Arc<Self>) -> OpenCall {
        self.open.fetch_add(1, Ordering::Relaxed);
        self.calls.fetch_add(1, Ordering::Relaxed);
        OpenCall(self.clone())
    }

    /// Calls open now, and calls ever begun.
    pub(super) fn calls(&self) -> (usize, u64) {
        (self.open.load(Ordering::Relaxed), self.calls.load(Ordering::Relaxed))
    }

    fn give(&self, order: u8) {
        self.order.fetch_max(order, Ordering::SeqCst);
        if let Some(waker) = self.waker.get() {
            waker.wake_by_ref();
        }
    }
}

// === impl OpenCall ===

impl Drop for OpenCall {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}
