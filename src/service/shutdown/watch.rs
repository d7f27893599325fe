//! One order, whenever it changes, until it has ended. Commits wake whoever watches; whether it was this order is told by
//! its pulse, and only then are its numbers counted.

use std::{sync::Arc, time::Duration};

use tokio::{sync::mpsc, time::sleep};

use super::shown::Shown;
use crate::{
    domain::{caller::Caller, refusal::Refusal, shutdown::order::has_ended},
    service::{Gateway, refusal},
    store::sql::{self, shutdown_pulse::Pulse},
};

/// Between two looks at an order, at least: however much happens, each watcher costs no more.
const LOOK: Duration = Duration::from_millis(250);
/// Other nodes settle acknowledgements without waking anybody here: an order is looked at so often all the same.
const ANYWAY: Duration = Duration::from_secs(1);
/// A quiet order is counted and sent so often.
const HEARTBEAT: Duration = Duration::from_secs(5);

impl Gateway {
    /// Starts a watch. What is wrong with the request is answered before the stream begins.
    pub async fn watch_shutdown_order(
        self: &Arc<Self>,
        caller: &Caller,
        id: String,
    ) -> Result<mpsc::Receiver<Result<Shown, Refusal>>, Refusal> {
        let first = self.shutdown_order(caller, id.clone()).await?;
        let (sender, receiver) = mpsc::channel(1);
        let follow = Follow { gateway: self.clone(), caller: caller.clone(), id, sender };
        tokio::spawn(follow.run(first));
        Ok(receiver)
    }
}

struct Follow {
    gateway: Arc<Gateway>,
    caller: Caller,
    id: String,
    sender: mpsc::Sender<Result<Shown, Refusal>>,
}

// === impl Follow ===

impl Follow {
    async fn run(self, first: Shown) {
        // The first look is a whole one: what happened since the order was first read is not missed.
        let mut stirred = self.gateway.signals.stirred();
        let (mut last, mut pulse) = (first.clone(), Pulse::default());
        let mut sent = self.gateway.clock.monotonic();
        if self.sender.send(Ok(first)).await.is_err() {
            return;
        }
        while !has_ended(last.state) {
            // Nobody else has signals: they do not end before the node does.
            let woken = async {
                sleep(LOOK).await;
                tokio::select! {
                    _ = stirred.changed() => {}
                    () = sleep(ANYWAY.saturating_sub(LOOK)) => {}
                }
            };
            tokio::select! {
                () = self.sender.closed() => return,
                () = self.gateway.closing.cancelled() => return,
                () = woken => {}
            }
            let is_due = self.gateway.clock.monotonic().saturating_sub(sent) >= HEARTBEAT;
            match self.look(&mut pulse, is_due).await {
                Ok(Some(order)) if order != last || is_due => {
                    last = order.clone();
                    sent = self.gateway.clock.monotonic();
                    if self.sender.send(Ok(order)).await.is_err() {
                        return;
                    }
                }
                Ok(_) => {}
                Err(refusal) => {
                    drop(self.sender.send(Err(refusal)).await); // whoever is gone needs not hear it
                    return;
                }
            }
        }
    }

    /// The order, where something has happened to it or it is to be sent anyway.
    async fn look(&self, pulse: &mut Pulse, anyway: bool) -> Result<Option<Shown>, Refusal> {
        // A watcher whose organisation was suspended meanwhile hears no more.
        if self.gateway.board.is_suspended(&self.caller.organisation) {
            return Err(Refusal::takes_no_part(&self.caller));
        }
        let id = self.id.clone();
        let read = self.gateway.store.read(move |tx| {
            let id = id.clone();
            Box::pin(async move { Ok(sql::shutdown_pulse::take(tx, &id).await?) })
        });
        let now = read.await.map_err(refusal)?;
        if now == *pulse && !anyway {
            return Ok(None);
        }
        *pulse = now;
        self.gateway.shutdown_order(&self.caller, self.id.clone()).await.map(Some)
    }
}
