//! The layers around every service, outermost first. Only this file knows their order, and why:
//!
//! 1. `observe`: names the call and counts it, so that whatever happens further in is counted;
//! 2. `limit`: outside `audit`, so that a flood, of refused calls too, is no flood of ledger entries; it needs nothing
//!    but the identity, and what it refuses costs no layer further in anything;
//! 3. `audit`: outside `access`, so that a refused caller is in the ledger too;
//! 4. `access`: before anything is read of the body; denies by default;
//! 5. `deadline`: the caller's time, answered as DEADLINE_EXCEEDED and handed on to the store;
//! 6. `mend`: next to the services, gives the transport's own faults our codes and texts.

pub mod access;
pub mod audit;
pub mod deadline;
pub mod limit;
pub mod mend;
pub mod observe;

use std::{convert::Infallible, pin::Pin};

use tonic::body::Body;
use tower::Service;

/// A request on its way in.
pub type Request = http::Request<Body>;
/// An answer on its way out.
pub type Response = http::Response<Body>;
/// What every layer returns.
pub type Answer = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

/// A service that the layers can wrap.
pub trait Inner:
    Service<Request, Response = Response, Error = Infallible, Future = Answer> + Clone + Send + 'static
{
}
impl<S> Inner for S where
    S: Service<Request, Response = Response, Error = Infallible, Future = Answer> + Clone + Send + 'static
{
}

/// What the layers need to know of the node.
#[derive(Clone)]
pub struct Gate {
    /// Counts and times by method.
    pub observe: observe::Shared,
    /// How much each organisation may ask.
    pub limit: limit::Shared,
    /// Where refusals and abandoned calls are entered.
    pub audit: audit::Shared,
    /// Who is suspended, and the clock that certificates end by.
    pub access: access::Shared,
    /// Default and longest time of a call.
    pub deadline: deadline::Shared,
}

impl Gate {
    /// The services behind every layer.
    pub fn guard<S: Inner>(&self, services: S) -> impl Inner {
        let mended = mend::Mend::new(services);
        let timed = deadline::Deadline::new(mended, self.deadline.clone());
        let allowed = access::Access::new(timed, self.access.clone());
        let audited = audit::Audit::new(allowed, self.audit.clone());
        let limited = limit::Limit::new(audited, self.limit.clone());
        observe::Observe::new(limited, self.observe.clone())
    }
}
