//! Readers of documents. That each is one outlet's is the schema's rule: the serial number is the key.

use super::values;
use crate::{
    domain::time::Time,
    store::{StoreError, Tx},
};

/// Binds a reader, unless it is bound. Of two that bind it at once, the second waits and finds it bound.
pub async fn bind(tx: &mut dyn Tx, serial: &str, channel: &str, now: Time) -> Result<bool, StoreError> {
    let bound = tx
        .execute(
            "INSERT INTO reader (serial, channel, bind_time) VALUES (?1, ?2, ?3) ON CONFLICT (serial) DO NOTHING",
            values![serial, channel, now],
        )
        .await?;
    Ok(bound > 0)
}

/// Unbinds a reader from an outlet; `false` where it is not bound to it.
pub async fn unbind(tx: &mut dyn Tx, serial: &str, channel: &str) -> Result<bool, StoreError> {
    let sql = "DELETE FROM reader WHERE serial = ?1 AND channel = ?2";
    Ok(tx.execute(sql, values![serial, channel]).await? > 0)
}

/// The outlet to which a reader is bound.
pub async fn owner(tx: &mut dyn Tx, serial: &str) -> Result<Option<String>, StoreError> {
    let rows = tx.query("SELECT channel FROM reader WHERE serial = ?1", values![serial]).await?;
    rows.first().map(|row| row.text(0).map(str::to_owned)).transpose()
}

/// The readers of an outlet, in the order of serial numbers.
pub async fn list_of(tx: &mut dyn Tx, channel: &str) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT serial FROM reader WHERE channel = ?1 ORDER BY serial";
    tx.query(sql, values![channel]).await?.iter().map(|row| row.text(0).map(str::to_owned)).collect()
}
