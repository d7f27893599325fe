//! Where the numbers of batches are. Those at the same place move together, in one statement.

use std::sync::LazyLock;

use super::{any, values};
use crate::{
    domain::{
        caller::Class,
        command::{
            fold::{self, Place},
            tally::{self, Tally},
            wave::Wave,
        },
        name::ParticipantName,
        shutdown::{NumberState, Scopes, Side},
        time::Time,
    },
    store::{Row, StoreError, Tx, sql::shutdown::OrderRow},
};

/// Numbers of a batch.
#[derive(Clone, Copy, Debug)]
pub struct Chosen<'a> {
    /// Of which order.
    pub order_id: &'a str,
    /// In which batch.
    pub batch: i64,
    /// These; `None` for all of them.
    pub ns: Option<&'a [i64]>,
}

/// What a move leaves beside the place.
#[derive(Clone, Copy, Debug)]
pub struct Left<'a> {
    /// Why.
    pub code: Option<&'a str>,
    /// The order that won.
    pub overruled_by: Option<&'a str>,
    /// When.
    pub now: Time,
}

/// How many of them are at each place. Those of a whole batch are counted only where nobody has kept the count.
pub async fn tally(tx: &mut dyn Tx, chosen: Chosen<'_>) -> Result<Tally, StoreError> {
    const ALL: &str = "SELECT state, mvno_state, carrier_state, COUNT(*) FROM shutdown_number
        WHERE order_id = ?1 AND batch = ?2 GROUP BY state, mvno_state, carrier_state";
    static SOME: LazyLock<&'static str> = LazyLock::new(|| {
        let before = "SELECT state, mvno_state, carrier_state, COUNT(*) FROM shutdown_number
            WHERE order_id = ?1 AND batch = ?2 AND n IN ";
        any::text(before, 2, " GROUP BY state, mvno_state, carrier_state")
    });
    let own = values![chosen.order_id, chosen.batch];
    let rows = match chosen.ns {
        None => {
            let kept = "SELECT tally FROM shutdown_batch WHERE order_id = ?1 AND batch = ?2";
            let kept = tx.query(kept, own).await?;
            if let Some(row) = kept.first()
                && row.opt_text(0)?.is_some()
            {
                return row
                    .word(0, tally::parse)
                    .map_err(|error| error.named("shutdown_batch", "tally", chosen.order_id));
            }
            tx.query(ALL, own).await?
        }
        Some(ns) => any::query_ints(tx, &SOME, own, ns).await?,
    };
    let mut tally = Tally::new();
    for row in &rows {
        let (place, count) =
            read(row).map_err(|error| error.named("shutdown_number", PLACE, chosen.order_id))?;
        // Of a long list each part is counted by itself.
        tally::add(&mut tally, place, count);
    }
    Ok(tally)
}

/// Moves those of them that are at one place to another. What was counted of their batch is no longer so.
pub async fn shift(
    tx: &mut dyn Tx,
    chosen: Chosen<'_>,
    from: Place,
    to: Place,
    left: Left<'_>,
) -> Result<(), StoreError> {
    shift_uncounted(tx, chosen, from, to, left).await?;
    forget(tx, chosen.order_id, chosen.batch).await
}

/// The same by whoever keeps the count of the batch in the same transaction.
pub async fn shift_uncounted(
    tx: &mut dyn Tx,
    chosen: Chosen<'_>,
    from: Place,
    to: Place,
    left: Left<'_>,
) -> Result<(), StoreError> {
    const ALL: &str = "UPDATE shutdown_number SET state = ?6, mvno_state = ?7, carrier_state = ?8,
          code = COALESCE(?9, code), overruled_by = COALESCE(?10, overruled_by),
          execute_time = COALESCE(execute_time, ?11), verify_time = COALESCE(verify_time, ?12)
        WHERE order_id = ?1 AND batch = ?2 AND state = ?3 AND mvno_state = ?4 AND carrier_state = ?5";
    static SOME: LazyLock<&'static str> = LazyLock::new(|| any::text(&format!("{ALL} AND n IN "), 12, ""));
    let executed = fold::is_executed(to.state) && !fold::is_executed(from.state);
    let verified = matches!(to.carrier, NumberState::Verified | NumberState::Diverged);
    let own = values![
        chosen.order_id,
        chosen.batch,
        from.state.as_str(),
        from.mvno.as_str(),
        from.carrier.as_str(),
        to.state.as_str(),
        to.mvno.as_str(),
        to.carrier.as_str(),
        left.code,
        left.overruled_by,
        executed.then_some(left.now),
        verified.then_some(left.now),
    ];
    match chosen.ns {
        None => tx.send(ALL, own).await,
        Some(ns) => any::send_ints(tx, &SOME, own, ns).await,
    }
}

/// Those of a batch that are in one state.
pub async fn at(
    tx: &mut dyn Tx,
    order_id: &str,
    batch: i64,
    state: NumberState,
) -> Result<Vec<i64>, StoreError> {
    let sql = "SELECT n FROM shutdown_number WHERE order_id = ?1 AND batch = ?2 AND state = ?3 ORDER BY n";
    tx.query(sql, values![order_id, batch, state.as_str()]).await?.iter().map(|row| row.int(0)).collect()
}

/// Every number of a batch: its place in the list, by what it is found, and where it is.
pub async fn each(
    tx: &mut dyn Tx,
    order_id: &str,
    batch: i64,
) -> Result<Vec<(i64, Vec<u8>, Place)>, StoreError> {
    let rows = tx
        .query(
            "SELECT n, number_index, state, mvno_state, carrier_state FROM shutdown_number
             WHERE order_id = ?1 AND batch = ?2",
            values![order_id, batch],
        )
        .await?;
    let one = |row: &Row| Ok((row.int(0)?, row.blob(1)?.to_vec(), place(row, 2)?));
    rows.iter().map(one).collect()
}

/// Batches that were released to a receiver by real orders to shut down, after that one: what may be off there.
pub async fn released_to(
    tx: &mut dyn Tx,
    receiver: &ParticipantName,
    after: (&str, i64),
    limit: i64,
) -> Result<Vec<(String, i64, Scopes)>, StoreError> {
    const MVNO: &str = "SELECT b.order_id, b.batch, o.scopes FROM shutdown_batch b
        JOIN shutdown_order o ON o.id = b.order_id
        WHERE b.mvno = ?1 AND (b.order_id > ?2 OR (b.order_id = ?2 AND b.batch > ?3)) AND b.batch > 0
          AND b.release_time IS NOT NULL AND o.kind = 'SHUTDOWN' AND o.drill = 0
        ORDER BY b.order_id, b.batch LIMIT ?4";
    const CARRIER: &str = "SELECT b.order_id, b.batch, o.scopes FROM shutdown_batch b
        JOIN shutdown_order o ON o.id = b.order_id
        WHERE b.carrier = ?1 AND (b.order_id > ?2 OR (b.order_id = ?2 AND b.batch > ?3)) AND b.batch > 0
          AND b.release_time IS NOT NULL AND o.kind = 'SHUTDOWN' AND o.drill = 0
        ORDER BY b.order_id, b.batch LIMIT ?4";
    let sql = if receiver.class == Class::Mvno { MVNO } else { CARRIER };
    let rows = tx.query(sql, values![receiver, after.0, after.1, limit]).await?;
    let one = |row: &Row| Ok((row.text(0)?.to_owned(), row.int(1)?, Scopes::from_bits(row.int(2)?)));
    rows.iter().map(one).collect()
}

/// The sealed numbers of a batch after that place in the list which that side is to keep off.
pub async fn kept_off(
    tx: &mut dyn Tx,
    order_id: &str,
    batch: i64,
    side: Side,
    after: i64,
) -> Result<Vec<(i64, Vec<u8>)>, StoreError> {
    const MVNO: &str = "SELECT n, number FROM shutdown_number
        WHERE order_id = ?1 AND batch = ?2 AND n > ?3 AND number IS NOT NULL
          AND mvno_state NOT IN ('PLANNED', 'REFUSED', 'FAILED') AND state NOT IN ('RESTORING', 'RESTORED')
          AND overruled_by IS NULL ORDER BY n";
    const CARRIER: &str = "SELECT n, number FROM shutdown_number
        WHERE order_id = ?1 AND batch = ?2 AND n > ?3 AND number IS NOT NULL
          AND carrier_state NOT IN ('PLANNED', 'REFUSED', 'FAILED') AND state NOT IN ('RESTORING', 'RESTORED')
          AND overruled_by IS NULL ORDER BY n";
    let sql = match side {
        Side::Mvno => MVNO,
        Side::Carrier => CARRIER,
    };
    let rows = tx.query(sql, values![order_id, batch, after]).await?;
    rows.iter().map(|row| Ok((row.int(0)?, row.blob(1)?.to_vec()))).collect()
}

/// Keeps how many of a batch are at each place.
pub async fn keep(
    tx: &mut dyn Tx,
    order_id: &str,
    batch: i64,
    tally: &[(Place, i64)],
) -> Result<(), StoreError> {
    tx.send(
        "UPDATE shutdown_batch SET tally = ?3 WHERE order_id = ?1 AND batch = ?2",
        values![order_id, batch, tally::text(tally)],
    )
    .await
}

/// Numbers of a batch were moved, and not counted.
pub async fn forget(tx: &mut dyn Tx, order_id: &str, batch: i64) -> Result<(), StoreError> {
    tx.send(
        "UPDATE shutdown_batch SET tally = NULL WHERE order_id = ?1 AND batch = ?2 AND tally IS NOT NULL",
        values![order_id, batch],
    )
    .await
}

/// Keeps the counts of a batch.
pub async fn count(
    tx: &mut dyn Tx,
    order_id: &str,
    batch: i64,
    tally: &[(Place, i64)],
) -> Result<(), StoreError> {
    let sum = |of: fn(NumberState) -> bool| -> i64 {
        tally.iter().filter(|(place, _)| of(place.state)).map(|(_, count)| count).sum()
    };
    tx.send(
        "UPDATE shutdown_batch SET executed_count = ?3, failed_count = ?4, final_count = ?5, tally = ?6
         WHERE order_id = ?1 AND batch = ?2",
        values![
            order_id,
            batch,
            sum(fold::is_executed),
            sum(fold::is_bad),
            sum(fold::is_final),
            tally::text(tally)
        ],
    )
    .await
}

/// How far the batches of an order are that were released, by wave; without what was forgiven of them.
pub async fn waves(tx: &mut dyn Tx, order_id: &str) -> Result<Vec<(i64, Wave)>, StoreError> {
    let rows = tx
        .query(
            "SELECT wave, CAST(SUM(number_count - forgiven_count) AS BIGINT), CAST(SUM(executed_count) AS BIGINT),
               CAST(SUM(failed_count - forgiven_count) AS BIGINT)
             FROM shutdown_batch WHERE order_id = ?1 AND batch > 0 AND release_time IS NOT NULL
             GROUP BY wave ORDER BY wave",
            values![order_id],
        )
        .await?;
    let wave = |row: &Row| Ok((row.int(0)?, Wave::default().with(row.int(1)?, row.int(2)?, row.int(3)?)));
    rows.iter().map(wave).collect()
}

/// What was refused or failed so far of an order is not held against it any more.
pub async fn forgive(tx: &mut dyn Tx, order_id: &str) -> Result<(), StoreError> {
    tx.send(
        "UPDATE shutdown_batch SET forgiven_count = failed_count
         WHERE order_id = ?1 AND batch > 0 AND failed_count <> forgiven_count",
        values![order_id],
    )
    .await
}

/// What is left of an order: how many of its batches were not released, and how many of the numbers that go somewhere
/// are not final.
pub async fn left(tx: &mut dyn Tx, order_id: &str) -> Result<(i64, i64), StoreError> {
    let rows = tx
        .query(
            "SELECT COUNT(*) - COUNT(release_time), CAST(COALESCE(SUM(number_count - final_count), 0) AS BIGINT)
             FROM shutdown_batch WHERE order_id = ?1 AND batch > 0",
            values![order_id],
        )
        .await?;
    let row = rows.first().ok_or_else(|| StoreError::inconsistent("shutdown_batch", "count", order_id))?;
    Ok((row.int(0)?, row.int(1)?))
}

/// The numbers of another order that are in this batch too, or those of them that are in one state here: by their batch
/// there.
pub async fn same_numbers(
    tx: &mut dyn Tx,
    order_id: &str,
    batch: i64,
    other: &str,
    at: Option<NumberState>,
) -> Result<Vec<(i64, Vec<i64>)>, StoreError> {
    let rows = tx
        .query(
            "SELECT o.batch, o.n FROM shutdown_number m
               JOIN shutdown_number o ON o.number_index = m.number_index AND o.order_id = ?3
             WHERE m.order_id = ?1 AND m.batch = ?2 AND (?4 = '' OR m.state = ?4) ORDER BY o.batch, o.n",
            values![order_id, batch, other, at.map_or("", NumberState::as_str)],
        )
        .await?;
    by_batch(&rows)
}

/// The numbers of another order that are in this batch too, and that were overtaken by it in a batch of a restoration: by
/// their batch there.
pub async fn overtaken(
    tx: &mut dyn Tx,
    order_id: &str,
    batch: i64,
    (restoration, at): (&str, i64),
    other: &str,
) -> Result<Vec<(i64, Vec<i64>)>, StoreError> {
    let rows = tx
        .query(
            "SELECT o.batch, o.n FROM shutdown_number m
               JOIN shutdown_number z ON z.number_index = m.number_index AND z.order_id = ?3 AND z.batch = ?4
               JOIN shutdown_number o ON o.number_index = m.number_index AND o.order_id = ?5
             WHERE m.order_id = ?1 AND m.batch = ?2 AND z.overruled_by = ?1 ORDER BY o.batch, o.n",
            values![order_id, batch, restoration, at, other],
        )
        .await?;
    by_batch(&rows)
}

fn by_batch(rows: &[Row]) -> Result<Vec<(i64, Vec<i64>)>, StoreError> {
    let mut found: Vec<(i64, Vec<i64>)> = Vec::new();
    for row in rows {
        let (batch, n) = (row.int(0)?, row.int(1)?);
        match found.last_mut().filter(|(last, _)| *last == batch) {
            Some((_, ns)) => ns.push(n),
            None => found.push((batch, vec![n])),
        }
    }
    Ok(found)
}

/// The orders whose numbers a batch of a restoration lets back: the one that it restores, and those that it won over.
/// The youngest first.
pub async fn lets_back(
    tx: &mut dyn Tx,
    restoration: &OrderRow,
    batch: i64,
) -> Result<Vec<String>, StoreError> {
    let rows = tx
        .query(
            "SELECT DISTINCT o.order_id FROM shutdown_number m
               JOIN shutdown_number o ON o.number_index = m.number_index
             WHERE m.order_id = ?1 AND m.batch = ?2 AND o.overruled_by = ?1 AND o.order_id <> ?1
             ORDER BY o.order_id DESC",
            values![restoration.id.as_str(), batch],
        )
        .await?;
    let mut ids = rows.iter().map(|row| row.text(0).map(str::to_owned)).collect::<Result<Vec<_>, _>>()?;
    ids.extend(restoration.restores.clone());
    ids.sort_unstable_by(|a, b| b.cmp(a));
    ids.dedup();
    Ok(ids)
}

/// Orders of restoration that are letting numbers of this batch back at this moment.
pub async fn restoring(tx: &mut dyn Tx, order_id: &str, batch: i64) -> Result<Vec<String>, StoreError> {
    let rows = tx
        .query(
            "SELECT DISTINCT o.order_id FROM shutdown_number m
               JOIN shutdown_number o ON o.number_index = m.number_index
               JOIN shutdown_order r ON r.id = o.order_id
             WHERE m.order_id = ?1 AND m.batch = ?2 AND o.order_id <> ?1 AND r.kind = 'RESTORE'
               AND o.mvno_state <> 'PLANNED' AND o.state IN ('RELEASED', 'DELIVERED', 'ACKED', 'EXECUTED', 'OVERDUE')
             ORDER BY o.order_id DESC",
            values![order_id, batch],
        )
        .await?;
    rows.iter().map(|row| row.text(0).map(str::to_owned)).collect()
}

const PLACE: &str = "state, mvno_state, carrier_state, count";

fn read(row: &Row) -> Result<(Place, i64), StoreError> {
    Ok((place(row, 0)?, row.int(3)?))
}

fn place(row: &Row, at: usize) -> Result<Place, StoreError> {
    let word = |at| row.word(at, NumberState::parse);
    Ok(Place { state: word(at)?, mvno: word(at + 1)?, carrier: word(at + 2)? })
}

// === impl Chosen ===

impl<'a> Chosen<'a> {
    /// All numbers of a batch.
    pub fn all(order_id: &'a str, batch: i64) -> Self {
        Self { order_id, batch, ns: None }
    }
}

// === impl Left ===

impl Left<'_> {
    /// Nothing but the time.
    pub fn at(now: Time) -> Self {
        Self { code: None, overruled_by: None, now }
    }
}
