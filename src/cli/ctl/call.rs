//! One call and its answer: the nodes of a context are tried in their order, and a refusal becomes what is printed.

use std::time::Duration;

use tonic::{Request, Response, Status, transport::Channel};

use super::{Common, contexts::Context, refused};
use crate::cli::{
    Failure,
    link::{Link, Papers},
};

/// No call takes longer; the gateway answers far sooner, or says why not.
const PATIENCE: Duration = Duration::from_secs(15);

/// Runs something that waits for a gateway.
pub(in crate::cli) fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("no runtime: {error}"))?;
    runtime.block_on(work)
}

/// A request that does not wait for ever.
pub(in crate::cli) fn request<M>(message: M) -> Request<M> {
    let mut request = Request::new(message);
    request.set_timeout(PATIENCE);
    request
}

/// The nodes of a context.
pub(in crate::cli) fn links(context: &Context) -> impl Iterator<Item = Link> {
    let link = |address: &String| Link { address: address.clone(), papers: Papers::of(&context.certs) };
    context.addresses.iter().map(link)
}

/// The answer of the first node that gives one. `ask` may run more than once: only for what can be asked twice, as a
/// write with its request id can.
pub(super) async fn answer<T>(
    common: &Common,
    ask: impl AsyncFn(Channel) -> Result<Response<T>, Status>,
) -> Result<T, Failure> {
    let context = common.context()?;
    let mut faults = Vec::new();
    let mut refusal = None;
    for link in links(&context) {
        match link.open().await {
            Ok(channel) => match ask(channel).await {
                Ok(answer) => return Ok(answer.into_inner()),
                Err(status) if refused::passes(&status) => refusal = Some(status),
                Err(status) => return Err(refused::failure(common.output, &status)),
            },
            Err(fault) => faults.push(fault.text),
        }
    }
    match refusal {
        Some(status) => Err(refused::failure(common.output, &status)),
        None => Err(Failure { lines: faults, code: 1 }),
    }
}
