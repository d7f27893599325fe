//! Who may call what. The rule stands beside the RPC in the proto; this layer compares the whole path with the
//! table made of it and denies what the table does not name. It reads nothing of the body: which MVNO's row a
//! caller may see is decided in `service`.

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
};

use tower::Service;

use super::{Answer, Inner, Request, Response};
use crate::{
    domain::{
        access::{self, Verdict},
        caller::Class,
        name::ParticipantName,
        refusal::{Reason, Refusal},
        time::Clock,
    },
    net::Peer,
    rpc::{pb, status},
};

/// What the layer needs of the node.
#[derive(Clone)]
pub struct Shared {
    /// The clock by which certificates end.
    pub clock: Arc<dyn Clock>,
    /// Whether an organisation is suspended, or waits for its approval, as of now.
    pub suspended: Arc<dyn Fn(&ParticipantName) -> bool + Send + Sync>,
}

/// The layer.
#[derive(Clone)]
pub struct Access<S> {
    inner: S,
    shared: Shared,
}

// === impl Shared ===

impl Shared {
    /// Why this request may not go on; `None` when it may.
    fn refuse(&self, request: &Request) -> Option<Refusal> {
        let extensions = request.extensions();
        // SECURITY: a request without an identity, or without a row in the table, reaches no service.
        let Some(peer) = extensions.get::<Arc<Peer>>() else {
            return Some(Refusal::new(
                Reason::ClientCertificateRequired,
                "The call carries no identity; connect with your organisation's client certificate.",
            ));
        };
        let Some(method) = extensions.get::<&'static pb::Method>() else {
            return Some(Refusal::new(
                Reason::MethodUnknown,
                "This server has no such method; list what it has by reflection.",
            ));
        };
        let caller = &peer.caller;
        if self.clock.now() >= peer.not_after {
            return Some(
                Refusal::new(
                    Reason::CertificateExpired,
                    "The client certificate has expired; connect with a new one.",
                )
                .with("caller", caller),
            );
        }
        if (self.suspended)(&caller.organisation) {
            return Some(Refusal::takes_no_part(caller));
        }
        match access::decide(&method.rule, caller.class()) {
            Verdict::Allowed => None,
            Verdict::Denied => Some(role_missing(caller.class(), &caller.to_string(), method)),
        }
    }
}

fn role_missing(class: Class, caller: &str, method: &pb::Method) -> Refusal {
    let roles: Vec<&str> = method.rule.roles.iter().map(|role| role.as_str()).collect();
    let needed = roles.join(", ");
    let message = format!("You are {caller} with role {class}; {} needs one of: {needed}.", method.name());
    Refusal::new(Reason::RoleMissing, message)
        .with("caller", caller)
        .with("role", class)
        .with("needed", needed)
        .with("method", method.name())
}

// === impl Access ===

impl<S> Access<S> {
    /// Wraps the services.
    pub fn new(inner: S, shared: Shared) -> Self {
        Self { inner, shared }
    }
}

impl<S: Inner> Service<Request> for Access<S> {
    type Response = Response;
    type Error = Infallible;
    type Future = Answer;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Answer {
        match self.shared.refuse(&request) {
            None => self.inner.call(request),
            Some(refusal) => Box::pin(std::future::ready(Ok(status::response(&refusal)))),
        }
    }
}
