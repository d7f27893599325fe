//! A number in two orders: what a restoration shows in the order that it restores, and what a later shutdown does to a
//! restoration under way.

use super::count;
use crate::{
    domain::{
        command::fold::{Place, Step},
        shutdown::NumberState,
        time::Time,
    },
    store::{
        StoreError, Tx,
        sql::{
            self,
            shutdown::OrderRow,
            shutdown_place::{Chosen, Left},
        },
    },
};

/// What a number that a later order overtook has as its code.
const OVERTAKEN: &str = "OVERTAKEN";

/// Shows in the order restored, and in those that it won over, what a restoration did to the numbers of one of its batches, or to those of them that are
/// in one state.
pub async fn restored(
    tx: &mut dyn Tx,
    restoration: &OrderRow,
    batch: i64,
    at: Option<NumberState>,
    step: Step,
    now: Time,
) -> Result<(), StoreError> {
    for id in sql::shutdown_place::lets_back(tx, restoration, batch).await? {
        let Some(mut other) = sql::shutdown::lookup_locked(tx, &id).await? else { continue };
        let same = sql::shutdown_place::same_numbers(tx, &restoration.id, batch, &id, at).await?;
        shift(tx, &other, &same, step, Left::at(now)).await?;
        conclude(tx, &mut other, now).await?;
    }
    Ok(())
}

/// The same for some of its numbers, by those which are in that place.
pub async fn shift(
    tx: &mut dyn Tx,
    order: &OrderRow,
    numbers: &[(i64, Vec<i64>)],
    step: Step,
    left: Left<'_>,
) -> Result<(), StoreError> {
    for (batch, ns) in numbers {
        let chosen = Chosen { order_id: &order.id, batch: *batch, ns: Some(ns) };
        let mut moved = false;
        for (from, _) in sql::shutdown_place::tally(tx, chosen).await? {
            let to = from.after(order.kind, step).unwrap_or(from);
            if to != from {
                sql::shutdown_place::shift(tx, chosen, from, to, left).await?;
                moved = true;
            }
        }
        if moved {
            count::batch(tx, order, *batch, left.now).await?;
        }
    }
    Ok(())
}

/// Ends an order of which another one has taken the last number.
async fn conclude(tx: &mut dyn Tx, order: &mut OrderRow, now: Time) -> Result<(), StoreError> {
    if count::conclude(tx, order, now).await? {
        sql::shutdown::save(tx, order).await?;
    }
    Ok(())
}

/// A shutdown goes out for numbers that are being let back: where it cuts all that a restoration lets back of them, that one
/// is overtaken. Both are executed in their order, and nobody reads what would be no longer so. Where it cuts less, the
/// restoration goes on: somebody has to answer for the rest.
pub async fn overtake(tx: &mut dyn Tx, shutdown: &OrderRow, batch: i64, now: Time) -> Result<(), StoreError> {
    let left = Left { code: Some(OVERTAKEN), overruled_by: Some(&shutdown.id), now };
    for id in sql::shutdown_place::restoring(tx, &shutdown.id, batch).await? {
        let Some(mut restoration) = sql::shutdown::lookup_locked(tx, &id).await? else { continue };
        let same = sql::shutdown_place::same_numbers(tx, &shutdown.id, batch, &id, None).await?;
        let open = |place: &Place| !place.is_final();
        for (at, ns) in &same {
            let Some(lets_back) = sql::shutdown::batch(tx, &id, *at).await? else { continue };
            if !shutdown.scopes.covers(lets_back.scopes.unwrap_or(restoration.scopes)) {
                continue;
            }
            let chosen = Chosen { order_id: &id, batch: *at, ns: Some(ns) };
            let under_way =
                sql::shutdown_place::tally(tx, chosen).await?.iter().any(|(place, _)| open(place));
            if !under_way {
                continue;
            }
            shift(tx, &restoration, &[(*at, ns.clone())], Step::Overtaken, left).await?;
            for other in sql::shutdown_place::lets_back(tx, &restoration, *at).await? {
                let Some(mut other) = sql::shutdown::lookup_locked(tx, &other).await? else { continue };
                let same =
                    sql::shutdown_place::overtaken(tx, &shutdown.id, batch, (&id, *at), &other.id).await?;
                shift(tx, &other, &same, Step::Restored, left).await?;
                conclude(tx, &mut other, now).await?;
            }
        }
        conclude(tx, &mut restoration, now).await?;
    }
    Ok(())
}
