//! What orders weigh in the limits of their organisation: so many numbers of each MVNO, refused ones apart.

use super::values;
use crate::{
    domain::{
        name::ParticipantName,
        shutdown::{CommandKind, limit::Load},
        time::Time,
    },
    store::{Row, StoreError, Tx},
};

/// The orders of an organisation that may weigh since a moment: each part has an index of its own.
macro_rules! in_window {
    () => {
        "SELECT id FROM shutdown_order WHERE organisation = ?1 AND issue_time > ?2
         UNION SELECT id FROM shutdown_order
           WHERE organisation = ?1 AND effective_time > ?2 AND effective_time IS NOT NULL AND issue_time IS NOT NULL
         UNION SELECT id FROM shutdown_order WHERE organisation = ?1 AND state = 'PENDING_APPROVAL'"
    };
}

/// Keeps the weight of an order.
pub async fn add(tx: &mut dyn Tx, order_id: &str, load: &Load) -> Result<(), StoreError> {
    for (mvno, numbers) in &load.of_mvno {
        tx.send(
            "INSERT INTO shutdown_weight (order_id, mvno, number_count) VALUES (?1, ?2, ?3)",
            values![order_id, mvno, *numbers],
        )
        .await?;
    }
    Ok(())
}

/// What an order weighs by its batches: all that may go, now or when it is decided.
pub async fn of_order(tx: &mut dyn Tx, order_id: &str) -> Result<Load, StoreError> {
    const GOES: &str = "SELECT mvno, CAST(SUM(number_count) AS BIGINT) FROM shutdown_batch
         WHERE order_id = ?1 AND batch > 0 AND mvno IS NOT NULL GROUP BY mvno";
    const HELD: &str = "SELECT mvno, COUNT(*) FROM shutdown_number
         WHERE order_id = ?1 AND batch = 0 AND state <> 'REFUSED' AND mvno IS NOT NULL GROUP BY mvno";
    let mut load = Load::default();
    for sql in [GOES, HELD] {
        for row in &tx.query(sql, values![order_id]).await? {
            let (mvno, numbers) =
                read(row).map_err(|error| error.named("shutdown_batch", "mvno, number_count", order_id))?;
            load.add(mvno, numbers);
        }
    }
    Ok(load)
}

/// What an organisation issued since that moment, was to take effect since then or is to, or has waiting for its second
/// officer: all of an order that waits, goes on or is through, and what was released of one that was stopped. Of older
/// orders, what was released since.
pub async fn since(
    tx: &mut dyn Tx,
    organisation: &ParticipantName,
    kind: CommandKind,
    drill: bool,
    since: Time,
) -> Result<Load, StoreError> {
    const WHOLE: &str = concat!(
        "SELECT w.mvno, CAST(SUM(w.number_count) AS BIGINT) FROM shutdown_order o
           JOIN shutdown_weight w ON w.order_id = o.id
         WHERE o.id IN (",
        in_window!(),
        ") AND o.kind = ?3 AND o.drill = ?4 AND o.state NOT IN ('HALTED', 'CANCELLED', 'EXPIRED')
         GROUP BY w.mvno"
    );
    const RELEASED: &str = concat!(
        "SELECT b.mvno, CAST(SUM(b.number_count) AS BIGINT) FROM shutdown_order o
           JOIN shutdown_batch b ON b.order_id = o.id AND b.release_time IS NOT NULL
         WHERE o.id IN (",
        in_window!(),
        ") AND o.kind = ?3 AND o.drill = ?4 AND o.state IN ('HALTED', 'CANCELLED', 'EXPIRED')
           AND b.mvno IS NOT NULL
         GROUP BY b.mvno"
    );
    const LATELY: &str = concat!(
        "SELECT b.mvno, b.number_count FROM shutdown_batch b CROSS JOIN shutdown_order o
         WHERE o.id = b.order_id AND b.release_time > ?2 AND COALESCE(b.mvno, '') <> ''
           AND o.organisation = ?1 AND o.kind = ?3 AND o.drill = ?4 AND o.id NOT IN (",
        in_window!(),
        ")"
    );
    let mut load = Load::default();
    for sql in [WHOLE, RELEASED, LATELY] {
        for row in &tx.query(sql, values![organisation, since, kind.as_str(), i64::from(drill)]).await? {
            let (mvno, numbers) =
                read(row).map_err(|error| error.named("shutdown_weight", "mvno, number_count", ""))?;
            load.add(mvno, numbers);
        }
    }
    Ok(load)
}

fn read(row: &Row) -> Result<(ParticipantName, i64), StoreError> {
    Ok((row.participant(0)?, row.int(1)?))
}
