//! What time alone does to orders: a moment from which they may be released, an approval that did not come, an end.

use std::sync::Arc;

use super::{
    advance,
    look::{self, End},
    release,
};
use crate::{
    domain::{
        refusal::Refusal,
        shutdown::{
            AlarmKind, NumberState, OrderState,
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
        let (mut looked, mut failed) = (0, None);
        for id in due.await.map_err(refusal)? {
            let (persons, clock) = (persons.clone(), self.clock.clone());
            let done = self.store.write(move |tx| {
                let (persons, id, now): (Arc<Persons>, _, _) = (persons.clone(), id.clone(), clock.now());
                Box::pin(async move { one(tx, &persons, &id, now).await })
            });
            match done.await {
                Ok(raised) => raised.into_iter().for_each(Raised::sound),
                // Others do not wait for their end because one order cannot be looked at.
                Err(abort) => failed = Some(refusal(abort)),
            }
            looked += 1;
        }
        failed.map_or(Ok(looked), Err)
    }
}

async fn one(tx: &mut dyn Tx, persons: &Persons, id: &str, now: Time) -> Result<Vec<Raised>, Abort> {
    let mut alarms = Vec::new();
    let Some(mut order) = sql::shutdown::lookup_locked(tx, id).await? else { return Ok(alarms) };
    // Another node may have been first.
    if order.next_time.is_none_or(|next| next > now) {
        return Ok(alarms);
    }
    let end = look::end(&order, now);
    let unapproved = order.state == Some(OrderState::PendingApproval)
        && order.approve_by_time.is_some_and(|due| due <= now);
    if unapproved {
        expire(tx, &mut order, "nobody approved it in time", now).await?;
    } else if end.is_some() && waits(tx, &order).await? {
        expire(tx, &mut order, "its end came before all of it had gone", now).await?;
    }
    if let Some(end) = end {
        alarms.extend(undo(tx, persons, &order, end, now).await?);
    }
    if order.state == Some(OrderState::InProgress) {
        advance::read_the_rest(tx, &order, now).await?;
    }
    alarms.extend(release::let_go(tx, persons, &mut order, look::next_time_after, now).await?);
    Ok(alarms)
}

/// Whether something of it waits that could go out by a later step. One that is through but for held numbers, of which
/// nothing ever went, does too.
async fn waits(tx: &mut dyn Tx, order: &OrderRow) -> Result<bool, Abort> {
    Ok(match order.state {
        Some(OrderState::PendingApproval | OrderState::Halted) => true,
        Some(OrderState::InProgress) => sql::shutdown_place::left(tx, &order.id).await?.0 > 0,
        Some(OrderState::Partial) => {
            let tally = sql::shutdown_number::tally(tx, &order.id).await?;
            let is_held = |(state, _): &(NumberState, i64)| *state == NumberState::Held;
            let stayed =
                |(state, _): &(NumberState, i64)| matches!(state, NumberState::Held | NumberState::Refused);
            tally.iter().any(is_held) && tally.iter().all(stayed)
        }
        Some(OrderState::Completed | OrderState::Cancelled | OrderState::Expired) | None => false,
    })
}

/// Ends it: nothing more of it goes out by any step.
async fn expire(tx: &mut dyn Tx, order: &mut OrderRow, cause: &str, now: Time) -> Result<(), Abort> {
    order.state = order::after(order.state, Step::Expire);
    order.update_time = now;
    sql::shutdown::save(tx, order).await?;
    let detail = serde_json::json!({ "cause": cause });
    record::entry(tx, "expire", &order_name(&order.id), now, detail, None).await?;
    Ok(())
}

/// Lets back everything of it that is off.
async fn undo(
    tx: &mut dyn Tx,
    persons: &Persons,
    order: &OrderRow,
    end: End,
    now: Time,
) -> Result<Vec<Raised>, Abort> {
    // Whatever is off was answered or is out: of most orders that are past their end all is back.
    let tally = sql::shutdown_number::tally(tx, &order.id).await?;
    let is_back = |(state, _): &(NumberState, i64)| {
        matches!(
            state,
            NumberState::Planned | NumberState::Held | NumberState::Restoring | NumberState::Restored
        )
    };
    if tally.iter().all(is_back) {
        return Ok(Vec::new());
    }
    // What another order has let back already needs no restoration.
    let off = restore::off(tx, order, None).await?.len();
    if off == 0 {
        return Ok(Vec::new());
    }
    let mut alarms = Vec::new();
    let cause = match end {
        End::Own(_) => Cause::Expired,
        End::Unconfirmed(_) => {
            let text = "An order issued by break glass was not confirmed in time, and is being restored.";
            let count = i64::try_from(off).unwrap_or(i64::MAX);
            alarms.push(alarm::raise(tx, AlarmKind::BreakGlass, order, None, count, text, now).await?);
            Cause::Unconfirmed
        }
    };
    alarms.extend(restore::restore(tx, persons, order, None, cause, BY, now).await?.1);
    Ok(alarms)
}
