//! Who tries what on whom: the guess budgets of every caller. Two directions are watched: one document tried with changing
//! names or photos, and one name tried with changing numbers. Subjects and values are keyed hashes. A node asks its own
//! budgets first, and then, for a value that is new to it, those that all nodes share; where these are out of reach its
//! own are all there is, and never none.

use std::sync::Arc;

use super::{Question, kept::Kept};
use crate::{
    cache::Cache as Shared,
    domain::{
        budget::Tried,
        identity::{
            guess::{Budget, Limits, Verdict},
            outcome::AuthorityMatch,
        },
        time::{Clock, DAY, Time},
    },
    vault::index::{Index, hex},
};

/// Callers and subjects held at most; the one not asked about for longest goes first. To make it forget one, a caller
/// has to ask about so many others.
const MOST: u64 = 200_000;

/// How much may be tried.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Bounds {
    /// Names on one document, and photos that were none of that person's.
    pub of_document: Limits,
    /// Numbers on one name that were none of that person's. What matches is no guess: names are common.
    pub of_name: Limits,
}

/// The tries of every caller.
pub struct Guesses {
    held: Kept<[u8; 32], Held>,
    index: Arc<Index>,
    bounds: Bounds,
    shared: Arc<dyn Shared>,
    clock: Arc<dyn Clock>,
}

#[derive(Clone, Default)]
struct Held {
    budget: Budget,
    suspected_until: Option<Time>,
}

/// A value tried on one subject.
struct Try {
    subject: [u8; 32],
    value: Option<u64>,
    limits: Limits,
}

/// What this node's own budget says.
struct Own {
    verdict: Verdict,
    is_new: bool,
}

// === impl Bounds ===

impl Default for Bounds {
    fn default() -> Self {
        Self { of_document: Limits::default(), of_name: Limits { values: 20, window: DAY } }
    }
}

// === impl Guesses ===

impl Guesses {
    /// Nothing was tried yet. `shared` is where nodes count together.
    pub fn new(index: Arc<Index>, bounds: Bounds, shared: Arc<dyn Shared>, clock: Arc<dyn Clock>) -> Self {
        let held = Kept::new(MOST);
        Self { held, index, bounds, shared, clock }
    }

    /// Enters a question before it is asked, of the authority or of what is kept of it, and says whether it may be.
    pub async fn before(&self, question: &Question) -> Verdict {
        let name = self.name(question);
        if let Some(until) = self.suspected(&name) {
            return Verdict::Suspected { until };
        }
        let value = self.value(&[question.name.as_bytes()]);
        let limits = self.bounds.of_document;
        let document = Try { subject: self.document(question), value: Some(value), limits };
        let own = self.spend(&document);
        // What this node has let through once tells nothing new.
        if !own.is_new {
            return own.verdict;
        }
        let name = Try { subject: name, value: None, limits: self.bounds.of_name };
        self.together(own.verdict, &[document, name]).await
    }

    /// Enters what came of a question. It was answered; the next one may not be.
    pub async fn after(&self, question: &Question, answer: AuthorityMatch) {
        match answer {
            AuthorityMatch::Mismatch => {
                let value = self.value(&[question.kind.as_bytes(), question.number.as_bytes()]);
                let limits = self.bounds.of_name;
                self.enter(Try { subject: self.name(question), value: Some(value), limits }).await;
                // Each sale has a photo of its own: one that matches is no guess.
                if let Some(photo) = &question.photo_sha256 {
                    let value = self.value(&[question.name.as_bytes(), photo.as_bytes()]);
                    let limits = self.bounds.of_document;
                    self.enter(Try { subject: self.document(question), value: Some(value), limits }).await;
                }
            }
            AuthorityMatch::Match | AuthorityMatch::NotAvailable => {}
        }
    }

    /// Enters a value that was answered already.
    async fn enter(&self, tried: Try) {
        let own = self.spend(&tried);
        if own.is_new {
            self.together(own.verdict, &[tried]).await;
        }
    }

    /// What all nodes together say, where this one has no objection. What they object to is remembered here.
    async fn together(&self, own: Verdict, tries: &[Try]) -> Verdict {
        if own != Verdict::Within {
            return own;
        }
        let tried = tries.iter().map(|tried| Tried {
            budget: hex(&tried.subject),
            value: tried.value,
            most: u32::try_from(tried.limits.values).unwrap_or(u32::MAX),
            window: tried.limits.window,
        });
        let Some(told) = self.shared.guess(tried.collect()).await else { return own };
        let now = self.clock.now();
        let mut verdict = own;
        for (tried, wait) in tries.iter().zip(told).filter(|(_, wait)| !wait.is_zero()) {
            let until = now.plus(wait);
            self.held.change(tried.subject, |held| {
                let held = held.unwrap_or_default();
                Held { suspected_until: held.suspected_until.max(Some(until)), ..held }
            });
            verdict = Verdict::Suspected { until };
        }
        verdict
    }

    /// Until when a subject is not asked about.
    fn suspected(&self, subject: &[u8; 32]) -> Option<Time> {
        let until = self.held.get(subject).and_then(|held| held.suspected_until);
        until.filter(|until| self.clock.now() < *until)
    }

    fn spend(&self, tried: &Try) -> Own {
        let (now, limits) = (self.clock.now(), &tried.limits);
        let mut told = Own { verdict: Verdict::Within, is_new: true };
        let Some(value) = tried.value else { return told };
        self.held.change(tried.subject, |held| {
            let held = held.unwrap_or_default();
            if let Some(until) = held.suspected_until.filter(|until| now < *until) {
                told = Own { verdict: Verdict::Suspected { until }, is_new: false };
                return held;
            }
            let is_new = !held.budget.knows(value, now, limits);
            let (budget, verdict) = held.budget.spend(value, now, limits);
            told = Own { verdict, is_new };
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
