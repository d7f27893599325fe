//! One order.

use super::{
    shown::{Shown, not_found, shown},
    step::is_seen,
};
use crate::{
    domain::{caller::Caller, refusal::Refusal},
    service::{Gateway, refusal},
    store::{
        Abort, Tx,
        sql::{self, shutdown::OrderRow},
    },
};

/// The row of that id, where the caller may know of it. One that is hidden and one that is none are one answer.
pub(in crate::service) async fn seen(tx: &mut dyn Tx, caller: &Caller, id: &str) -> Result<OrderRow, Abort> {
    let order = sql::shutdown::lookup(tx, id).await?.filter(|order| is_seen(caller, order));
    order.ok_or_else(|| Abort::Refused(not_found(id)))
}

impl Gateway {
    /// The order of that id, with its counts as of one moment.
    pub async fn shutdown_order(&self, caller: &Caller, id: String) -> Result<Shown, Refusal> {
        let caller = caller.clone();
        let read = self.store.read(move |tx| {
            let (caller, id) = (caller.clone(), id.clone());
            Box::pin(async move {
                let order = seen(tx, &caller, &id).await?;
                shown(tx, &order).await
            })
        });
        read.await.map_err(refusal)
    }
}
