//! What has changed about the numbers of an order since a moment, asked from the side of what changed: few lines begin or
//! end in half an hour, and few orders are under way, whereas an order has up to a hundred thousand numbers.

use super::values;
use crate::{
    domain::time::Time,
    store::{Row, StoreError, Tx},
};

/// Lines that were looked at, and how many of them are of the order's numbers.
#[derive(Clone, Copy, Debug)]
pub struct Looked {
    /// How many were looked at.
    pub lines: i64,
    /// How many of them concern the order.
    pub met: i64,
}

/// Lines whose ids are not below that one: those that began.
pub async fn begun(tx: &mut dyn Tx, order_id: &str, first: &str, limit: i64) -> Result<Looked, StoreError> {
    let sql = "SELECT COUNT(*), COUNT(s.n) FROM (
                 SELECT number_index FROM line WHERE id >= ?2 ORDER BY id LIMIT ?3) l
               LEFT JOIN shutdown_number s ON s.number_index = l.number_index AND s.order_id = ?1";
    looked(&tx.query(sql, values![order_id, first, limit]).await?)
}

/// Lines that are to be erased not before that moment: those that ended, by how long they are kept since.
pub async fn ended(
    tx: &mut dyn Tx,
    order_id: &str,
    erased_from: Time,
    limit: i64,
) -> Result<Looked, StoreError> {
    let sql = "SELECT COUNT(*), COUNT(s.n) FROM (
                 SELECT number_index FROM line
                 WHERE erase_time IS NOT NULL AND registration_state = 'CLOSED' AND erase_time >= ?2
                 ORDER BY erase_time LIMIT ?3) l
               LEFT JOIN shutdown_number s ON s.number_index = l.number_index AND s.order_id = ?1";
    looked(&tx.query(sql, values![order_id, erased_from, limit]).await?)
}

/// Every other real order of which numbers may have moved since: under way, or changed; with how many numbers it has.
pub async fn others(tx: &mut dyn Tx, order_id: &str, since: Time) -> Result<Vec<(String, i64)>, StoreError> {
    let sql = "SELECT id, number_count FROM shutdown_order
                 WHERE state IN ('IN_PROGRESS', 'HALTED') AND drill = 0 AND id <> ?1
               UNION ALL
               SELECT id, number_count FROM shutdown_order
                 WHERE erase_time IS NULL AND state IN ('COMPLETED', 'PARTIAL', 'CANCELLED', 'EXPIRED')
                   AND update_time >= ?2 AND drill = 0 AND id <> ?1";
    let rows = tx.query(sql, values![order_id, since]).await?;
    rows.iter().map(|row| Ok((row.text(0)?.to_owned(), row.int(1)?))).collect()
}

/// Whether two orders have a number in common; the first one's are gone through.
pub async fn meet(tx: &mut dyn Tx, smaller: &str, larger: &str) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM shutdown_number s
               WHERE s.order_id = ?1 AND EXISTS (
                 SELECT 1 FROM shutdown_number o WHERE o.number_index = s.number_index AND o.order_id = ?2)
               LIMIT 1";
    Ok(!tx.query(sql, values![smaller, larger]).await?.is_empty())
}

/// Whether everything that a restoration is to let back is still off by that order: cut or being cut, let back by nobody,
/// and no other order's matter.
pub async fn all_off(tx: &mut dyn Tx, restoration: &str, original: &str) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM shutdown_number m
               WHERE m.order_id = ?1 AND m.state = 'PLANNED' AND NOT EXISTS (
                 SELECT 1 FROM shutdown_number s
                   JOIN shutdown_batch b ON b.order_id = s.order_id AND b.batch = s.batch
                 WHERE s.number_index = m.number_index AND s.order_id = ?2
                   AND b.batch > 0 AND b.release_time IS NOT NULL
                   AND (s.mvno_state <> 'PLANNED' OR s.carrier_state <> 'PLANNED')
                   AND s.number IS NOT NULL AND s.overruled_by IS NULL
                   AND s.state NOT IN ('RESTORING', 'RESTORED'))
               LIMIT 1";
    Ok(tx.query(sql, values![restoration, original]).await?.is_empty())
}

fn looked(rows: &[Row]) -> Result<Looked, StoreError> {
    let row = rows.first().ok_or_else(|| StoreError::inconsistent("line", "count", ""))?;
    Ok(Looked { lines: row.int(0)?, met: row.int(1)? })
}
