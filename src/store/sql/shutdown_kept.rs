//! Orders whose time to be kept is over.

use super::values;
use crate::{
    domain::time::Time,
    store::{StoreError, Tx},
};

/// One order that ended before that moment, with everything about its numbers: none of them is under way, held on a line
/// that lives, or under appeal; no order let any back since, and no outbox has a command of it any more.
pub async fn to_erase(tx: &mut dyn Tx, before: Time) -> Result<Option<String>, StoreError> {
    let rows = tx
        .query(
            "SELECT o.id FROM shutdown_order o
             WHERE o.erase_time IS NULL AND o.state IN ('COMPLETED', 'PARTIAL', 'CANCELLED', 'EXPIRED')
               AND o.update_time < ?1
               AND NOT EXISTS (SELECT 1 FROM shutdown_batch b
                 WHERE b.order_id = o.id AND b.batch > 0 AND b.release_time IS NOT NULL
                   AND b.final_count < b.number_count)
               AND NOT EXISTS (SELECT 1 FROM shutdown_number s
                 WHERE s.order_id = o.id AND (s.verify_time >= ?1 OR s.state = 'RESTORING'))
               AND NOT EXISTS (SELECT 1 FROM command c WHERE c.order_id = o.id)
               AND NOT EXISTS (SELECT 1 FROM appeal a
                 WHERE a.order_id = o.id AND (a.state = 'OPEN' OR a.decide_time >= ?1))
               AND NOT EXISTS (SELECT 1 FROM shutdown_order r WHERE r.restores = o.id AND r.update_time >= ?1)
               AND NOT EXISTS (SELECT 1 FROM number_hold h
                 JOIN line l ON l.number_index = h.number_index AND l.end_time IS NULL WHERE h.order_id = o.id)
             ORDER BY o.update_time LIMIT 1 FOR UPDATE",
            values![before],
        )
        .await?;
    rows.first().map(|row| row.text(0).map(str::to_owned)).transpose()
}

/// Takes from an order what is personal: its key, its numbers, and what was said in its appeals. How many numbers and how
/// many statements there were.
pub async fn erase(tx: &mut dyn Tx, id: &str, now: Time) -> Result<(u64, u64), StoreError> {
    tx.send(
        "UPDATE shutdown_order SET wrapped_key = ?2, kek_id = ?2, erase_time = ?3 WHERE id = ?1",
        values![id, Vec::<u8>::new(), now],
    )
    .await?;
    let numbers = tx
        .execute(
            "UPDATE shutdown_number SET number = NULL WHERE order_id = ?1 AND number IS NOT NULL",
            values![id],
        )
        .await?;
    let statements = tx
        .execute(
            "UPDATE appeal SET statement = NULL WHERE order_id = ?1 AND statement IS NOT NULL",
            values![id],
        )
        .await?;
    Ok((numbers, statements))
}
