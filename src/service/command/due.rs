//! What time alone does to orders: a moment from which they may be released, an approval that did not come, an end.

use std::sync::Arc;

use super::{advance, release};
use crate::{
    domain::{
        refusal::Refusal,
        shutdown::{
            AlarmKind, CommandKind, OrderState,
            order::{self, Step},
        },
        time::Time,
    },
    service::{
        Gateway,
        persons::Persons,
        record, refusal,
        shutdown::{
            alarm::{self, Raised},
            order_name,
            restore::{self, Cause},
        },
    },
    store::{
        Abort, Tx,
        sql::{self, shutdown::OrderRow},
    },
};

/// Orders looked at in a round.
const MOST: i64 = 100;
/// Who acts when time does.
const BY: &str = "greenlane";

impl Gateway {
    /// Does to every order what is due. Returns how many were looked at.
    pub async fn look_at_orders(&self) -> Result<u64, Refusal> {
        let Some(persons) = self.persons.clone() else { return Ok(0) };
        let now = self.clock.now();
        let due = self
            .store
            .read(move |tx| Box::pin(async move { Ok(sql::shutdown::list_due(tx, now, MOST).await?) }));
        let mut looked = 0;
        for id in due.await.map_err(refusal)? {
            let (persons, clock) = (persons.clone(), self.clock.clone());
            let done = self.store.write(move |tx| {
                let (persons, id, now): (Arc<Persons>, _, _) = (persons.clone(), id.clone(), clock.now());
                Box::pin(async move { one(tx, &persons, &id, now).await })
            });
            done.await.map_err(refusal)?.into_iter().for_each(Raised::sound);
            looked += 1;
        }
        Ok(looked)
    }
}

async fn one(tx: &mut dyn Tx, persons: &Persons, id: &str, now: Time) -> Result<Vec<Raised>, Abort> {
    let mut alarms = Vec::new();
    let Some(mut order) = sql::shutdown::lookup_locked(tx, id).await? else { return Ok(alarms) };
    // Another node may have been first.
    if order.next_time.is_none_or(|next| next > now) {
        return Ok(alarms);
    }
    let was_due = |due: Option<Time>| {
        due.is_some_and(|due| due <= now) && order.next_time.is_some_and(|next| due >= Some(next))
    };
    let (unapproved, ended) = (was_due(order.approve_by_time), was_due(order.expire_time));
    order.next_time = None;
    if unapproved && order.state == Some(OrderState::PendingApproval) && !order.break_glass {
        order.state = order::after(order.state, Step::Expire);
        order.update_time = now;
        let detail = serde_json::json!({ "cause": "nobody approved it in time" });
        record::entry(tx, "expire", &order_name(id), now, detail, None).await?;
    } else if unapproved && order.break_glass && order.approved_by.is_none() {
        let text = "An order issued by break glass was not confirmed in time, and is being restored.";
        let count = order.number_count;
        alarms.push(alarm::raise(tx, AlarmKind::BreakGlass, &order, None, count, text, now).await?);
        alarms.extend(undo(tx, persons, &mut order, Cause::Unconfirmed, now).await?);
    } else if ended && order.kind == CommandKind::Shutdown {
        alarms.extend(undo(tx, persons, &mut order, Cause::Expired, now).await?);
    }
    if order.state == Some(OrderState::InProgress) {
        advance::read_the_rest(tx, &order, now).await?;
    }
    alarms.extend(release::release(tx, persons, &mut order, now).await?);
    Ok(alarms)
}

/// Lets everything of it back, and releases no more of it.
async fn undo(
    tx: &mut dyn Tx,
    persons: &Persons,
    order: &mut OrderRow,
    cause: Cause,
    now: Time,
) -> Result<Vec<Raised>, Abort> {
    let (pending, _) = sql::shutdown_place::left(tx, &order.id).await?;
    if pending > 0 {
        order.state = order::after(order.state, Step::Halt).or(order.state);
        order.update_time = now;
        sql::shutdown::save(tx, order).await?;
    }
    // What another order has let back already needs no restoration.
    if restore::off(tx, order, None).await?.is_empty() {
        return Ok(Vec::new());
    }
    restore::restore(tx, persons, order, None, cause, BY, now).await.map(|(_, raised)| raised)
}
