//! Who tries what on whom: the guess budgets of every caller, held by this node. Two directions are watched: one
//! document tried with changing names or photos, and one name tried with changing numbers. Subjects and values are
//! keyed hashes. Nodes count each for themselves: a caller has at most the budget of each node that it is connected to.

use std::sync::Arc;

use super::{Question, kept::Kept};
use crate::{
    domain::{
        identity::{
            guess::{Budget, Limits, Verdict},
            outcome::AuthorityMatch,
        },
        time::{Clock, DAY, Time},
    },
    vault::index::Index,
};

/// Callers and subjects held at most; the one not asked about for longest goes first. To make it forget one, a caller
/// has to ask about so many others.
const MOST: u64 = 200_000;

/// How much may be tried.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Bounds {
    /// Names and photos on one document.
    pub of_document: Limits,
    /// Numbers on one name that were none of that person's. What matches is no guess: names are common.
    pub of_name: Limits,
}

/// The tries of every caller.
pub struct Guesses {
    held: Kept<[u8; 32], Held>,
    index: Arc<Index>,
    bounds: Bounds,
    clock: Arc<dyn Clock>,
}

#[derive(Clone, Default)]
struct Held {
    budget: Budget,
    suspected_until: Option<Time>,
}

// === impl Bounds ===

impl Default for Bounds {
    fn default() -> Self {
        Self { of_document: Limits::default(), of_name: Limits { values: 20, window: DAY } }
    }
}

// === impl Guesses ===

impl Guesses {
    /// Nothing was tried yet.
    pub fn new(index: Arc<Index>, bounds: Bounds, clock: Arc<dyn Clock>) -> Self {
        let held = Kept::new(MOST);
        Self { held, index, bounds, clock }
    }

    /// Enters a question before it is asked, of the authority or of what is kept of it, and says whether it may be.
    pub fn before(&self, question: &Question) -> Verdict {
        let name = self.held.get(&self.name(question)).and_then(|held| held.suspected_until);
        if let Some(until) = name.filter(|until| self.clock.now() < *until) {
            return Verdict::Suspected { until };
        }
        let photo = question.photo_sha256.as_deref().unwrap_or_default();
        let value = self.value(&[question.name.as_bytes(), photo.as_bytes()]);
        self.spend(self.document(question), value, &self.bounds.of_document)
    }

    /// Enters what came of a question. It was answered; the next one may not be.
    pub fn after(&self, question: &Question, answer: AuthorityMatch) {
        match answer {
            AuthorityMatch::Mismatch => {
                let value = self.value(&[question.kind.as_bytes(), question.number.as_bytes()]);
                self.spend(self.name(question), value, &self.bounds.of_name);
            }
            AuthorityMatch::Match | AuthorityMatch::NotAvailable => {}
        }
    }

    fn spend(&self, subject: [u8; 32], value: u64, limits: &Limits) -> Verdict {
        let (now, mut told) = (self.clock.now(), Verdict::Within);
        self.held.change(subject, |held| {
            let held = held.unwrap_or_default();
            let (budget, verdict) = held.budget.spend(value, now, limits);
            told = verdict;
            let suspected_until = match verdict {
                Verdict::Within => None,
                Verdict::Suspected { until } => Some(until),
            };
            Held { budget, suspected_until }
        });
        told
    }

    fn document(&self, question: &Question) -> [u8; 32] {
        let caller = question.asked_for.to_string();
        let parts = [&caller, "document", question.kind, &question.number];
        self.index.guess(&parts.map(str::as_bytes))
    }

    fn name(&self, question: &Question) -> [u8; 32] {
        let caller = question.asked_for.to_string();
        self.index.guess(&[&caller, "name", &question.name].map(str::as_bytes))
    }

    fn value(&self, parts: &[&[u8]]) -> u64 {
        u64::from_be_bytes(*self.index.guess(parts).first_chunk().expect("32 bytes have a first 8"))
    }
}

#[cfg(test)]
mod tests;
