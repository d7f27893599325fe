//! Persons who get no new line, by the blind index of their document.

use super::values;
use crate::{
    domain::{quota::Restriction, time::Time},
    store::{Row, StoreError, Tx},
};

/// Adds a restriction.
pub async fn add(
    tx: &mut dyn Tx,
    restriction: &Restriction,
    document_index: &[u8],
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO person_restriction (id, document_index, from_time, until_time, lift_time, restricted_by, lifted_by)
         VALUES (?1, ?2, ?3, ?4, NULL, ?5, NULL)",
        values![
            restriction.id.as_str(),
            document_index.to_vec(),
            restriction.from,
            restriction.until,
            restriction.restricted_by.as_str(),
        ],
    )
    .await
    .map(drop)
}

/// The restriction of a person that is in force at a moment.
pub async fn in_force(
    tx: &mut dyn Tx,
    document_index: &[u8],
    now: Time,
) -> Result<Option<Restriction>, StoreError> {
    let rows = tx
        .query(
            "SELECT id, from_time, until_time, lift_time, restricted_by FROM person_restriction
             WHERE document_index = ?1 AND until_time > ?2 AND lift_time IS NULL
             ORDER BY until_time DESC LIMIT 1",
            values![document_index.to_vec(), now],
        )
        .await?;
    rows.first().map(read).transpose()
}

/// Waits for whoever registers a line of that person, and lets nobody begin until this transaction ends: neither where
/// the person is known, nor where it is just being enrolled.
pub async fn lock_person(tx: &mut dyn Tx, document_index: &[u8]) -> Result<(), StoreError> {
    tx.query("SELECT n FROM person_stripe WHERE n = ?1 FOR UPDATE", values![stripe(document_index)]).await?;
    tx.query(
        "SELECT id FROM subject WHERE document_index = ?1 ORDER BY id FOR UPDATE",
        values![document_index.to_vec()],
    )
    .await
    .map(drop)
}

/// Keeps whoever restricts that person waiting until this transaction ends; for whoever enrols the person, before that.
/// What is in force is to be asked for afterwards.
pub async fn lock_enrolment(tx: &mut dyn Tx, document_index: &[u8]) -> Result<(), StoreError> {
    let sql = "SELECT n FROM person_stripe WHERE n = ?1 FOR SHARE";
    tx.query(sql, values![stripe(document_index)]).await.map(drop)
}

fn stripe(document_index: &[u8]) -> i64 {
    document_index.first().copied().map_or(0, i64::from)
}

/// Lifts a restriction.
pub async fn lift(tx: &mut dyn Tx, id: &str, lifted_by: &str, now: Time) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE person_restriction SET lift_time = ?2, lifted_by = ?3 WHERE id = ?1",
        values![id, now, lifted_by],
    )
    .await
    .map(drop)
}

/// What every query here selects.
const COLUMNS: &str = "id, from_time, until_time, lift_time, restricted_by";

fn read(row: &Row) -> Result<Restriction, StoreError> {
    sense(row).map_err(|error| error.named("person_restriction", COLUMNS, row.text(0).unwrap_or_default()))
}

fn sense(row: &Row) -> Result<Restriction, StoreError> {
    Ok(Restriction {
        id: row.text(0)?.to_owned(),
        from: row.time(1)?,
        until: row.time(2)?,
        lifted: row.opt_time(3)?,
        restricted_by: row.text(4)?.to_owned(),
    })
}
