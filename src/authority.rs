//! The identity authority as a port: whether a document is genuine and that person's. An answer is MATCH only where
//! the authority said so about this very question; whatever else happens is NOT_AVAILABLE, and no adapter has an error
//! to hand on. A question is about a person: it cannot be printed, and nothing of it is in a log.
//!
//! [`remote`] asks a service by the proto of our tree, [`answers`] keeps decisions, [`guesses`] counts who tries what.
//! To add an authority of another kind: implement [`Authority`] in a file of its own.

pub mod answers;
mod breaker;
pub mod desk;
pub mod guesses;
mod kept;
mod pb;
pub mod remote;
pub mod simulated;

use std::pin::Pin;

use zeroize::Zeroizing;

use crate::domain::{identity::outcome::AuthorityMatch, name::ParticipantName};

/// What the port's calls return. It needs nothing of the runtime on which it is awaited.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A question about one person. Not printable, and wiped when it is dropped.
#[derive(Clone)]
pub struct Question {
    asked_for: ParticipantName,
    kind: &'static str,
    number: Zeroizing<String>,
    name: Zeroizing<String>,
    photo_sha256: Option<String>,
}

/// Whoever knows whether a document is genuine.
pub trait Authority: Send + Sync + 'static {
    /// The answer. It comes within the adapter's own limit of time, whatever happens.
    fn ask(&self, question: Question) -> BoxFuture<AuthorityMatch>;
}

// === impl Question ===

impl Question {
    /// A question for that MVNO: the document type's word, and number and name in normal form.
    pub fn new(asked_for: ParticipantName, kind: &'static str, number: &str, name: &str) -> Self {
        let (number, name) = (Zeroizing::new(number.to_owned()), Zeroizing::new(name.to_owned()));
        Self { asked_for, kind, number, name, photo_sha256: None }
    }

    /// The photo is to be compared too, by its SHA-256 in hex.
    #[must_use]
    pub fn with_photo(self, sha256: String) -> Self {
        Self { photo_sha256: Some(sha256), ..self }
    }
}
