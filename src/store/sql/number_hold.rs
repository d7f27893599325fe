//! What orders keep stopped, by number: a line comes and goes, and what is ordered of its number stays.

use std::sync::LazyLock;

use super::{any, values};
use crate::{
    domain::{line::LineState, shutdown::NumberState},
    store::{Row, StoreError, Tx},
};

/// One order's hold of one number.
#[derive(Clone, Debug, PartialEq)]
pub struct Hold {
    /// Of which number.
    pub number_index: Vec<u8>,
    /// By which order.
    pub order_id: String,
    /// What its line is at least.
    pub state: LineState,
    /// What its line would be without any order.
    pub own: LineState,
}

/// A hold, as a restoration of its number finds it.
#[derive(Clone, Debug, PartialEq)]
pub struct Met {
    /// The number's place in the restoration.
    pub n: i64,
    /// The hold.
    pub hold: Hold,
    /// Whether the number was let back in that order already, or another one won it.
    pub over: bool,
}

/// Takes the numbers of a batch, or one of them. What the line would be without is kept once: what its ladder had stopped
/// is the ladder's matter.
pub async fn take(
    tx: &mut dyn Tx,
    order_id: &str,
    batch: i64,
    n: Option<i64>,
    state: LineState,
) -> Result<(), StoreError> {
    tx.send(
        "INSERT INTO number_hold (number_index, order_id, state, own)
         SELECT s.number_index, s.order_id, ?4, COALESCE(
           (SELECT MIN(h.own) FROM number_hold h WHERE h.number_index = s.number_index),
           (SELECT CASE
              WHEN l.state = 'ONE_WAY_STOP' AND l.ladder_step IN ('ONE_WAY_STOP', 'SECOND_NOTICE') THEN 'ACTIVE'
              WHEN l.state = 'TWO_WAY_STOP' AND l.ladder_step = 'TWO_WAY_STOP' THEN 'ACTIVE'
              ELSE l.state END
            FROM line l WHERE l.number_index = s.number_index AND l.end_time IS NULL),
           'ACTIVE')
         FROM shutdown_number s WHERE s.order_id = ?1 AND s.batch = ?2 AND (?3 < 0 OR s.n = ?3)
         ON CONFLICT (number_index, order_id) DO NOTHING",
        values![order_id, batch, n.unwrap_or(-1), state.as_str()],
    )
    .await
}

/// The holds of the numbers of a batch.
pub async fn met(tx: &mut dyn Tx, order_id: &str, batch: i64) -> Result<Vec<Met>, StoreError> {
    let rows = tx
        .query(
            "SELECT h.number_index, h.order_id, h.state, h.own, s.n, x.state, x.overruled_by
             FROM shutdown_number s
             JOIN number_hold h ON h.number_index = s.number_index
             LEFT JOIN shutdown_number x ON x.number_index = h.number_index AND x.order_id = h.order_id
             WHERE s.order_id = ?1 AND s.batch = ?2",
            values![order_id, batch],
        )
        .await?;
    let met = |row: &Row| {
        let over = row.opt_text(5)? == Some(NumberState::Restored.as_str()) || row.opt_text(6)?.is_some();
        Ok(Met { n: row.int(4)?, hold: sense(row)?, over })
    };
    rows.iter().map(|row| met(row).map_err(|error: StoreError| named(error, row))).collect()
}

/// Lets one number go.
pub async fn release(tx: &mut dyn Tx, number_index: &[u8], order_id: &str) -> Result<(), StoreError> {
    tx.send(
        "DELETE FROM number_hold WHERE number_index = ?1 AND order_id = ?2",
        values![number_index.to_vec(), order_id],
    )
    .await
}

/// The holds of one number. One whose number was let back, whoever executed that, is none any more.
pub async fn of(tx: &mut dyn Tx, number_index: &[u8]) -> Result<Vec<Hold>, StoreError> {
    let sql = "SELECT h.number_index, h.order_id, h.state, h.own FROM number_hold h
               JOIN shutdown_number s ON s.number_index = h.number_index AND s.order_id = h.order_id
               WHERE h.number_index = ?1 AND s.state <> 'RESTORED'";
    let rows = tx.query(sql, values![number_index.to_vec()]).await?;
    rows.iter().map(|row| sense(row).map_err(|error| named(error, row))).collect()
}

/// The same of many numbers at once.
pub async fn of_many(tx: &mut dyn Tx, numbers: &[[u8; 32]]) -> Result<Vec<Hold>, StoreError> {
    static SQL: LazyLock<&'static str> = LazyLock::new(|| {
        any::text(
            "SELECT h.number_index, h.order_id, h.state, h.own FROM number_hold h
             JOIN shutdown_number s ON s.number_index = h.number_index AND s.order_id = h.order_id
             WHERE s.state <> 'RESTORED' AND h.number_index IN ",
            0,
            "",
        )
    });
    let rows = any::query(tx, &SQL, &[], numbers).await?;
    rows.iter().map(|row| sense(row).map_err(|error| named(error, row))).collect()
}

/// What the number's line would be without any order is another now.
pub async fn set_own(tx: &mut dyn Tx, number_index: &[u8], own: LineState) -> Result<(), StoreError> {
    tx.send(
        "UPDATE number_hold SET own = ?2 WHERE number_index = ?1",
        values![number_index.to_vec(), own.as_str()],
    )
    .await
}

fn named(error: StoreError, row: &Row) -> StoreError {
    error.named("number_hold", "number_index, order_id, state, own", row.text(1).unwrap_or_default())
}

fn sense(row: &Row) -> Result<Hold, StoreError> {
    Ok(Hold {
        number_index: row.blob(0)?.to_vec(),
        order_id: row.text(1)?.to_owned(),
        state: row.word(2, LineState::parse)?,
        own: row.word(3, LineState::parse)?,
    })
}
