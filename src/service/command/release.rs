//! Puts the next wave of an order into the outboxes, once it may go.

use std::collections::BTreeMap;

use super::{
    count, hold, look, mirror,
    outbox::{self, Draft},
    seals,
};
use crate::{
    domain::{
        command::{
            fold::{Place, Step},
            tally,
        },
        shutdown::{ApprovalNeed, CommandKind, NumberState, OrderState, Side},
        time::Time,
    },
    service::{
        persons::Persons,
        shutdown::{alarm::Raised, follow},
    },
    store::{
        Abort, StoreError, Tx,
        sql::{
            self,
            shutdown::{BatchRow, OrderRow},
            shutdown_place::{Chosen, Left},
        },
    },
};

/// Releases what may go of an order whose row the caller has locked: nothing but of one that is IN_PROGRESS, nothing
/// before its effective time or from its end on, and no wave before the last one is through. Ends an order that has
/// nothing left, and halts one of which a number does not open any more. Saves the order, with the time when it has to be
/// looked at again. With the alarms of numbers that are held, to be sounded after the commit.
pub async fn release(
    tx: &mut dyn Tx,
    persons: &Persons,
    order: &mut OrderRow,
    now: Time,
) -> Result<Vec<Raised>, Abort> {
    let_go(tx, persons, order, look::next_time, now).await
}

/// The same, by what it says when the order has to be looked at again; of whether anything is left to go.
pub(super) async fn let_go(
    tx: &mut dyn Tx,
    persons: &Persons,
    order: &mut OrderRow,
    next_time: impl Fn(&OrderRow, bool, Time) -> Option<Time>,
    now: Time,
) -> Result<Vec<Raised>, Abort> {
    let mut raised = Vec::new();
    let mut pending = sql::shutdown::pending_batches(tx, &order.id).await?;
    if order.state == Some(OrderState::InProgress) && order.effective_time.is_none_or(|time| time <= now) {
        while look::end(order, now).is_none()
            && let Some(wave) = next_wave(tx, order, &pending).await?
        {
            let (mut goes, waits): (Vec<_>, _) = pending.into_iter().partition(|batch| batch.wave <= wave);
            pending = waits;
            raised.extend(hold::hold(tx, order, &mut goes, wave, now).await?);
            if !seals::hold(tx, persons, order, &goes).await? {
                raised.push(seals::stop(tx, order, wave, now).await?);
                pending.extend(goes);
                break;
            }
            put(tx, order, goes, now).await?;
            if order.wave < wave {
                order.wave = wave;
                order.update_time = now;
            }
        }
        if pending.is_empty() {
            count::conclude(tx, order, now).await?;
        }
    }
    order.next_time = next_time(order, !pending.is_empty(), now);
    sql::shutdown::save(tx, order).await?;
    Ok(raised)
}

/// The wave that may go now, where one may.
async fn next_wave(
    tx: &mut dyn Tx,
    order: &OrderRow,
    pending: &[BatchRow],
) -> Result<Option<i64>, StoreError> {
    let Some(wave) = pending.iter().map(|batch| batch.wave).min() else { return Ok(None) };
    // Waves are for orders above the limits; what was added to a wave that is out goes after it.
    if order.approval == ApprovalNeed::NotNeeded || wave <= order.wave {
        return Ok(Some(wave));
    }
    let released = sql::shutdown_place::waves(tx, &order.id).await?;
    let through = released.iter().all(|(_, wave)| !wave.went_wrong())
        && released.last().is_none_or(|(_, wave)| wave.is_through());
    Ok(through.then_some(wave))
}

async fn put(tx: &mut dyn Tx, order: &OrderRow, batches: Vec<BatchRow>, now: Time) -> Result<(), StoreError> {
    let mut drafts = Vec::new();
    let mut released: BTreeMap<i64, CommandKind> = BTreeMap::new();
    for batch in batches {
        let mut tally = sql::shutdown_place::tally(tx, Chosen::all(&order.id, batch.batch)).await?;
        let planned = tally.iter().find(|(place, _)| place.state == NumberState::Planned);
        let number_count = planned.map_or(0, |(_, count)| *count);
        sql::shutdown::release_batch(tx, &order.id, batch.batch, now).await?;
        if number_count > 0 {
            // Some may have been decided otherwise since: only the others go.
            let members = if number_count == batch.number_count {
                None
            } else {
                Some(sql::shutdown_place::at(tx, &order.id, batch.batch, NumberState::Planned).await?)
            };
            let draft = |receiver, side| Draft {
                receiver,
                side,
                batch: batch.batch,
                kind: batch.kind,
                members: members.clone(),
                number_count,
            };
            // What is off already is only read, and its MVNO has nothing to do.
            let mvno = batch.mvno.clone().filter(|_| batch.kind != CommandKind::Verify);
            drafts.extend(mvno.map(|mvno| draft(mvno, Side::Mvno)));
            drafts.extend(batch.carrier.clone().map(|carrier| draft(carrier, Side::Carrier)));
            let to = Place::PLANNED.after(order.kind, Step::Released(batch.kind)).unwrap_or(Place::PLANNED);
            let chosen = Chosen::all(&order.id, batch.batch);
            sql::shutdown_place::shift_uncounted(tx, chosen, Place::PLANNED, to, Left::at(now)).await?;
            tally::shift(&mut tally, Place::PLANNED, to);
            sql::shutdown_place::keep(tx, &order.id, batch.batch, &tally).await?;
            if batch.kind == CommandKind::Verify {
                follow::executed(tx, order, batch.batch, members.as_deref()).await?;
            }
            released.insert(batch.batch, batch.kind);
        }
        if number_count < batch.number_count {
            count::batch(tx, order, batch.batch, now).await?;
        }
    }
    let overtakes = order.kind == CommandKind::Shutdown && sql::opposed::any_restoration_out(tx).await?;
    for (batch, kind) in released {
        match kind {
            CommandKind::Shutdown if !overtakes => {}
            CommandKind::Shutdown => mirror::overtake(tx, order, batch, now).await?,
            CommandKind::Restore => {
                let gone = Some(NumberState::Released);
                mirror::restored(tx, order, batch, gone, Step::Restoring, now).await?;
            }
            CommandKind::Verify => {}
        }
    }
    outbox::put(tx, &order.id, order.urgency, drafts, now).await
}
