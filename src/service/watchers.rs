//! How many watches each organisation has open. Every act wakes every watch, so one organisation's crowd of them would
//! slow down everybody's acts.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::domain::{
    name::ParticipantName,
    refusal::{Reason, Refusal},
};

/// Watches of one organisation at most. 100: partners hold one for each of a few systems.
const MOST: usize = 100;

/// The counts.
#[derive(Clone, Default)]
pub struct Watchers(Arc<Mutex<HashMap<ParticipantName, usize>>>);

/// A watch's place; given back when dropped.
pub struct Place {
    watchers: Watchers,
    organisation: ParticipantName,
}

// === impl Watchers ===

impl Watchers {
    /// A place for one watch more, or why there is none.
    pub fn enter(&self, organisation: &ParticipantName) -> Result<Place, Refusal> {
        let mut counts = self.lock();
        let open = counts.entry(organisation.clone()).or_insert(0);
        if *open >= MOST {
            let message =
                format!("{organisation} has {MOST} watches open, as many as it may; end one first.");
            return Err(Refusal::new(Reason::Overloaded, message)
                .with("organisation", organisation)
                .with("limit", MOST)
                .retry(Duration::from_secs(10)));
        }
        *open += 1;
        Ok(Place { watchers: self.clone(), organisation: organisation.clone() })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ParticipantName, usize>> {
        // Nothing in here can panic halfway through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Place ===

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.watchers.lock();
        if let Some(open) = counts.get_mut(&self.organisation) {
            *open -= 1;
            if *open == 0 {
                counts.remove(&self.organisation);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_organisation_has_its_own_places() {
        let name = |text| ParticipantName::parse(text).expect("a name");
        let watchers = Watchers::default();
        let places: Vec<Place> =
            (0..MOST).map(|_| watchers.enter(&name("mvnos/m07")).expect("a place")).collect();
        let full = watchers.enter(&name("mvnos/m07")).err().expect("no more");
        assert_eq!(full.reason, Reason::Overloaded);
        watchers.enter(&name("carriers/unicom")).expect("nobody else's matter");
        drop(places);
        watchers.enter(&name("mvnos/m07")).expect("given back");
        assert!(watchers.lock().is_empty(), "and forgotten");
    }
}
