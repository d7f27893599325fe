//! Enters what has no transaction of its own: refused calls, and calls whose caller went away. An act is entered by
//! its service, in the act's own transaction. A refusal that cannot be entered is answered UNAVAILABLE: nobody gets
//! an answer that the ledger does not know.

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
};

use tonic::Code;
use tower::Service;

use super::{Answer, Inner, Request, Response};
use crate::{
    domain::{
        entry::{Entry, EntryKind},
        refusal::Refusal,
        time::Clock,
    },
    host,
    net::Peer,
    rpc::{pb, status},
    store::{Store, sql},
};

/// What the layer needs of the node.
#[derive(Clone)]
pub struct Shared {
    /// Where entries go.
    pub store: Store,
    /// The node's clock.
    pub clock: Arc<dyn Clock>,
}

/// The layer.
#[derive(Clone)]
pub struct Audit<S> {
    inner: S,
    shared: Shared,
}

/// A call under way. Dropped before it is answered, it enters the call as abandoned.
struct Underway {
    shared: Shared,
    peer: Option<Arc<Peer>>,
    method: &'static str,
    answered: bool,
}

// === impl Underway ===

impl Underway {
    fn entry(&self, kind: EntryKind, outcome: &str) -> Entry {
        let now = self.shared.clock.now();
        Entry {
            entry_id: host::new_id(now),
            kind,
            entry_time: now,
            caller: self.peer.as_ref().map_or_else(String::new, |peer| peer.caller.to_string()),
            certificate_sha256: self.peer.as_ref().map_or_else(String::new, |peer| peer.certificate_hex()),
            method: self.method.to_owned(),
            subject: String::new(),
            request_sha256: String::new(),
            outcome: outcome.to_owned(),
            detail: "{}".to_owned(),
            revision: None,
        }
    }

    /// Durable when it returns `Ok`.
    async fn enter(store: Store, entry: Entry) -> Result<(), Refusal> {
        let written = store
            .write(move |tx| {
                let entry = entry.clone();
                Box::pin(async move { Ok(sql::entry::append(tx, &entry).await?) })
            })
            .await;
        written.map_err(|_| Refusal::store_unavailable())
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        if self.answered {
            return;
        }
        let (store, entry) = (self.shared.store.clone(), self.entry(EntryKind::Abandoned, "ABANDONED"));
        // The caller is gone, and so is this task: the entry is written by another.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if Self::enter(store, entry).await.is_err() {
                    tracing::error!("an abandoned call could not be entered");
                }
            });
        }
    }
}

// === impl Audit ===

impl<S> Audit<S> {
    /// Wraps the services.
    pub fn new(inner: S, shared: Shared) -> Self {
        Self { inner, shared }
    }
}

impl<S: Inner> Service<Request> for Audit<S> {
    type Response = Response;
    type Error = Infallible;
    type Future = Answer;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Answer {
        let underway = Underway {
            shared: self.shared.clone(),
            peer: request.extensions().get::<Arc<Peer>>().cloned(),
            method: request.extensions().get::<&'static pb::Method>().map_or("unknown", |method| method.path),
            answered: false,
        };
        let answer = self.inner.call(request);
        Box::pin(async move {
            // Taken whole: a part of it would not be dropped with the call.
            let mut underway = underway;
            let response = answer.await?;
            let refused = status::refused(response.headers());
            // What says that the store is out of reach cannot be entered there.
            let Some(refused) = refused.filter(|refused| refused.code != Code::Unavailable) else {
                underway.answered = true;
                return Ok(response);
            };
            let reason = refused.reason.unwrap_or_else(|| super::observe::code_name(refused.code).to_owned());
            let entry = underway.entry(EntryKind::Refusal, &reason);
            let entered = Underway::enter(underway.shared.store.clone(), entry).await;
            underway.answered = true;
            Ok(entered.map_or_else(|refusal| status::response(&refusal), |()| response))
        })
    }
}
