//! The registry follows what is executed: a line is stopped when its MVNO has stopped it, keeps its slot, and works again
//! as far as nothing else keeps it. It is told in the transaction that settles the acknowledgement, for a whole batch at
//! once where a whole batch was done.

use std::collections::HashMap;

use crate::{
    domain::{
        line::{LineState, hold},
        shutdown::CommandKind,
    },
    store::{
        StoreError, Tx,
        sql::{
            self,
            line::LineRow,
            number_hold::{Hold, Met},
            shutdown::OrderRow,
        },
    },
};

/// The MVNO has executed an order for the numbers of a batch: all of them, or those `members`. To be told of a batch
/// that is only read too, when it is released, because that is off already. Telling it twice changes nothing more.
pub async fn executed(
    tx: &mut dyn Tx,
    order: &OrderRow,
    batch: i64,
    members: Option<&[i64]>,
) -> Result<(), StoreError> {
    if order.drill {
        return Ok(());
    }
    match order.kind {
        CommandKind::Shutdown => stop(tx, order, batch, members).await,
        CommandKind::Restore => free(tx, order, batch, members).await,
        CommandKind::Verify => Ok(()),
    }
}

/// What a number's line is at least, by the orders about it.
pub async fn held(tx: &mut dyn Tx, number_index: &[u8]) -> Result<LineState, StoreError> {
    let holds = sql::number_hold::of(tx, number_index).await?;
    Ok(hold::strictest(holds.into_iter().map(|hold| hold.state)))
}

/// The same for a line that begins now. Whoever releases or settles an order about its number waits until the line is
/// there, or is waited for: none of both misses the other. No order comes meanwhile: the caller has the number's block.
pub async fn held_at_begin(tx: &mut dyn Tx, number_index: &[u8]) -> Result<LineState, StoreError> {
    let orders = sql::shutdown_number::orders_of(tx, number_index).await?;
    for id in &orders {
        sql::shutdown::lock_shared(tx, id).await?;
    }
    // Most numbers are in no order at all.
    if orders.is_empty() { Ok(LineState::Active) } else { held(tx, number_index).await }
}

/// The same for lines on many numbers: what is stopped of them.
pub async fn held_at_begin_of_many(
    tx: &mut dyn Tx,
    numbers: &[[u8; 32]],
) -> Result<HashMap<Vec<u8>, LineState>, StoreError> {
    let orders = sql::shutdown_number::orders_of_many(tx, numbers).await?;
    let mut held: HashMap<Vec<u8>, LineState> = HashMap::new();
    if orders.is_empty() {
        return Ok(held);
    }
    for id in &orders {
        sql::shutdown::lock_shared(tx, id).await?;
    }
    for hold in sql::number_hold::of_many(tx, numbers).await? {
        let state = held.entry(hold.number_index).or_insert(hold.state);
        *state = state.stricter(hold.state);
    }
    Ok(held)
}

async fn stop(
    tx: &mut dyn Tx,
    order: &OrderRow,
    batch: i64,
    members: Option<&[i64]>,
) -> Result<(), StoreError> {
    let state = hold::of(order.scopes);
    if state == LineState::Active {
        return Ok(());
    }
    let whole = members.is_none().then_some(None);
    for n in whole.into_iter().chain(members.unwrap_or_default().iter().copied().map(Some)) {
        sql::number_hold::take(tx, &order.id, batch, n, state).await?;
        sql::line::stop(tx, &order.id, batch, n, state).await?;
    }
    Ok(())
}

async fn free(
    tx: &mut dyn Tx,
    order: &OrderRow,
    batch: i64,
    members: Option<&[i64]>,
) -> Result<(), StoreError> {
    let mut met = sql::number_hold::met(tx, &order.id, batch).await?;
    met.retain(|met| members.is_none_or(|ns| ns.contains(&met.n)));
    let ends = |met: &&Met| order.restores.as_deref() == Some(&met.hold.order_id) || met.over;
    for line in sql::line::of_batch_locked(tx, &order.id, batch).await? {
        let of_it = || met.iter().filter(|met| met.hold.number_index == line.number_index);
        let Some(Met { hold: Hold { own, .. }, .. }) = of_it().next() else { continue };
        let left = hold::strictest(of_it().filter(|met| !ends(met)).map(|met| met.hold.state));
        let ladder = line.ladder.map_or(LineState::Active, |ladder| ladder.holds());
        let state = own.stricter(left).stricter(ladder);
        if state != line.state {
            sql::line::save(tx, &LineRow { state, ..line }).await?;
        }
    }
    for met in met.iter().filter(ends) {
        sql::number_hold::release(tx, &met.hold.number_index, &met.hold.order_id).await?;
    }
    Ok(())
}
