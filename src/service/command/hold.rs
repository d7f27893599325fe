//! Looks once more at the release whose each number is. Days can lie between an approval and a wave: whoever got a number
//! since its plan is not whom the evidence is against, and is not cut before the authority has decided.

use crate::{
    domain::{
        shutdown::{AlarmKind, CommandKind},
        time::Time,
    },
    service::shutdown::{
        alarm::{self, Raised},
        tenancy,
    },
    store::{
        Abort, Tx,
        sql::{
            self,
            shutdown::{BatchRow, OrderRow},
        },
    },
};

/// Holds what somebody else has got of the batches that are about to go, all of those up to a wave. The batches are left
/// with what still goes. The authority is told by an alarm.
pub(super) async fn hold(
    tx: &mut dyn Tx,
    order: &OrderRow,
    batches: &mut [BatchRow],
    wave: i64,
    now: Time,
) -> Result<Option<Raised>, Abort> {
    if order.kind != CommandKind::Shutdown {
        return Ok(None);
    }
    let mut changed = sql::shutdown_held::changed(tx, &order.id, wave).await?;
    // Where no time of the evidence is given, what the plan saw is what was decided about.
    let evidence = order.evidence_time.unwrap_or(order.plan_time);
    changed.retain(|line| line.since.began(Some(order.plan_time)) > evidence);
    // Who gave a number up and took it again has it since it was first taken.
    tenancy::through(tx, changed.iter_mut().map(|line| (line.number_index, &mut line.since))).await?;
    changed.retain(|line| line.since.began(Some(order.plan_time)) > evidence);
    if changed.is_empty() {
        return Ok(None);
    }
    sql::shutdown_held::hold(tx, order, &changed).await?;
    for batch in batches {
        let gone = changed.iter().filter(|line| line.batch == batch.batch).count();
        batch.number_count -= i64::try_from(gone).unwrap_or(i64::MAX);
    }
    let count = i64::try_from(changed.len()).unwrap_or(i64::MAX);
    let text = format!("{count} numbers have another holder since the plan and are held: decide about them.");
    alarm::raise(tx, AlarmKind::Held, order, None, count, &text, now).await.map(Some)
}
