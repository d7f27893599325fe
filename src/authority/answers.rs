//! Keeps what an authority decided, so that the same question is not asked twice within its time. Decisions only, under
//! keys that are HMACs of the whole question: whoever reads the shelf learns of nobody. Each MVNO has its own: how fast
//! an answer comes tells nobody that another one asked about the same person.

mod cached;
mod memory;

use std::{sync::Arc, time::Duration};

pub use self::{cached::CacheShelf, memory::MemoryShelf};
use super::{Authority, BoxFuture, Question};
use crate::{
    domain::{
        identity::outcome::AuthorityMatch,
        time::{Clock, DAY, Time},
    },
    vault::index::{Index, hex},
};

/// Where decisions lie: a few bytes under a key at a revision, best effort. It may forget, and may not make up.
pub trait Shelf: Send + Sync + 'static {
    /// The values of exactly these keys and revisions, in their order.
    fn load(&self, wanted: Vec<(String, i64)>) -> BoxFuture<Vec<Option<Vec<u8>>>>;

    /// Keeps a value; of one key, the later revision counts.
    fn keep(&self, key: String, revision: i64, value: Vec<u8>) -> BoxFuture<()>;
}

/// How long a decision holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Holds {
    /// A match: at most [`LONGEST`]. 24 h: a document may be lost or end any day.
    pub matched: Duration,
    /// A mismatch. 10 min: it is corrected at the counter, and asked again.
    pub mismatched: Duration,
}

/// An authority whose decisions are kept. NOT_AVAILABLE is no decision.
pub struct Answers {
    inner: Arc<Inner>,
}

struct Inner {
    authority: Arc<dyn Authority>,
    shelf: Arc<dyn Shelf>,
    index: Arc<Index>,
    holds: Holds,
    clock: Arc<dyn Clock>,
}

/// No decision is kept longer. The revision of a kept decision is the stretch of this length in which it was made, so
/// that it is found in this stretch or the one before.
pub const LONGEST: Duration = DAY;

const FORM: u8 = 1;
const MATCH: u8 = 1;
const MISMATCH: u8 = 2;

// === impl Holds ===

impl Default for Holds {
    fn default() -> Self {
        Self { matched: LONGEST, mismatched: Duration::from_secs(600) }
    }
}

// === impl Answers ===

impl Answers {
    /// Keeps that authority's decisions on that shelf.
    pub fn new(
        authority: Arc<dyn Authority>,
        shelf: Arc<dyn Shelf>,
        index: Arc<Index>,
        holds: Holds,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { inner: Arc::new(Inner { authority, shelf, index, holds, clock }) }
    }
}

impl Authority for Answers {
    fn ask(&self, question: Question) -> BoxFuture<AuthorityMatch> {
        let inner = self.inner.clone();
        Box::pin(async move { inner.answer(question).await })
    }
}

// === impl Inner ===

impl Inner {
    async fn answer(&self, question: Question) -> AuthorityMatch {
        let key = format!("identity/{}", hex(&self.key(&question)));
        let now = self.clock.now();
        let stretch = stretch(now);
        let found = self.shelf.load(vec![(key.clone(), stretch), (key.clone(), stretch - 1)]).await;
        if let Some(kept) = found.into_iter().flatten().find_map(|value| read(&value, now)) {
            return kept;
        }
        let answer = self.authority.ask(question).await;
        let (word, holds) = match answer {
            AuthorityMatch::Match => (MATCH, self.holds.matched),
            AuthorityMatch::Mismatch => (MISMATCH, self.holds.mismatched),
            AuthorityMatch::NotAvailable => return answer,
        };
        // It holds from when it was asked for, not from when it came.
        let expire = now.plus(holds.min(LONGEST)).micros().to_be_bytes();
        self.shelf.keep(key, stretch, [&[FORM, word], &expire[..]].concat()).await;
        answer
    }

    fn key(&self, question: &Question) -> [u8; 32] {
        let photo = question.photo_sha256.as_deref().unwrap_or_default();
        let caller = question.asked_for.to_string();
        let parts = [&caller, question.kind, &question.number, &question.name, photo];
        self.index.answer(&parts.map(str::as_bytes))
    }
}

fn stretch(now: Time) -> i64 {
    now.micros().div_euclid(i64::try_from(LONGEST.as_micros()).unwrap_or(i64::MAX))
}

/// A decision that still holds. One that would hold for longer than any can was made by a clock that is not ours.
fn read(value: &[u8], now: Time) -> Option<AuthorityMatch> {
    let (&[form, word], expire) = value.split_first_chunk()?;
    let expire = Time::from_micros(i64::from_be_bytes(expire.try_into().ok()?));
    let holds = now < expire && expire <= now.plus(LONGEST);
    match word {
        MATCH if holds && form == FORM => Some(AuthorityMatch::Match),
        MISMATCH if holds && form == FORM => Some(AuthorityMatch::Mismatch),
        _ => None,
    }
}

#[cfg(test)]
pub(super) mod tests;
