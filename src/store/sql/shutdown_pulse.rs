//! Whether anything has happened to an order: told by its row, its batches and its commands, which are few, and not by
//! its numbers, which are many. Only those that go to nobody are looked at: no other row tells what was decided of them.

use super::values;
use crate::store::{StoreError, Tx, Value};

/// Another one wherever something has happened.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pulse(Vec<Value>);

/// The pulse of an order now.
pub async fn take(tx: &mut dyn Tx, order_id: &str) -> Result<Pulse, StoreError> {
    let rows = tx
        .query(
            "SELECT o.state, o.update_time, o.approve_time, b.released, b.going, b.executed, b.failed, b.ended,
               c.commands, c.delivered, c.acked, c.done, c.open_numbers, c.late,
               (SELECT COUNT(*) FROM shutdown_number WHERE order_id = ?1 AND batch = 0 AND state = 'HELD')
             FROM shutdown_order o,
               (SELECT COUNT(release_time) AS released,
                  CAST(COALESCE(SUM(CASE WHEN batch > 0 THEN number_count ELSE 0 END), 0) AS BIGINT) AS going,
                  CAST(COALESCE(SUM(executed_count), 0) AS BIGINT) AS executed,
                  CAST(COALESCE(SUM(failed_count), 0) AS BIGINT) AS failed,
                  CAST(COALESCE(SUM(final_count), 0) AS BIGINT) AS ended
                FROM shutdown_batch WHERE order_id = ?1) b,
               (SELECT COUNT(*) AS commands, COUNT(deliver_time) AS delivered, COUNT(ack_time) AS acked,
                  COUNT(done_time) AS done,
                  CAST(COALESCE(SUM(open_count), 0) AS BIGINT) AS open_numbers,
                  CAST(COALESCE(SUM(late), 0) AS BIGINT) AS late
                FROM command WHERE order_id = ?1) c
             WHERE o.id = ?1",
            values![order_id],
        )
        .await?;
    Ok(rows.into_iter().next().map_or_else(Pulse::default, |row| Pulse(row.0)))
}
