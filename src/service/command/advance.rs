//! What follows when numbers of an order were answered: its counts, the reading of what was executed, the other order of
//! a restoration, the next wave or a halt, and the end.

use std::{collections::BTreeSet, time::Duration};

use super::{
    count, mirror,
    outbox::{self, Draft},
    release,
};
use crate::{
    domain::{
        command::fold::{Place, Step},
        shutdown::{AlarmKind, ApprovalNeed, CommandKind, NumberState, OrderState, Side, order::has_ended},
        time::Time,
    },
    service::{
        persons::Persons,
        shutdown::alarm::{self, Raised},
    },
    store::{
        Abort, StoreError, Tx,
        sql::{
            self,
            shutdown::{BatchRow, OrderRow},
        },
    },
};

/// A batch that is answered bit by bit is read bit by bit, this often.
const READING: Duration = Duration::from_secs(5);

/// Goes on with an order whose row the caller has locked, after numbers of these batches were answered. Saves the order.
pub async fn advance(
    tx: &mut dyn Tx,
    persons: &Persons,
    order: &mut OrderRow,
    touched: &BTreeSet<i64>,
    now: Time,
    alarms: &mut Vec<Raised>,
) -> Result<(), Abort> {
    let mut drafts = Vec::new();
    let mut waiting = false;
    for batch in touched {
        let tally = count::batch(tx, order, *batch, now).await?;
        let answered = Side::ALL.iter().all(|side| count::open(&tally, order.kind, *side, order.kind) == 0);
        if tally.iter().any(|(place, _)| place.wants_verify()) {
            if answered {
                drafts.extend(reading(tx, &order.id, *batch, &tally).await?);
            } else {
                waiting = true;
            }
        }
        if order.kind == CommandKind::Restore {
            show(tx, order, *batch, &tally, now).await?;
        }
    }
    outbox::put(tx, &order.id, order.urgency, drafts, now).await?;
    if order.approval == ApprovalNeed::SecondOfficer {
        stop_where_wrong(tx, order, now, alarms).await?;
    }
    if !touched.is_empty() && order.state.is_some_and(has_ended) {
        // What was out is answered after all: whoever looks for what has changed finds it.
        order.update_time = now;
    }
    let before = order.clone();
    alarms.extend(release::release(tx, persons, order, now).await?);
    if waiting && order.next_time.is_none_or(|next| next > now.plus(READING)) {
        order.next_time = Some(now.plus(READING));
    }
    if *order != before {
        sql::shutdown::save(tx, order).await?;
    }
    Ok(())
}

/// Has read what was executed since the last reading, in every batch that is not answered to its end.
pub async fn read_the_rest(tx: &mut dyn Tx, order: &OrderRow, now: Time) -> Result<(), StoreError> {
    let mut drafts = Vec::new();
    for batch in sql::shutdown::batches(tx, &order.id).await? {
        if batch.batch > 0 && batch.release_time.is_some() {
            drafts.extend(reading_of(tx, &batch).await?);
        }
    }
    outbox::put(tx, &order.id, order.urgency, drafts, now).await
}

async fn reading(
    tx: &mut dyn Tx,
    order_id: &str,
    batch: i64,
    tally: &[(Place, i64)],
) -> Result<Option<Draft>, StoreError> {
    let Some(batch) = sql::shutdown::batch(tx, order_id, batch).await? else { return Ok(None) };
    if !tally.iter().all(|(place, _)| place.wants_verify()) {
        return reading_of(tx, &batch).await;
    }
    // All of it is executed. Where no part of it was read before, none has to be looked for.
    let commands = sql::command::of_batch(tx, order_id, batch.batch).await?;
    if commands.iter().any(|command| command.kind == CommandKind::Verify) {
        return reading_of(tx, &batch).await;
    }
    let number_count = tally.iter().map(|(_, count)| count).sum();
    Ok(batch.carrier.map(|receiver| Draft {
        receiver,
        side: Side::Carrier,
        batch: batch.batch,
        kind: CommandKind::Verify,
        members: None,
        number_count,
    }))
}

/// The command to read those numbers of a batch that are executed and were not read yet.
async fn reading_of(tx: &mut dyn Tx, batch: &BatchRow) -> Result<Option<Draft>, StoreError> {
    let Some(carrier) = &batch.carrier else { return Ok(None) };
    let mut executed =
        sql::shutdown_place::at(tx, &batch.order_id, batch.batch, NumberState::Executed).await?;
    if executed.is_empty() {
        return Ok(None);
    }
    for command in sql::command::of_batch(tx, &batch.order_id, batch.batch).await? {
        if command.kind == CommandKind::Verify {
            executed.retain(|n| command.members.as_ref().is_some_and(|ns| ns.binary_search(n).is_err()));
        }
    }
    let number_count = i64::try_from(executed.len()).unwrap_or(i64::MAX);
    Ok((number_count > 0).then(|| Draft {
        receiver: carrier.clone(),
        side: Side::Carrier,
        batch: batch.batch,
        kind: CommandKind::Verify,
        members: (number_count < batch.number_count).then_some(executed),
        number_count,
    }))
}

/// Shows in the order restored what became of a restoration's numbers.
async fn show(
    tx: &mut dyn Tx,
    restoration: &OrderRow,
    batch: i64,
    tally: &[(Place, i64)],
    now: Time,
) -> Result<(), StoreError> {
    for (state, step) in [
        (NumberState::Restored, Step::Restored),
        (NumberState::Diverged, Step::NotRestored),
        (NumberState::Refused, Step::NotRestored),
        (NumberState::Failed, Step::NotRestored),
    ] {
        if tally.iter().any(|(place, _)| place.state == state) {
            mirror::restored(tx, restoration, batch, Some(state), step, now).await?;
        }
    }
    Ok(())
}

/// More than a few in a hundred refused or failed: nothing more of this order goes out until somebody has looked.
async fn stop_where_wrong(
    tx: &mut dyn Tx,
    order: &mut OrderRow,
    now: Time,
    alarms: &mut Vec<Raised>,
) -> Result<(), Abort> {
    if order.state != Some(OrderState::InProgress) {
        return Ok(());
    }
    // What failed before an officer looked again and let the order go on was alarmed then.
    let since = order.approve_time.or(order.issue_time).unwrap_or_default();
    let waves = sql::shutdown_place::waves(tx, &order.id).await?;
    let Some((wave, wrong)) = waves.into_iter().find(|(_, wave)| wave.went_wrong()) else { return Ok(()) };
    let (pending, _) = sql::shutdown_place::left(tx, &order.id).await?;
    if pending > 0 {
        order.state = Some(OrderState::Halted);
        order.update_time = now;
    } else if sql::alarm::count(tx, &order.id, AlarmKind::Wave, since).await? > 0 {
        return Ok(());
    }
    let (failed, numbers) = (wrong.failed, wrong.numbers);
    let text = format!("{failed} of {numbers} numbers of wave {wave} were refused or failed.");
    alarms.push(alarm::raise(tx, AlarmKind::Wave, order, None, failed, &text, now).await?);
    Ok(())
}
