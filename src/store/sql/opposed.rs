//! Numbers about which two orders want the opposite.

use super::values;
use crate::{
    domain::shutdown::{NumberState, Scopes},
    store::{
        Row, StoreError, Tx,
        sql::shutdown::{self, BatchRow, OrderRow},
    },
};

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
    /// What the other order cuts, or lets back.
    pub scopes: Scopes,
    /// Where the number is in the other order.
    pub state: NumberState,
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

/// The numbers of an order that are to be released, and that an order of the opposite kind in force is about, whatever
/// services that is about: a shutdown that is not undone, or a restoration that is not through. One that either side refused
/// may be in force at the other. The order that a restoration restores is none.
pub async fn of_order(tx: &mut dyn Tx, order: &OrderRow, opposite: &str) -> Result<Vec<Opposed>, StoreError> {
    let rows = tx
        .query(
            "SELECT m.batch, m.n, o.order_id, o.batch, o.n, COALESCE(b.scopes, r.scopes), o.state
             FROM shutdown_number m
               JOIN shutdown_number o ON o.number_index = m.number_index
               JOIN shutdown_order r ON r.id = o.order_id
               JOIN shutdown_batch b ON b.order_id = o.order_id AND b.batch = o.batch
             WHERE m.order_id = ?1 AND m.batch > 0 AND m.state = 'PLANNED' AND o.order_id <> ?1 AND o.order_id <> ?2
               AND o.batch > 0 AND o.overruled_by IS NULL AND r.kind = ?3 AND r.drill = ?4
               AND (r.state IN ('IN_PROGRESS', 'HALTED') OR r.kind = 'SHUTDOWN' AND o.state <> 'PLANNED')
               AND (o.state IN ('PLANNED', 'RELEASED', 'DELIVERED', 'ACKED', 'EXECUTED', 'VERIFIED', 'DIVERGED', 'OVERDUE')
                 OR o.state IN ('REFUSED', 'FAILED') AND r.kind = 'SHUTDOWN'
                   AND (o.mvno_state NOT IN ('PLANNED', 'REFUSED', 'FAILED')
                     OR o.carrier_state NOT IN ('PLANNED', 'REFUSED', 'FAILED')))
             ORDER BY o.order_id, o.batch, o.n",
            values![
                order.id.as_str(),
                order.restores.as_deref().unwrap_or(""),
                opposite,
                i64::from(order.drill),
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
            scopes: Scopes::from_bits(row.int(5)?),
            state: row.word(6, NumberState::parse)?,
        })
    };
    rows.iter().map(opposed).collect()
}

/// The numbers of a restoration that the order which it restores did not cut itself, but found off.
pub async fn found_off(tx: &mut dyn Tx, restoration: &OrderRow) -> Result<Vec<i64>, StoreError> {
    let sql = "SELECT m.n FROM shutdown_number m
                 JOIN shutdown_number s ON s.number_index = m.number_index AND s.order_id = ?2
                 JOIN shutdown_batch b ON b.order_id = s.order_id AND b.batch = s.batch
               WHERE m.order_id = ?1 AND m.state = 'PLANNED' AND b.kind = 'VERIFY' ORDER BY m.n";
    let restores = restoration.restores.as_deref().unwrap_or("");
    let rows = tx.query(sql, values![restoration.id.as_str(), restores]).await?;
    rows.iter().map(|row| row.int(0)).collect()
}

/// Puts numbers of a batch that was not released into one of their own, with other scopes.
pub async fn set_apart(
    tx: &mut dyn Tx,
    order_id: &str,
    batch: i64,
    ns: &[i64],
    scopes: Scopes,
) -> Result<(), StoreError> {
    let batches = shutdown::batches(tx, order_id).await?;
    let next = batches.iter().map(|batch| batch.batch).max().unwrap_or(0) + 1;
    let from = batches.into_iter().find(|from| from.batch == batch);
    let from = from.ok_or_else(|| StoreError::inconsistent("shutdown_batch", "batch", order_id))?;
    let count = i64::try_from(ns.len()).unwrap_or(i64::MAX);
    let apart = BatchRow { batch: next, number_count: count, scopes: Some(scopes), ..from };
    shutdown::add_batch(tx, &apart).await?;
    for n in ns {
        tx.send(
            "UPDATE shutdown_number SET batch = ?4 WHERE order_id = ?1 AND batch = ?2 AND n = ?3",
            values![order_id, batch, *n, next],
        )
        .await?;
    }
    tx.send(
        "UPDATE shutdown_batch SET number_count = number_count - ?3, tally = NULL WHERE order_id = ?1 AND batch = ?2",
        values![order_id, batch, count],
    )
    .await
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
