//! Why acts were done, in the words of those who did them.

use super::values;
use crate::store::{StoreError, Tx};

/// Keeps the reason of an act, by the id of its entry.
pub async fn add(tx: &mut dyn Tx, entry_id: &str, reason: &str) -> Result<(), StoreError> {
    tx.send("INSERT INTO reason (entry_id, reason) VALUES (?1, ?2)", values![entry_id, reason]).await
}

/// The reason of an act, where it was given one.
pub async fn lookup(tx: &mut dyn Tx, entry_id: &str) -> Result<Option<String>, StoreError> {
    let rows = tx.query("SELECT reason FROM reason WHERE entry_id = ?1", values![entry_id]).await?;
    rows.first().map(|row| row.text(0).map(str::to_owned)).transpose()
}
