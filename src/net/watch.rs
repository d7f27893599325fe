//! One connection's time: the preface, the certificate's end, idleness, age, and the grace after it was told to go.

use std::{sync::Arc, time::Duration};

use super::{Limits, link::Link, refused::Refused};
use crate::{domain::time::Clock, host};

/// The wall clock can be set, so the certificate's end is looked at this often at least.
const LOOK: Duration = Duration::from_secs(30);

/// Watches over a connection and ends it in time. Dropped with the connection.
pub(super) async fn watch(link: Arc<Link>, limits: Arc<Limits>, clock: Arc<dyn Clock>) {
    let born = clock.monotonic();
    let age = spread(limits.max_age);
    let (mut idle_since, mut seen) = (born, 0);
    let mut told = None;
    loop {
        let (now, ticks) = (clock.now(), clock.monotonic());
        if now >= link.peer.not_after {
            tracing::info!(caller = %link.peer.caller, "certificate expired, connection ended");
            return link.end();
        }
        let mut next = link.peer.not_after.since(now).min(LOOK);
        let lived = ticks.saturating_sub(born);
        if !link.has_begun() {
            match left(limits.preface_deadline, lived) {
                Some(rest) => next = next.min(rest),
                None => {
                    Refused::PrefaceDeadline.report(link.peer.address);
                    return link.end();
                }
            }
        }
        let (open, begun) = link.calls();
        if open > 0 || begun != seen {
            (idle_since, seen) = (ticks, begun);
        }
        if told.is_none() {
            match (left(age, lived), left(limits.idle_timeout, ticks.saturating_sub(idle_since))) {
                (Some(age), Some(idle)) => next = next.min(age).min(idle),
                (None, _) | (_, None) => {
                    told = Some(ticks);
                    link.leave();
                }
            }
        }
        if let Some(told) = told {
            match left(limits.grace, ticks.saturating_sub(told)) {
                Some(rest) => next = next.min(rest),
                None => return link.end(),
            }
        }
        tokio::time::sleep(next).await;
    }
}

/// What is left of a span; nothing once it is over.
fn left(span: Duration, gone: Duration) -> Option<Duration> {
    span.checked_sub(gone).filter(|rest| !rest.is_zero())
}

/// Give or take a tenth, so that connections made together do not all come back together.
fn spread(span: Duration) -> Duration {
    let tenths = f64::from(u16::from_be_bytes(host::random())) / f64::from(u16::MAX);
    span.mul_f64(0.9 + 0.2 * tenths)
}
