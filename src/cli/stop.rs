//! Ctrl-C and SIGTERM. The first one asks; the second one presses.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::cli::Failure;

/// How often it was asked to stop.
pub(super) struct Stop {
    interrupt: Signal,
    terminate: Signal,
    times: u32,
}

// === impl Stop ===

impl Stop {
    /// Listens from now on. Call it within a runtime.
    pub(super) fn listen() -> Result<Self, Failure> {
        let of = |kind| signal(kind).map_err(|error| error.to_string());
        Ok(Self {
            interrupt: of(SignalKind::interrupt())?,
            terminate: of(SignalKind::terminate())?,
            times: 0,
        })
    }

    /// Waits until it is asked once more.
    pub(super) async fn asked(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
        self.times += 1;
    }

    /// Stop when what is under way is done.
    pub(super) fn is_asked(&self) -> bool {
        self.times > 0
    }

    /// Stop now.
    pub(super) fn is_pressing(&self) -> bool {
        self.times > 1
    }
}
