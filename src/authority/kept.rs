//! A bounded cache of this process whose values are changed one after the other: of one key no change is lost. Keys are
//! keyed hashes, or texts made of them, so that nobody chooses where they lie.

use std::{
    borrow::Borrow,
    hash::{BuildHasher, Hash},
    sync::Mutex,
};

use foldhash::quality::RandomState;
use moka::{policy::EvictionPolicy, sync::Cache};

/// Keys that are changed at once, at most.
const TURNS: usize = 64;

/// The cache. The key not asked for longest goes first.
pub(super) struct Kept<K, V> {
    held: Cache<K, V, RandomState>,
    hasher: RandomState,
    /// By the key's hash. The cache's own way to change a value makes and forgets a lock for each change.
    turns: [Mutex<()>; TURNS],
}

// === impl Kept ===

impl<K: Clone + Eq + Hash + Send + Sync + 'static, V: Clone + Send + Sync + 'static> Kept<K, V> {
    /// Room for so many.
    pub(super) fn new(most: u64) -> Self {
        let hasher = RandomState::default();
        let held = Cache::builder().max_capacity(most).eviction_policy(EvictionPolicy::lru());
        let held = held.build_with_hasher(hasher.clone());
        Self { held, hasher, turns: std::array::from_fn(|_| Mutex::default()) }
    }

    /// The value of a key.
    pub(super) fn get<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.held.get(key)
    }

    /// Puts what is made of a key's value in its place. `make` looks at nothing else that is kept here.
    pub(super) fn change(&self, key: K, make: impl FnOnce(Option<V>) -> V) {
        let turns = u64::try_from(TURNS).expect("a few");
        let turn = usize::try_from(self.hasher.hash_one(&key) % turns).expect("below the number of turns");
        let _turn = self.turns[turn].lock().expect("nobody panics holding it");
        let value = make(self.held.get(&key));
        self.held.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, thread};

    use super::*;

    #[test]
    fn no_change_is_lost() {
        let kept = Arc::new(Kept::<u8, usize>::new(100));
        let add = |kept: Arc<Kept<u8, usize>>| {
            move || (0..1000).for_each(|_| kept.change(1, |n| n.unwrap_or(0) + 1))
        };
        let threads: Vec<_> = (0..4).map(|_| thread::spawn(add(kept.clone()))).collect();
        threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
        assert_eq!((kept.get(&1), kept.get(&2)), (Some(4000), None));
    }
}
