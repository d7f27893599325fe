//! Who tries which codes. A code that fits is no guess, however many a portal passes on; one that fits none is. Nodes
//! count each for themselves, as they do for documents.

use std::{sync::Arc, time::Duration};

use moka::{Entry, policy::EvictionPolicy, sync::Cache};

use crate::{
    authority::desk::Suspected,
    domain::{
        caller::Caller,
        identity::guess::{Budget, Limits, Verdict},
        time::{Clock, Time},
    },
    vault::index::Index,
};

/// Callers held at most; the one not heard of for longest goes first.
const MOST: u64 = 100_000;
/// Wrong codes of one caller. A code has 60 bits: nobody comes near one by so many.
pub const LIMITS: Limits = Limits { values: 60, window: Duration::from_secs(60 * 60) };

/// The wrong codes of every caller.
pub struct Codes {
    held: Cache<[u8; 32], Held>,
    index: Arc<Index>,
    clock: Arc<dyn Clock>,
}

#[derive(Clone, Default)]
struct Held {
    budget: Budget,
    suspected_until: Option<Time>,
}

// === impl Codes ===

impl Codes {
    /// Nothing was tried yet.
    pub fn new(index: Arc<Index>, clock: Arc<dyn Clock>) -> Self {
        let held = Cache::builder().max_capacity(MOST).eviction_policy(EvictionPolicy::lru()).build();
        Self { held, index, clock }
    }

    /// Whether the caller may try one.
    pub fn before(&self, caller: &Caller) -> Result<(), Suspected> {
        let until = self.held.get(&self.key(caller)).and_then(|held| held.suspected_until);
        match until.filter(|until| self.clock.now() < *until) {
            Some(until) => Err(Suspected { until }),
            None => Ok(()),
        }
    }

    /// Enters a code that fits none. It was answered; the next one may not be.
    pub fn missed(&self, caller: &Caller, code: &[u8; 32]) {
        let value = u64::from_be_bytes(*code.first_chunk().expect("32 bytes have a first 8"));
        let now = self.clock.now();
        self.held.entry(self.key(caller)).and_upsert_with(|held| {
            let held = held.map(Entry::into_value).unwrap_or_default();
            let (budget, verdict) = held.budget.spend(value, now, &LIMITS);
            let suspected_until = match verdict {
                Verdict::Within => None,
                Verdict::Suspected { until } => Some(until),
            };
            Held { budget, suspected_until }
        });
    }

    fn key(&self, caller: &Caller) -> [u8; 32] {
        self.index.guess(&[b"appeal codes", caller.to_string().as_bytes()])
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;
    use crate::vault::keyfile::{KeyLine, Purpose};

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
        for code in 0..most {
            assert_eq!(codes.before(&one), Ok(()));
            codes.missed(&one, &[code; 32]);
            codes.missed(&one, &[code; 32]);
        }
        assert_eq!(codes.before(&one), Ok(()));
        codes.missed(&one, &[most; 32]);
        let until = Time::default().plus(LIMITS.window);
        assert_eq!(codes.before(&one), Err(Suspected { until }));
        // Another person of the same portal is another caller.
        assert_eq!(codes.before(&other), Ok(()));
        hands.0.store(until.micros(), Ordering::SeqCst);
        assert_eq!(codes.before(&one), Ok(()));
    }
}
