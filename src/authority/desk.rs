//! Where the house asks: every question spends from its caller's budget before it is put, and what came of it is
//! entered, so that no use case can forget either.

use std::sync::Arc;

use super::{Authority, Question, guesses::Guesses};
use crate::domain::{
    identity::{guess::Verdict, outcome::AuthorityMatch},
    time::Time,
};

/// An authority and the budgets of those who ask it.
pub struct Desk {
    authority: Arc<dyn Authority>,
    guesses: Guesses,
}

/// Too many different values were tried; nothing was asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Suspected {
    /// When the budget is whole again.
    pub until: Time,
}

/// Nobody to ask: everything is NOT_AVAILABLE.
pub struct Nobody;

// === impl Desk ===

impl Desk {
    /// Asks that authority, within those budgets.
    pub fn new(authority: Arc<dyn Authority>, guesses: Guesses) -> Self {
        Self { authority, guesses }
    }

    /// The answer; it comes whatever happens, unless the budget is spent.
    pub async fn ask(&self, question: Question) -> Result<AuthorityMatch, Suspected> {
        self.spend(&question).await?;
        let answer = self.authority.ask(question.clone()).await;
        self.guesses.after(&question, answer).await;
        Ok(answer)
    }

    /// Enters a question that somebody else answers.
    pub async fn spend(&self, question: &Question) -> Result<(), Suspected> {
        match self.guesses.before(question).await {
            Verdict::Within => Ok(()),
            Verdict::Suspected { until } => Err(Suspected { until }),
        }
    }

    /// Enters what came of a question that somebody else answered.
    pub async fn answered(&self, question: &Question, answer: AuthorityMatch) {
        self.guesses.after(question, answer).await;
    }
}

impl Authority for Nobody {
    fn ask(&self, _: Question) -> super::BoxFuture<AuthorityMatch> {
        Box::pin(std::future::ready(AuthorityMatch::NotAvailable))
    }
}
