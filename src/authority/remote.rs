//! An authority that is asked by gRPC over mutual TLS, by `greenlane.authority.v1`. Few questions at once, each within
//! its time, none at all while the authority does not answer; and whatever is no plain answer is NOT_AVAILABLE.

mod link;

use std::{path::PathBuf, sync::Arc, time::Duration};

use thiserror::Error;
use tokio::{sync::Semaphore, time::timeout};
use tonic::{Code, Request, transport::Channel};

use super::{
    Authority, BoxFuture, Question,
    breaker::{Breaker, Turn},
    pb::{self, Outcome, authority_service_client::AuthorityServiceClient},
};
use crate::{
    domain::{identity::outcome::AuthorityMatch, time::Clock},
    host,
    net::tls::{LoadError, client::ClientError},
};

/// Where the authority is, and what is asked of it at most. Keys are named by file.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `host:port`. The host is a name or an address in the authority's certificate.
    pub address: String,
    /// The CA in which the authority's certificate ends, PEM.
    pub ca: PathBuf,
    /// The certificate by which the authority knows this gateway, PEM.
    pub certificate: PathBuf,
    /// Its key, PEM.
    pub key: PathBuf,
    /// No answer takes longer, with connecting and waiting for its turn. 2 s.
    pub limit: Duration,
    /// Questions under way at once; the others wait for their turn. 64.
    pub at_once: usize,
    /// So many failures in a row, and nothing is asked any more. 5.
    pub failures: u32,
    /// For so long; then one question tries. 5 s.
    pub rest: Duration,
}

/// Why there can be no such authority. Each says what to do.
#[derive(Debug, Error)]
pub enum SettingsError {
    /// The address is none.
    #[error("authority.address: {0:?} is not `host:port`")]
    Address(String),
    /// A file cannot be used.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// Certificate and key cannot be used.
    #[error(transparent)]
    Client(#[from] ClientError),
}

/// The authority.
pub struct Remote {
    asker: Arc<Asker>,
}

struct Asker {
    channel: Channel,
    turns: Semaphore,
    breaker: Breaker,
    limit: Duration,
    clock: Arc<dyn Clock>,
}

/// Why there is no answer. Never the authority's own words: they may name the person.
#[derive(Clone, Copy, Debug)]
enum Missing {
    Late,
    Said(Code),
    Odd,
}

// === impl Settings ===

impl Settings {
    /// The defaults for an authority at that address, and those files.
    pub fn new(address: impl Into<String>, ca: PathBuf, certificate: PathBuf, key: PathBuf) -> Self {
        Self {
            address: address.into(),
            ca,
            certificate,
            key,
            limit: Duration::from_secs(2),
            at_once: 64,
            failures: 5,
            rest: Duration::from_secs(5),
        }
    }
}

// === impl Remote ===

impl Remote {
    /// Connects when it is first asked, and again whenever it has to, with the files as they are then. Call it within
    /// the runtime that is to carry the connection.
    pub fn new(settings: &Settings, clock: Arc<dyn Clock>) -> Result<Self, SettingsError> {
        let asker = Asker {
            channel: link::lazy(settings)?,
            turns: Semaphore::new(settings.at_once.max(1)),
            breaker: Breaker::new(settings.failures, settings.rest),
            limit: settings.limit,
            clock,
        };
        Ok(Self { asker: Arc::new(asker) })
    }
}

impl Authority for Remote {
    fn ask(&self, question: Question) -> BoxFuture<AuthorityMatch> {
        let asker = self.asker.clone();
        Box::pin(async move { asker.answer(question).await })
    }
}

// === impl Asker ===

impl Asker {
    async fn answer(&self, question: Question) -> AuthorityMatch {
        if !self.breaker.admits(self.clock.monotonic()) {
            return AuthorityMatch::NotAvailable;
        }
        let asked = timeout(self.limit, self.exchange(question)).await;
        let missing = match asked.unwrap_or(Err(Missing::Late)) {
            Ok(answer) => {
                if self.breaker.answered() == Turn::Closed {
                    tracing::info!("the identity authority answers again");
                }
                return answer;
            }
            Err(missing) => missing,
        };
        // An authority that refuses a question is there: nobody is to silence it for all by asking badly.
        if missing.is_failure() && self.breaker.failed(self.clock.monotonic()) == Turn::Opened {
            tracing::warn!(why = ?missing, "the identity authority does not answer");
        } else {
            tracing::debug!(why = ?missing, "no answer of the identity authority");
        }
        AuthorityMatch::NotAvailable
    }

    async fn exchange(&self, question: Question) -> Result<AuthorityMatch, Missing> {
        let _turn = self.turns.acquire().await.map_err(|_| Missing::Late)?;
        let request_id = host::new_id(self.clock.now());
        let mut request = Request::new(message(&question, request_id.clone()).ok_or(Missing::Odd)?);
        request.set_timeout(self.limit);
        let mut client =
            AuthorityServiceClient::new(self.channel.clone()).max_decoding_message_size(LARGEST_ANSWER);
        let answer =
            client.r#match(request).await.map_err(|status| Missing::Said(status.code()))?.into_inner();
        // SECURITY: an answer to another question is none to this one.
        if answer.request_id != request_id {
            return Err(Missing::Odd);
        }
        match answer.outcome() {
            Outcome::Match => Ok(AuthorityMatch::Match),
            Outcome::Mismatch => Ok(AuthorityMatch::Mismatch),
            Outcome::NotAvailable => Ok(AuthorityMatch::NotAvailable),
            Outcome::Unspecified => Err(Missing::Odd),
        }
    }
}

/// An answer is a few dozen bytes.
const LARGEST_ANSWER: usize = 4096;

/// `None` for a kind of document that the proto does not have.
fn message(question: &Question, request_id: String) -> Option<pb::MatchRequest> {
    let kind = pb::DocumentType::from_str_name(&format!("DOCUMENT_TYPE_{}", question.kind))?;
    Some(pb::MatchRequest {
        request_id,
        document_type: kind.into(),
        number: question.number.to_string(),
        name: question.name.to_string(),
        photo_sha256: question.photo_sha256.clone(),
        asked_for: question.asked_for.to_string(),
    })
}

// === impl Missing ===

impl Missing {
    fn is_failure(self) -> bool {
        match self {
            Self::Late => true,
            Self::Odd => false,
            Self::Said(code) => !matches!(
                code,
                Code::InvalidArgument | Code::NotFound | Code::OutOfRange | Code::FailedPrecondition
            ),
        }
    }
}
