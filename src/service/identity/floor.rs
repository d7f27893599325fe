//! No answer about a person comes sooner than the floor: what is looked up on the way to it takes less, and so the time
//! does not tell what was found. (Whether the authority was asked, or had been asked before by the same MVNO, may be
//! seen; that MVNO knows it.)

use std::{sync::Arc, time::Duration};

use crate::domain::time::Clock;

/// What a look into the record takes, with room to spare.
const LEAST: Duration = Duration::from_millis(5);

/// An answer under way.
pub(super) struct Floor {
    clock: Arc<dyn Clock>,
    begun: Duration,
}

// === impl Floor ===

impl Floor {
    /// Begins now.
    pub(super) fn begin(clock: &Arc<dyn Clock>) -> Self {
        Self { clock: clock.clone(), begun: clock.monotonic() }
    }

    /// Hands the answer on, not before its time.
    pub(super) async fn held<T>(self, answer: T) -> T {
        let left = LEAST.saturating_sub(self.clock.monotonic().saturating_sub(self.begun));
        if !left.is_zero() {
            tokio::time::sleep(left).await;
        }
        answer
    }
}
