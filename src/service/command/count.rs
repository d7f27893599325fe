//! After numbers of a batch have moved: its counts, what its commands still wait for, and whether the order is through.

use crate::{
    domain::{
        command::fold::{Place, is_final},
        shutdown::{CommandKind, NumberState, OrderState, Side},
        time::Time,
    },
    store::{
        StoreError, Tx,
        sql::{self, command::CommandRow, shutdown::OrderRow, shutdown_place::Chosen},
    },
};

/// How many of them still owe an answer to such a command.
pub fn open(tally: &[(Place, i64)], order: CommandKind, side: Side, command: CommandKind) -> i64 {
    tally.iter().filter(|(place, _)| place.owes(order, side, command)).map(|(_, count)| count).sum()
}

/// Counts a batch again. Commands that wait for nobody any more are done.
pub async fn batch(
    tx: &mut dyn Tx,
    order: &OrderRow,
    batch: i64,
    now: Time,
) -> Result<Vec<(Place, i64)>, StoreError> {
    let tally = sql::shutdown_place::tally(tx, Chosen::all(&order.id, batch)).await?;
    sql::shutdown_place::count(tx, &order.id, batch, &tally).await?;
    for mut command in sql::command::of_batch(tx, &order.id, batch).await? {
        if command.done_time.is_some() {
            continue;
        }
        let before = command.clone();
        command.open_count = match &command.members {
            None => open(&tally, order.kind, command.side, command.kind),
            Some(ns) => {
                let chosen = Chosen { order_id: &order.id, batch, ns: Some(ns) };
                let tally = sql::shutdown_place::tally(tx, chosen).await?;
                open(&tally, order.kind, command.side, command.kind)
            }
        };
        close(&mut command, now);
        if command != before {
            sql::command::save(tx, &command).await?;
        }
    }
    Ok(tally)
}

/// A command that waits for nobody any more is done.
fn close(command: &mut CommandRow, now: Time) {
    if command.open_count == 0 && command.done_time.is_none() {
        command.done_time = Some(now);
        command.next_time = None;
    }
}

/// Ends an order of which nothing is pending and every number is final. Returns whether it did.
pub async fn conclude(tx: &mut dyn Tx, order: &mut OrderRow, now: Time) -> Result<bool, StoreError> {
    if order.state != Some(OrderState::InProgress) {
        return Ok(false);
    }
    let (pending, open) = sql::shutdown_place::left(tx, &order.id).await?;
    if pending > 0 || open > 0 {
        return Ok(false);
    }
    let tally = sql::shutdown_number::tally(tx, &order.id).await?;
    if tally.iter().any(|(state, _)| !is_final(*state)) {
        return Ok(false);
    }
    let good = |state| matches!(state, NumberState::Verified | NumberState::Restored);
    let whole = tally.iter().all(|(state, _)| good(*state));
    order.state = Some(if whole { OrderState::Completed } else { OrderState::Partial });
    order.update_time = now;
    Ok(true)
}
