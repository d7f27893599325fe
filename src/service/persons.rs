//! What use cases about persons need: the vault, and the identity authority. A node without a vault keeps nobody's
//! name, and says so.

use std::{sync::Arc, time::Duration};

use foldhash::quality::RandomState;
use moka::sync::Cache;

use super::{Gateway, appeal::codes::Codes, context::Context};
use crate::{
    authority::{
        Authority, Question,
        desk::{Desk, Suspected},
        guesses::{Bounds, Guesses},
    },
    cache::Cache as SharedCache,
    domain::{
        document::{Document, DocumentNumber, DocumentType},
        identity::outcome::AuthorityMatch,
        name::ParticipantName,
        refusal::{Reason, Refusal},
        time::{Clock, Time},
    },
    store::{
        StoreError, Tx,
        sql::{self, subject::SubjectRow},
    },
    vault::{
        Vault,
        index::{BlindIndex, SubjectToken},
    },
};

/// By what persons are kept and known.
pub struct Persons {
    /// Seals, and finds again.
    pub vault: Arc<Vault>,
    /// Asks whether a person is real.
    pub authority: Desk,
    /// Who tries which codes of appeals.
    pub codes: Codes,
    /// Tokens that this node has seen kept, and when: they are not kept again each time that they are given out.
    pub tokens: Cache<SubjectToken, Time, RandomState>,
}

/// Tokens remembered at most.
const MOST_TOKENS: u64 = 100_000;

// === impl Persons ===

impl Persons {
    /// Kept by that vault, known by that authority; guesses are counted in that cache, with those of the other nodes.
    pub fn new(
        vault: Arc<Vault>,
        authority: Arc<dyn Authority>,
        shared: Arc<dyn SharedCache>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let codes = Codes::new(vault.index().clone(), clock.clone());
        let guesses = Guesses::new(vault.index().clone(), Bounds::default(), shared, clock);
        let tokens = Cache::builder().max_capacity(MOST_TOKENS).build_with_hasher(RandomState::default());
        Self { vault, authority: Desk::new(authority, guesses), codes, tokens }
    }

    /// The index under which a document's holder is found.
    pub fn index_of(&self, document: &Document) -> BlindIndex {
        self.index_of_number(document.kind, &document.number)
    }

    /// The same by a document's type and number.
    pub fn index_of_number(&self, kind: DocumentType, number: &DocumentNumber) -> BlindIndex {
        let (kind, number) = number.counted(kind);
        self.vault.index().document(kind.as_str(), number)
    }

    /// The token of a subject at its MVNO.
    pub fn token_of(&self, subject: &SubjectRow) -> Result<SubjectToken, StoreError> {
        let document = BlindIndex::from_bytes(&subject.document_index)
            .ok_or_else(|| StoreError::inconsistent("subject", "document_index", &subject.id))?;
        Ok(self.vault.index().subject_token(&subject.mvno, &document))
    }

    /// The subscriber of that MVNO for whom a token stands.
    pub async fn subject_of(
        &self,
        tx: &mut dyn Tx,
        mvno: &ParticipantName,
        token: &str,
    ) -> Result<Option<SubjectRow>, StoreError> {
        let Some(token) = SubjectToken::parse(token) else { return Ok(None) };
        if token.is_former() {
            return sql::subject::of_former_token(tx, mvno, token.as_str()).await;
        }
        match self.vault.index().subject_of(mvno, &token) {
            None => Ok(None),
            Some(document) => sql::subject::of_document(tx, mvno, document.as_bytes()).await,
        }
    }

    /// The context of an act whose request is about a person: the ledger knows the request by a keyed digest, because a
    /// plain one of so little could be tried out.
    #[must_use]
    pub fn veil(&self, context: Context) -> Context {
        let request_sha256 = self.vault.index().ledger("REQUEST", &context.request_sha256);
        Context { request_sha256, ..context }
    }

    /// Asks the authority about a person, where it knows such documents; `None` where it does not. The photo is the
    /// SHA-256 of that person's own; empty where none was taken.
    pub async fn ask(
        &self,
        asked_for: &ParticipantName,
        document: &Document,
        photo_sha256: &str,
        now: Time,
    ) -> Result<Option<AuthorityMatch>, Refusal> {
        if !document.kind.is_known_to_authority() {
            return Ok(None);
        }
        let question = Question::new(
            asked_for.clone(),
            document.kind.as_str(),
            document.number.reveal(),
            document.name.reveal(),
        );
        let question = match photo_sha256 {
            "" => question,
            photo => question.with_photo(photo.to_owned()),
        };
        self.authority.ask(question).await.map(Some).map_err(|suspected| suspected.refusal(now))
    }
}

// === impl Gateway ===

impl Gateway {
    /// What names and numbers are kept by.
    pub fn persons(&self) -> Result<&Arc<Persons>, Refusal> {
        self.persons.as_ref().ok_or_else(|| {
            Refusal::new(
                Reason::MethodUnknown,
                "This node keeps nobody's name: its configuration has no [vault]; call one that has.",
            )
        })
    }
}

// === impl Suspected ===

impl Suspected {
    /// The refusal, with the time after which the budget is whole again.
    pub fn refusal(self, now: Time) -> Refusal {
        let message =
            "Too many different values were tried on one subject; nothing was asked. Try again later.";
        Refusal::new(Reason::EnumerationSuspected, message)
            .retry(self.until.since(now).max(Duration::from_secs(1)))
    }
}
