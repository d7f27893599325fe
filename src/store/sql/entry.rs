//! Entries of the ledger: appended, never changed. `leaf_index` waits for the tree.

use super::values;
use crate::{
    domain::entry::{Entry, EntryKind},
    store::{Row, StoreError, Tx},
};

/// Appends an entry.
pub async fn append(tx: &mut dyn Tx, entry: &Entry) -> Result<(), StoreError> {
    tx.send(
        "INSERT INTO entry (entry_id, kind, entry_time, caller, certificate_sha256, method, subject,
           request_sha256, outcome, detail, revision)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        values![
            entry.entry_id.as_str(),
            entry.kind.as_str(),
            entry.entry_time,
            entry.caller.as_str(),
            entry.certificate_sha256.as_str(),
            entry.method.as_str(),
            entry.subject.as_str(),
            entry.request_sha256.as_str(),
            entry.outcome.as_str(),
            entry.detail.as_str(),
            entry.revision,
        ],
    )
    .await
}

/// Entries after a place in the order of record, each with its place.
pub async fn list_after(tx: &mut dyn Tx, seq: i64, limit: i64) -> Result<Vec<(i64, Entry)>, StoreError> {
    let rows = tx
        .query(
            "SELECT seq, entry_id, kind, entry_time, caller, certificate_sha256, method, subject,
               request_sha256, outcome, detail, revision
             FROM entry WHERE seq > ?1 ORDER BY seq LIMIT ?2",
            values![seq, limit],
        )
        .await?;
    rows.iter().map(read).collect()
}

/// How many entries there are.
pub async fn count(tx: &mut dyn Tx) -> Result<i64, StoreError> {
    let rows = tx.query("SELECT COUNT(*) FROM entry", values![]).await?;
    rows.first().ok_or_else(|| StoreError::inconsistent("entry", "count", ""))?.int(0)
}

/// What every query here selects.
const COLUMNS: &str = "seq, entry_id, kind, entry_time, caller, certificate_sha256, method, subject,
  request_sha256, outcome, detail, revision";

fn read(row: &Row) -> Result<(i64, Entry), StoreError> {
    let read = || Ok((row.int(0)?, sense(row)?));
    read().map_err(|error: StoreError| error.named("entry", COLUMNS, row.text(1).unwrap_or_default()))
}

fn sense(row: &Row) -> Result<Entry, StoreError> {
    let text = |at| row.text(at).map(str::to_owned);
    Ok(Entry {
        entry_id: text(1)?,
        kind: row.word(2, EntryKind::parse)?,
        entry_time: row.time(3)?,
        caller: text(4)?,
        certificate_sha256: text(5)?,
        method: text(6)?,
        subject: text(7)?,
        request_sha256: text(8)?,
        outcome: text(9)?,
        detail: text(10)?,
        revision: row.opt_int(11)?,
    })
}
