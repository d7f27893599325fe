//! Alarms: what somebody has to look at. Raised in the transaction that finds it.

use super::values;
use crate::{
    domain::{name::ParticipantName, shutdown::AlarmKind, time::Time},
    store::{StoreError, Tx},
};

/// An alarm.
#[derive(Clone, Debug, PartialEq)]
pub struct AlarmRow {
    /// Its id.
    pub id: String,
    /// What it is.
    pub kind: AlarmKind,
    /// Whose order it is about.
    pub organisation: ParticipantName,
    /// Which.
    pub order_id: String,
    /// The receiver that it is about, where it is one's.
    pub receiver: Option<ParticipantName>,
    /// How many numbers.
    pub number_count: i64,
    /// When.
    pub alarm_time: Time,
    /// One sentence, without any number.
    pub text: String,
}

/// Adds one.
pub async fn add(tx: &mut dyn Tx, row: &AlarmRow) -> Result<(), StoreError> {
    tx.send(
        "INSERT INTO alarm (id, kind, organisation, order_id, receiver, number_count, alarm_time, text)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        values![
            row.id.as_str(),
            row.kind.as_str(),
            &row.organisation,
            row.order_id.as_str(),
            row.receiver.as_ref(),
            row.number_count,
            row.alarm_time,
            row.text.as_str(),
        ],
    )
    .await
}

/// How many of a kind an order has since then.
pub async fn count(tx: &mut dyn Tx, order_id: &str, kind: AlarmKind, since: Time) -> Result<i64, StoreError> {
    let sql = "SELECT COUNT(*) FROM alarm WHERE order_id = ?1 AND kind = ?2 AND alarm_time >= ?3";
    let rows = tx.query(sql, values![order_id, kind.as_str(), since]).await?;
    rows.first().ok_or_else(|| StoreError::inconsistent("alarm", "count", order_id))?.int(0)
}
