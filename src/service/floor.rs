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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use tokio::time::Instant;

    use super::*;
    use crate::domain::time::Time;

    #[derive(Default)]
    struct Moved(AtomicU64);

    impl Clock for Moved {
        fn now(&self) -> Time {
            Time::default()
        }

        fn monotonic(&self) -> Duration {
            Duration::from_millis(self.0.load(Ordering::SeqCst))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn no_answer_comes_before_its_time() {
        for (took, waits) in [(0, 5), (3, 2), (5, 0), (90, 0)] {
            let moved = Arc::new(Moved::default());
            let clock: Arc<dyn Clock> = moved.clone();
            let floor = Floor::begin(&clock);
            moved.0.store(took, Ordering::SeqCst);
            let begun = Instant::now();
            assert_eq!(floor.held("an answer").await, "an answer");
            assert_eq!(begun.elapsed().as_millis(), waits, "{took}");
        }
    }
}
