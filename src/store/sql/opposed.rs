//! Numbers about which two orders want the opposite.

use super::values;
use crate::store::{Row, StoreError, Tx, sql::shutdown::OrderRow};

/// One number in two orders.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Opposed {
    /// Its batch in the order that asks.
    pub batch: i64,
    /// Its place there.
    pub n: i64,
    /// The other order.
    pub order_id: String,
    /// Its batch there.
    pub other_batch: i64,
    /// Its place there.
    pub other_n: i64,
}

/// Whether a restoration is under way at all: a shutdown need not look number by number where none is.
pub async fn any_restoration(tx: &mut dyn Tx) -> Result<bool, StoreError> {
    let sql =
        "SELECT 1 FROM shutdown_order WHERE kind = 'RESTORE' AND state IN ('IN_PROGRESS', 'HALTED') LIMIT 1";
    Ok(!tx.query(sql, values![]).await?.is_empty())
}

/// Whether any restoration may have numbers at its receivers: one that was cancelled has those that were out.
pub async fn any_restoration_out(tx: &mut dyn Tx) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM shutdown_order WHERE kind = 'RESTORE' AND state IN ('IN_PROGRESS', 'HALTED')
               UNION ALL
               SELECT 1 FROM shutdown_order WHERE kind = 'RESTORE' AND state = 'CANCELLED' AND erase_time IS NULL
                 AND state IN ('COMPLETED', 'PARTIAL', 'CANCELLED', 'EXPIRED')
               LIMIT 1";
    Ok(!tx.query(sql, values![]).await?.is_empty())
}

/// The numbers of an order that are to be released, and that an opposite order in force is about: a shutdown that is not
/// undone, or a restoration that is not through. The order that a restoration restores is none; nor is one about other
/// services.
pub async fn of_order(tx: &mut dyn Tx, order: &OrderRow, opposite: &str) -> Result<Vec<Opposed>, StoreError> {
    let rows = tx
        .query(
            "SELECT m.batch, m.n, o.order_id, o.batch, o.n FROM shutdown_number m
               JOIN shutdown_number o ON o.number_index = m.number_index
               JOIN shutdown_order r ON r.id = o.order_id
             WHERE m.order_id = ?1 AND m.batch > 0 AND m.state = 'PLANNED' AND o.order_id <> ?1 AND o.order_id <> ?2
               AND o.batch > 0 AND o.overruled_by IS NULL AND r.kind = ?3 AND r.drill = ?4 AND r.scopes & ?5 <> 0
               AND (r.state IN ('IN_PROGRESS', 'HALTED') OR r.kind = 'SHUTDOWN' AND o.state <> 'PLANNED')
               AND o.state IN ('PLANNED', 'RELEASED', 'DELIVERED', 'ACKED', 'EXECUTED', 'VERIFIED', 'DIVERGED', 'OVERDUE')
             ORDER BY o.order_id, o.batch, o.n",
            values![
                order.id.as_str(),
                order.restores.as_deref().unwrap_or(""),
                opposite,
                i64::from(order.drill),
                order.scopes.bits(),
            ],
        )
        .await?;
    let opposed = |row: &Row| {
        Ok(Opposed {
            batch: row.int(0)?,
            n: row.int(1)?,
            order_id: row.text(2)?.to_owned(),
            other_batch: row.int(3)?,
            other_n: row.int(4)?,
        })
    };
    rows.iter().map(opposed).collect()
}

/// A restoration gave way to an order that wants numbers of it off: the order that it restores has no say in them any
/// more.
pub async fn yield_to(
    tx: &mut dyn Tx,
    restoration: &OrderRow,
    (batch, n): (i64, i64),
    winner: &str,
) -> Result<(), StoreError> {
    let restores = restoration.restores.as_deref().unwrap_or("");
    tx.send(
        "UPDATE shutdown_number SET overruled_by = ?4 WHERE order_id = ?5 AND number_index = (
           SELECT number_index FROM shutdown_number WHERE order_id = ?1 AND batch = ?2 AND n = ?3)",
        values![restoration.id.as_str(), batch, n, winner, restores],
    )
    .await?;
    tx.send(
        "DELETE FROM number_hold WHERE order_id = ?4 AND number_index = (
           SELECT number_index FROM shutdown_number WHERE order_id = ?1 AND batch = ?2 AND n = ?3)",
        values![restoration.id.as_str(), batch, n, restores],
    )
    .await
}

/// Orders whose numbers in this batch a restoration won.
pub async fn overruled(tx: &mut dyn Tx, order_id: &str, batch: i64) -> Result<Vec<String>, StoreError> {
    let rows = tx
        .query(
            "SELECT DISTINCT o.order_id FROM shutdown_number m
               JOIN shutdown_number o ON o.number_index = m.number_index AND o.overruled_by = m.order_id
             WHERE m.order_id = ?1 AND m.batch = ?2 ORDER BY o.order_id",
            values![order_id, batch],
        )
        .await?;
    rows.iter().map(|row| row.text(0).map(str::to_owned)).collect()
}
