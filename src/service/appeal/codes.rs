//! Who tries which codes. A code that fits is no guess, however many a portal passes on, and is answered whatever was
//! counted: nobody shuts appeals for others by wrong ones. One that fits none is a guess. Nodes count each for
//! themselves, as they do for documents.

use std::{sync::Arc, time::Duration};

use moka::{policy::EvictionPolicy, sync::Cache};

use crate::{
    domain::{
        caller::Caller,
        identity::guess::{Budget, Limits, Verdict},
        refusal::{Reason, Refusal},
        time::Clock,
    },
    vault::index::Index,
};

/// Callers held at most; the one not heard of for longest goes first.
const MOST: u64 = 100_000;
/// Wrong codes of one caller. A code has 60 bits: nobody comes near one by so many.
pub const LIMITS: Limits = Limits { values: 60, window: Duration::from_secs(60 * 60) };

/// The wrong codes of every caller.
pub struct Codes {
    held: Cache<[u8; 32], (Budget, Verdict)>,
    index: Arc<Index>,
    clock: Arc<dyn Clock>,
}

// === impl Codes ===

impl Codes {
    /// Nothing was tried yet.
    pub fn new(index: Arc<Index>, clock: Arc<dyn Clock>) -> Self {
        let held = Cache::builder().max_capacity(MOST).eviction_policy(EvictionPolicy::lru()).build();
        Self { held, index, clock }
    }

    /// Enters a code that fits none. Within the budget its answer is `Ok`, and says no more than that it fits none.
    pub fn missed(&self, caller: &Caller, code: &[u8; 32]) -> Result<(), Refusal> {
        let value = u64::from_be_bytes(*code.first_chunk().expect("32 bytes have a first 8"));
        let now = self.clock.now();
        let held = self.held.entry(self.key(caller)).and_upsert_with(|held| {
            let budget = held.map_or_else(Budget::default, |held| held.into_value().0);
            budget.spend(value, now, &LIMITS)
        });
        let Verdict::Suspected { until } = held.into_value().1 else { return Ok(()) };
        let message = "Too many codes that fit none came from here. One that fits is answered all the same: compare it \
                       with the one in the notice, letter by letter.";
        let left = until.since(now).max(Duration::from_secs(1));
        Err(Refusal::new(Reason::EnumerationSuspected, message).retry(left))
    }

    fn key(&self, caller: &Caller) -> [u8; 32] {
        self.index.guess(&[b"appeal codes", caller.to_string().as_bytes()])
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;
    use crate::{
        domain::time::Time,
        vault::keyfile::{KeyLine, Purpose},
    };

    #[derive(Default)]
    struct Hands(AtomicI64);

    impl Clock for Hands {
        fn now(&self) -> Time {
            Time::from_micros(self.0.load(Ordering::SeqCst))
        }

        fn monotonic(&self) -> Duration {
            Duration::ZERO
        }
    }

    #[test]
    fn wrong_codes_end_and_the_budget_comes_back() {
        let hands = Arc::new(Hands::default());
        let index = Arc::new(Index::new(&KeyLine::fresh(Purpose::Index)));
        let codes = Codes::new(index, hands.clone());
        let caller = |uri| Caller::parse("gw.test", uri).expect("an identity");
        let (one, other) = (caller("spiffe://gw.test/portal/web/a"), caller("spiffe://gw.test/portal/web/b"));
        let most = u8::try_from(LIMITS.values).expect("few");
        let missed = |who, code| codes.missed(who, &[code; 32]).map_err(|refusal| refusal.reason);
        for code in 0..most {
            assert_eq!((missed(&one, code), missed(&one, code)), (Ok(()), Ok(())));
        }
        for code in [most, 0] {
            assert_eq!(missed(&one, code), Err(Reason::EnumerationSuspected));
        }
        // Another person of the same portal is another caller.
        assert_eq!(missed(&other, most), Ok(()));
        hands.0.store(Time::default().plus(LIMITS.window).micros(), Ordering::SeqCst);
        assert_eq!(missed(&one, most), Ok(()));
    }
}
