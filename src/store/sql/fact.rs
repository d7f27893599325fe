//! Facts: appended, never changed.

use super::values;
use crate::{
    domain::{fact::Fact, name::ParticipantName},
    store::{Row, StoreError, Tx, Value},
};

/// Appends a fact; returns its place in the order of record.
pub async fn add(tx: &mut dyn Tx, fact: &Fact) -> Result<i64, StoreError> {
    let rows = tx.query(ADD, &added(fact)).await?;
    rows.first().ok_or_else(|| StoreError::inconsistent("fact", "seq", &fact.name))?.int(0)
}

pub(super) const ADD: &str =
    "INSERT INTO fact (name, mvno, kind, true_time, record_time, supersedes, recorded_by, body)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) RETURNING seq";

pub(super) fn added(fact: &Fact) -> Vec<Value> {
    let body = serde_json::to_string(&fact.body).expect("facts are plain data");
    vec![
        fact.name.as_str().into(),
        (&fact.mvno).into(),
        fact.body.kind().into(),
        fact.true_time.into(),
        fact.record_time.into(),
        fact.supersedes.as_deref().into(),
        fact.recorded_by.as_str().into(),
        body.into(),
    ]
}

/// Every fact of an MVNO, in the order of record.
pub async fn list_of(tx: &mut dyn Tx, mvno: &ParticipantName) -> Result<Vec<Fact>, StoreError> {
    tx.query(OF_MVNO, values![mvno]).await?.iter().map(read).collect()
}

pub(super) const OF_MVNO: &str =
    "SELECT seq, name, mvno, true_time, record_time, supersedes, recorded_by, body
  FROM fact WHERE mvno = ?1 ORDER BY seq";

/// Every fact of every MVNO, one history after the other, each in the order of record.
pub async fn list_all(tx: &mut dyn Tx) -> Result<Vec<Fact>, StoreError> {
    let rows = tx
        .query(
            "SELECT seq, name, mvno, true_time, record_time, supersedes, recorded_by, body
             FROM fact ORDER BY mvno, seq",
            values![],
        )
        .await?;
    rows.iter().map(read).collect()
}

/// Inspections after a place in the order of record, of one MVNO or of all.
pub async fn list_inspections(
    tx: &mut dyn Tx,
    mvno: Option<&ParticipantName>,
    after: i64,
    limit: i64,
) -> Result<Vec<Fact>, StoreError> {
    let rows = match mvno {
        Some(mvno) => {
            tx.query(
                "SELECT seq, name, mvno, true_time, record_time, supersedes, recorded_by, body
                 FROM fact WHERE kind = 'INSPECTION' AND mvno = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
                values![mvno, after, limit],
            )
            .await?
        }
        None => {
            tx.query(
                "SELECT seq, name, mvno, true_time, record_time, supersedes, recorded_by, body
                 FROM fact WHERE kind = 'INSPECTION' AND seq > ?1 ORDER BY seq LIMIT ?2",
                values![after, limit],
            )
            .await?
        }
    };
    rows.iter().map(read).collect()
}

/// What every query here selects.
const COLUMNS: &str = "seq, name, mvno, true_time, record_time, supersedes, recorded_by, body";

pub(super) fn read(row: &Row) -> Result<Fact, StoreError> {
    sense(row).map_err(|error| error.named("fact", COLUMNS, row.text(1).unwrap_or_default()))
}

fn sense(row: &Row) -> Result<Fact, StoreError> {
    Ok(Fact {
        seq: row.int(0)?,
        mvno: row.participant(2)?,
        true_time: row.time(3)?,
        record_time: row.time(4)?,
        supersedes: row.opt_text(5)?.map(str::to_owned),
        recorded_by: row.text(6)?.to_owned(),
        name: row.text(1)?.to_owned(),
        body: row.word(7, |json| serde_json::from_str(json).ok())?,
    })
}
