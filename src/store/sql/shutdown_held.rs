//! Numbers of orders that somebody else has got since the plan: found in bulk, and taken out of what goes.

use super::values;
use crate::{
    domain::shutdown::{Flags, ImpactFlag, NumberState, tenancy::Since},
    store::{
        Row, StoreError, Tx,
        sql::{
            shutdown::{self, BatchRow, OrderRow},
            shutdown_known::{self, Index},
        },
    },
};

/// A number that was to go, with a line that is not the one which its plan showed.
#[derive(Clone, Debug)]
pub struct Changed {
    /// In which batch.
    pub batch: i64,
    /// Its place in the list.
    pub n: i64,
    /// By which it is found.
    pub number_index: Index,
    /// The line that it has now.
    pub line: String,
    /// Since when, by that line and the end of the one before it.
    pub since: Since,
}

/// Those of an order up to a wave that were not released.
pub async fn changed(tx: &mut dyn Tx, order_id: &str, wave: i64) -> Result<Vec<Changed>, StoreError> {
    let rows = tx
        .query(
            "SELECT l.number_index, s.batch, s.n, l.id, l.start_time, l.record_time,
               (SELECT MAX(e.end_time) FROM line e
                WHERE e.number_index = s.number_index AND e.end_time IS NOT NULL)
             FROM shutdown_batch b
               JOIN shutdown_number s ON s.order_id = b.order_id AND s.batch = b.batch
               JOIN line l ON l.number_index = s.number_index AND l.end_time IS NULL
             WHERE b.order_id = ?1 AND b.batch > 0 AND b.wave <= ?2 AND b.release_time IS NULL
               AND s.state = 'PLANNED' AND (s.line IS NULL OR s.line <> l.id)
             ORDER BY s.batch, s.n",
            values![order_id, wave],
        )
        .await?;
    rows.iter().map(read).collect()
}

/// Takes them out of their batches: they go to nobody, and have the line that they have now.
pub async fn hold(tx: &mut dyn Tx, order: &OrderRow, numbers: &[Changed]) -> Result<(), StoreError> {
    let nobody = BatchRow {
        order_id: order.id.clone(),
        batch: 0,
        wave: 0,
        kind: order.kind,
        mvno: None,
        carrier: None,
        number_count: 0,
        release_time: None,
        scopes: None,
    };
    if shutdown::batch(tx, &order.id, 0).await?.is_none() {
        shutdown::add_batch(tx, &nobody).await?;
    }
    let flag = ImpactFlag::ReassignedSinceEvidence;
    for one in numbers {
        tx.send(
            "UPDATE shutdown_number SET batch = 0, state = ?4, code = ?5, flags = flags | ?6, line = ?7
             WHERE order_id = ?1 AND batch = ?2 AND n = ?3",
            values![
                order.id.as_str(),
                one.batch,
                one.n,
                NumberState::Held.as_str(),
                flag.as_str(),
                Flags::default().with(flag).bits(),
                one.line.as_str(),
            ],
        )
        .await?;
    }
    for group in numbers.chunk_by(|a, b| a.batch == b.batch) {
        let count = i64::try_from(group.len()).unwrap_or(i64::MAX);
        for (batch, more) in [(group[0].batch, -count), (0, count)] {
            tx.send(
                "UPDATE shutdown_batch SET number_count = number_count + ?3, tally = NULL
                 WHERE order_id = ?1 AND batch = ?2",
                values![order.id.as_str(), batch, more],
            )
            .await?;
        }
    }
    Ok(())
}

fn read(row: &Row) -> Result<Changed, StoreError> {
    let sense = || -> Result<Changed, StoreError> {
        Ok(Changed {
            number_index: shutdown_known::index(row)?,
            batch: row.int(1)?,
            n: row.int(2)?,
            line: row.text(3)?.to_owned(),
            since: Since { start: row.time(4)?, recorded: row.time(5)?, last_release: row.opt_time(6)? },
        })
    };
    sense().map_err(|error| {
        error.named("line", "number_index, batch, n, id, start_time, record_time, end_time", "")
    })
}
