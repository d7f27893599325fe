//! One order, whenever it changes, until it has ended.

use std::{sync::Arc, time::Duration};

use tokio::sync::mpsc;

use super::shown::Shown;
use crate::{
    domain::{caller::Caller, refusal::Refusal, shutdown::order::has_ended},
    service::Gateway,
};

/// Between two looks at an order. Other nodes change it too, so it is the record that is looked at.
const LOOK: Duration = Duration::from_millis(250);
/// A quiet order is sent so often.
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
        let mut last = first.clone();
        let mut sent = self.gateway.clock.monotonic();
        if self.sender.send(Ok(first)).await.is_err() {
            return;
        }
        while !has_ended(last.state) {
            tokio::select! {
                () = self.sender.closed() => return,
                () = self.gateway.closing.cancelled() => return,
                () = tokio::time::sleep(LOOK) => {}
            }
            // A watcher whose organisation was suspended meanwhile hears no more.
            let looked = if self.gateway.board.is_suspended(&self.caller.organisation) {
                Err(Refusal::takes_no_part(&self.caller))
            } else {
                self.gateway.shutdown_order(&self.caller, self.id.clone()).await
            };
            let now = self.gateway.clock.monotonic();
            match looked {
                Ok(order) if order == last && now.saturating_sub(sent) < HEARTBEAT => {}
                Ok(order) => {
                    last = order.clone();
                    sent = now;
                    if self.sender.send(Ok(order)).await.is_err() {
                        return;
                    }
                }
                Err(refusal) => {
                    drop(self.sender.send(Err(refusal)).await); // whoever is gone needs not hear it
                    return;
                }
            }
        }
    }
}
