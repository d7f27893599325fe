//! Answers kept under their request ids, one space of ids per organisation.

use std::time::Duration;

use super::values;
use crate::{
    domain::time::{DAY, Time},
    store::{Row, StoreError, Tx},
};

/// How long answers are kept.
pub const KEPT_FOR: Duration = DAY.saturating_mul(30);

/// One kept answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// Whose id.
    pub organisation: String,
    /// The id.
    pub request_id: String,
    /// The method called.
    pub method: String,
    /// SHA-256 of the payload, lower-case hex.
    pub payload_sha256: String,
    /// The answer, as JSON.
    pub answer: Vec<u8>,
    /// When it was given.
    pub create_time: Time,
}

/// The answer kept under an id.
pub async fn lookup(
    tx: &mut dyn Tx,
    organisation: &str,
    request_id: &str,
) -> Result<Option<Kept>, StoreError> {
    let rows = tx
        .query(
            "SELECT method, payload_sha256, answer, create_time FROM request
             WHERE organisation = ?1 AND request_id = ?2",
            values![organisation, request_id],
        )
        .await?;
    let read = |row| {
        sense(organisation, request_id, row).map_err(|error| error.named("request", COLUMNS, request_id))
    };
    rows.first().map(read).transpose()
}

/// What the query above selects.
const COLUMNS: &str = "method, payload_sha256, answer, create_time";

fn sense(organisation: &str, request_id: &str, row: &Row) -> Result<Kept, StoreError> {
    Ok(Kept {
        organisation: organisation.to_owned(),
        request_id: request_id.to_owned(),
        method: row.text(0)?.to_owned(),
        payload_sha256: row.text(1)?.to_owned(),
        answer: row.blob(2)?.to_vec(),
        create_time: row.time(3)?,
    })
}

/// Keeps an answer; `Duplicate`, here or from the commit, where another transaction kept one first.
pub async fn add(tx: &mut dyn Tx, kept: &Kept) -> Result<(), StoreError> {
    tx.send(
        "INSERT INTO request (organisation, request_id, method, payload_sha256, answer, create_time)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        values![
            kept.organisation.as_str(),
            kept.request_id.as_str(),
            kept.method.as_str(),
            kept.payload_sha256.as_str(),
            kept.answer.clone(),
            kept.create_time,
        ],
    )
    .await
}

/// Forgets answers given before that moment.
pub async fn prune(tx: &mut dyn Tx, before: Time) -> Result<u64, StoreError> {
    tx.execute("DELETE FROM request WHERE create_time < ?1", values![before]).await
}
