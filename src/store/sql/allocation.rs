//! Blocks of numbers. One holder at a time is the schema's rule: a unique key over the blocks not returned. A block's row
//! is where plans about its numbers and lines that begin in it meet.

use std::sync::LazyLock;

use super::{any, values};
use crate::{
    domain::{allocation::Allocation, name::ParticipantName, time::Time},
    store::{Row, StoreError, Tx},
};

/// Adds an allocation; `Duplicate` where the block is held.
pub async fn add(tx: &mut dyn Tx, allocation: &Allocation) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO allocation (id, prefix, mvno, carrier, allocate_time, return_time, allocated_by, reason)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        values![
            allocation.id.as_str(),
            allocation.prefix.as_str(),
            &allocation.mvno,
            &allocation.carrier,
            allocation.allocate_time,
            allocation.return_time,
            allocation.allocated_by.as_str(),
            allocation.reason.as_str(),
        ],
    )
    .await
    .map(drop)
}

/// Ends an allocation.
pub async fn return_(tx: &mut dyn Tx, id: &str, now: Time) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE allocation SET return_time = ?2 WHERE id = ?1 AND return_time IS NULL",
        values![id, now],
    )
    .await
    .map(drop)
}

/// Who holds a block.
pub async fn lookup_active(tx: &mut dyn Tx, prefix: &str) -> Result<Option<Allocation>, StoreError> {
    let rows = tx
        .query(
            "SELECT id, prefix, mvno, carrier, allocate_time, return_time, allocated_by, reason
             FROM allocation WHERE prefix = ?1 AND return_time IS NULL",
            values![prefix],
        )
        .await?;
    rows.first().map(read).transpose()
}

/// Whether an MVNO holds a block; whoever plans about its numbers waits until this transaction ends.
pub async fn is_held(tx: &mut dyn Tx, mvno: &ParticipantName, prefix: &str) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM allocation WHERE prefix = ?1 AND mvno = ?2 AND return_time IS NULL FOR SHARE";
    Ok(!tx.query(sql, values![prefix, mvno]).await?.is_empty())
}

/// The same for many blocks: those of them that the MVNO holds.
pub async fn held(
    tx: &mut dyn Tx,
    mvno: &ParticipantName,
    prefixes: &[&str],
) -> Result<Vec<String>, StoreError> {
    static SQL: LazyLock<&'static str> = LazyLock::new(|| {
        const BEFORE: &str = "SELECT prefix, mvno FROM allocation WHERE return_time IS NULL AND prefix IN ";
        any::text(BEFORE, 0, " ORDER BY prefix FOR SHARE")
    });
    let mut held = Vec::new();
    for row in any::query_texts(tx, &SQL, prefixes).await? {
        if row.participant(1)? == *mvno {
            held.push(row.text(0)?.to_owned());
        }
    }
    Ok(held)
}

/// Waits for whoever begins a line in these blocks, and lets nobody begin one until this transaction ends: of a plan and a
/// line the later one sees the earlier. In the order of their prefixes.
pub async fn lock(tx: &mut dyn Tx, prefixes: &[&str]) -> Result<(), StoreError> {
    static SQL: LazyLock<&'static str> = LazyLock::new(|| {
        const BEFORE: &str = "SELECT prefix FROM allocation WHERE return_time IS NULL AND prefix IN ";
        any::text(BEFORE, 0, " ORDER BY prefix FOR UPDATE")
    });
    any::query_texts(tx, &SQL, prefixes).await.map(drop)
}

/// How many blocks an MVNO holds.
pub async fn count_active(tx: &mut dyn Tx, mvno: &ParticipantName) -> Result<i64, StoreError> {
    let sql = "SELECT COUNT(*) FROM allocation WHERE mvno = ?1 AND return_time IS NULL";
    let rows = tx.query(sql, values![mvno]).await?;
    rows.first().ok_or_else(|| StoreError::inconsistent("allocation", "count", ""))?.int(0)
}

/// How many allocations there ever were, and how many of them are in force. None is ever taken out of the record, and one
/// that was returned stays so: where both are as they were, every block is whose it was.
pub async fn counts(tx: &mut dyn Tx) -> Result<(i64, i64), StoreError> {
    let all = "SELECT COUNT(*) FROM allocation";
    let active = "SELECT COUNT(*) FROM allocation WHERE return_time IS NULL";
    let rows = tx.query_all(&[(all, vec![]), (active, vec![])]).await?;
    let count = |at: usize| {
        let row = rows.get(at).and_then(|rows| rows.first());
        row.ok_or_else(|| StoreError::inconsistent("allocation", "count", ""))?.int(0)
    };
    Ok((count(0)?, count(1)?))
}

/// Allocations after an id, in the order of allocation, of one MVNO or carrier or of all.
pub async fn list(
    tx: &mut dyn Tx,
    mvno: Option<&ParticipantName>,
    carrier: Option<&ParticipantName>,
    after: &str,
    limit: i64,
) -> Result<Vec<Allocation>, StoreError> {
    let text = |name: Option<&ParticipantName>| name.map_or_else(String::new, ToString::to_string);
    let rows = tx
        .query(
            "SELECT id, prefix, mvno, carrier, allocate_time, return_time, allocated_by, reason
             FROM allocation
             WHERE (?1 = '' OR mvno = ?1) AND (?2 = '' OR carrier = ?2) AND id > ?3 ORDER BY id LIMIT ?4",
            values![text(mvno), text(carrier), after, limit],
        )
        .await?;
    rows.iter().map(read).collect()
}

/// What every query here selects.
const COLUMNS: &str = "id, prefix, mvno, carrier, allocate_time, return_time, allocated_by, reason";

fn read(row: &Row) -> Result<Allocation, StoreError> {
    sense(row).map_err(|error| error.named("allocation", COLUMNS, row.text(0).unwrap_or_default()))
}

fn sense(row: &Row) -> Result<Allocation, StoreError> {
    Ok(Allocation {
        id: row.text(0)?.to_owned(),
        prefix: row.text(1)?.to_owned(),
        mvno: row.participant(2)?,
        carrier: row.participant(3)?,
        allocate_time: row.time(4)?,
        return_time: row.opt_time(5)?,
        allocated_by: row.text(6)?.to_owned(),
        reason: row.text(7)?.to_owned(),
    })
}
