//! How much an organisation may ask. Each has a budget of calls, a smaller one of refused and abandoned calls for each
//! method (for these cost a ledger entry each), and a bound on the streams that it has open. What is over is refused
//! cheaply: it reaches no other layer, enters the ledger once a minute with its count, and is answered at a pace, so
//! that who asks without end waits, and nobody else does.

mod lease;
mod ledger;
mod organisation;
mod pace;
mod rate;
mod stream;

use std::{
    collections::HashMap,
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use arc_swap::ArcSwap;
use tonic::Code;
use tower::Service;

use self::{
    organisation::{Organisation, Over},
    stream::{Open, open},
};
use super::{Answer, Inner, Request, Response};
use crate::{
    domain::{
        budget::{Rate, Spent},
        name::ParticipantName,
        refusal::{Reason, Refusal},
        time::Clock,
    },
    net::{HangUp, Peer},
    rpc::{parts::Parts, pb, status},
};

/// What an organisation may ask of one node, and of all where they share a budget.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Calls. 50,000 a second: several times what one core answers, so that nobody is slowed who was not before;
    /// choose what the partners agreed to.
    pub calls: Rate,
    /// Calls of one method that are refused or abandoned. 50 a second, 500 at once: each is a durable ledger entry.
    pub refusals: Rate,
    /// What opening a stream counts as, in calls. 10: it begins with all standings.
    pub stream_weight: u32,
    /// Streams open at once. 1,024.
    pub max_streams: usize,
    /// Answers to calls that are over, a second. 1,000: a fraction of a core.
    pub answers: u32,
    /// No such answer is held longer; a connection that would need it is told to go. 2 s.
    pub longest_hold: Duration,
}

/// Takes from the budget that all nodes share: of whom, how many, at which rate. `None` when it is out of reach.
pub type Share = Arc<
    dyn Fn(&ParticipantName, u32, Rate) -> Pin<Box<dyn Future<Output = Option<Spent>> + Send>> + Send + Sync,
>;

/// Among an answer's extensions: this layer refused the call, and tells of it once a minute.
#[derive(Clone, Copy, Debug)]
pub struct Limited;

/// What the layer needs of the node.
#[derive(Clone)]
pub struct Shared {
    settings: Arc<Settings>,
    clock: Arc<dyn Clock>,
    share: Option<Share>,
    /// Read by every call and written for each organisation's first.
    organisations: Arc<ArcSwap<HashMap<ParticipantName, Arc<Organisation>>>>,
}

/// The layer.
#[derive(Clone)]
pub struct Limit<S> {
    inner: S,
    shared: Shared,
}

/// A call that was let in. Dropped before it is answered, it counts as abandoned.
struct Underway {
    organisation: Arc<Organisation>,
    method: &'static str,
    answered: bool,
}

// === impl Settings ===

impl Default for Settings {
    fn default() -> Self {
        Self {
            calls: Rate { per_second: 50_000, burst: 50_000 },
            refusals: Rate { per_second: 50, burst: 500 },
            stream_weight: 10,
            max_streams: 1024,
            answers: 1000,
            longest_hold: Duration::from_secs(2),
        }
    }
}

// === impl Shared ===

impl Shared {
    /// Limits of this node, and of all nodes where they share.
    pub fn new(settings: Settings, clock: Arc<dyn Clock>, share: Option<Share>) -> Self {
        Self { settings: Arc::new(settings), clock, share, organisations: Arc::default() }
    }

    /// What is known of an organisation.
    fn organisation(&self, name: &ParticipantName) -> Arc<Organisation> {
        if let Some(known) = self.organisations.load().get(name) {
            return known.clone();
        }
        let new = Arc::new(Organisation::new(name.clone(), &self.settings, self.clock.clone()));
        self.organisations.rcu(|all| {
            let mut all = HashMap::clone(all);
            all.entry(name.clone()).or_insert_with(|| new.clone());
            all
        });
        // Another call may have been faster.
        self.organisations.load().get(name).cloned().unwrap_or(new)
    }

    /// Whether a call may go on, and with it the stream that it opens.
    fn admit(
        &self,
        organisation: &Arc<Organisation>,
        method: Option<&'static pb::Method>,
    ) -> Result<Option<Open>, Over> {
        let now = self.clock.monotonic();
        let streams = method.is_some_and(|method| method.streams);
        let weight = if streams { self.settings.stream_weight } else { 1 };
        organisation.may_call(path(method), now)?;
        let stream = streams.then(|| organisation.open(self.settings.max_streams)).transpose()?;
        organisation.spend(weight)?;
        if let Some(share) = &self.share {
            organisation.spend_shared(weight, now, share)?;
        }
        Ok(stream)
    }

    /// The answer to a call that is over, and after how long it is given.
    fn refuse(
        &self,
        organisation: &Organisation,
        peer: &Peer,
        method: &'static str,
        over: Over,
    ) -> (Response, Option<Duration>) {
        organisation.count(over);
        let caller = &peer.caller.organisation;
        let mut response = status::response(&refusal(&self.settings, caller, method, over));
        response.extensions_mut().insert(Limited);
        let held = organisation.hold(self.clock.monotonic());
        if held.is_none() {
            // It has more calls waiting for a refusal than are worth keeping.
            response.extensions_mut().insert(HangUp);
        }
        (response, held)
    }
}

fn path(method: Option<&'static pb::Method>) -> &'static str {
    method.map_or("unknown", |method| method.path)
}

fn refusal(settings: &Settings, caller: &ParticipantName, method: &'static str, over: Over) -> Refusal {
    let (text, wait) = match over {
        Over::Streams => {
            let most = settings.max_streams;
            let text = format!("{caller} has {most} streams open, and may have no more; close some.");
            return Refusal::new(Reason::Overloaded, text).with("caller", caller).with("max_streams", most);
        }
        Over::Calls(wait) | Over::Shared(wait) => {
            (format!("{caller} may make {} calls a second here; slow down.", settings.calls.per_second), wait)
        }
        Over::Refusals(wait) => (
            format!("Too many calls of {caller} to {method} were refused or abandoned; mend them first."),
            wait,
        ),
    };
    // A retry in less than a millisecond is no rest for anybody.
    let wait = Duration::from_millis(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).saturating_add(1));
    Refusal::new(Reason::RateLimited, text)
        .with("caller", caller)
        .with("method", method)
        .with("retry_ms", wait.as_millis())
        .retry(wait)
}

/// Charges what a call refuses of its parts; once that is too much, the method is barred.
fn parts(settings: Arc<Settings>, organisation: Arc<Organisation>, method: &'static str) -> Parts {
    Parts(Arc::new(move |count| {
        organisation.charge(method, count);
        organisation.may_call_now(method).map_err(|over| {
            organisation.count(over);
            refusal(&settings, &organisation.name, method, over)
        })
    }))
}

// === impl Underway ===

impl Drop for Underway {
    fn drop(&mut self) {
        if !self.answered {
            self.organisation.charge(self.method, 1);
        }
    }
}

// === impl Limit ===

impl<S> Limit<S> {
    /// Wraps the services.
    pub fn new(inner: S, shared: Shared) -> Self {
        Self { inner, shared }
    }
}

impl<S: Inner> Service<Request> for Limit<S> {
    type Response = Response;
    type Error = Infallible;
    type Future = Answer;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Answer {
        // Without an identity there is nobody to count; `access` denies it.
        let Some(peer) = request.extensions().get::<Arc<Peer>>() else { return self.inner.call(request) };
        let method = request.extensions().get::<&'static pb::Method>().copied();
        let organisation = self.shared.organisation(&peer.caller.organisation);
        let stream = match self.shared.admit(&organisation, method) {
            Ok(stream) => stream,
            Err(over) => {
                let (response, held) = self.shared.refuse(&organisation, peer, path(method), over);
                // What waits is the answer alone.
                drop(request);
                return Box::pin(async move {
                    tokio::time::sleep(held.unwrap_or_default()).await;
                    Ok(response)
                });
            }
        };
        let parts = parts(self.shared.settings.clone(), organisation.clone(), path(method));
        request.extensions_mut().insert(parts);
        let underway = Underway { organisation, method: path(method), answered: false };
        let answer = self.inner.call(request);
        Box::pin(async move {
            // Taken whole: a part of it would not be dropped with the call.
            let mut underway = underway;
            let response = answer.await?;
            underway.answered = true;
            // What was entered in the ledger is what counts.
            if status::refused(response.headers()).is_some_and(|refused| refused.code != Code::Unavailable) {
                underway.organisation.charge(underway.method, 1);
            }
            Ok(match stream {
                Some(stream) => open(response, stream),
                None => response,
            })
        })
    }
}
