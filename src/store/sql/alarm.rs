//! What somebody has to look at. Added, never changed.

use super::values;
use crate::{
    domain::{
        name::ParticipantName,
        shutdown::{AlarmKind, alarm::Alarm},
        time::Time,
    },
    store::{Row, StoreError, Tx},
};

/// Which alarms.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only of this kind.
    pub kind: Option<AlarmKind>,
    /// Only about orders of this organisation.
    pub organisation: Option<ParticipantName>,
    /// Only about this order.
    pub order_id: Option<String>,
}

/// Adds an alarm.
pub async fn add(tx: &mut dyn Tx, alarm: &Alarm) -> Result<(), StoreError> {
    tx.send(
        "INSERT INTO alarm (id, kind, organisation, order_id, receiver, number_count, alarm_time, text)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        values![
            alarm.id.as_str(),
            alarm.kind.as_str(),
            &alarm.organisation,
            alarm.order_id.as_str(),
            alarm.receiver.as_ref(),
            alarm.number_count,
            alarm.alarm_time,
            alarm.text.as_str(),
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

/// Alarms before an id, the newest first; `before` is empty for the newest.
pub async fn list(
    tx: &mut dyn Tx,
    filter: &Filter,
    before: &str,
    limit: i64,
) -> Result<Vec<Alarm>, StoreError> {
    const ALL: &str =
        "SELECT id, kind, organisation, order_id, receiver, number_count, alarm_time, text FROM alarm
         WHERE ?1 = '' AND (?2 = '' OR kind = ?2) AND (?3 = '' OR organisation = ?3) AND (?4 = '' OR id < ?4)
         ORDER BY id DESC LIMIT ?5";
    const OF_ORDER: &str =
        "SELECT id, kind, organisation, order_id, receiver, number_count, alarm_time, text FROM alarm
         WHERE order_id = ?1 AND (?2 = '' OR kind = ?2) AND (?3 = '' OR organisation = ?3) AND (?4 = '' OR id < ?4)
         ORDER BY id DESC LIMIT ?5";
    let order_id = filter.order_id.as_deref().unwrap_or("");
    let kind = filter.kind.map_or("", AlarmKind::as_str);
    let organisation = filter.organisation.as_ref().map_or_else(String::new, ToString::to_string);
    let sql = if order_id.is_empty() { ALL } else { OF_ORDER };
    let rows = tx.query(sql, values![order_id, kind, organisation, before, limit]).await?;
    rows.iter().map(read).collect()
}

const COLUMNS: &str = "id, kind, organisation, order_id, receiver, number_count, alarm_time, text";

fn read(row: &Row) -> Result<Alarm, StoreError> {
    sense(row).map_err(|error| error.named("alarm", COLUMNS, row.text(0).unwrap_or_default()))
}

fn sense(row: &Row) -> Result<Alarm, StoreError> {
    Ok(Alarm {
        id: row.text(0)?.to_owned(),
        kind: row.word(1, AlarmKind::parse)?,
        organisation: row.participant(2)?,
        order_id: row.text(3)?.to_owned(),
        receiver: row.opt_text(4)?.map(|_| row.participant(4)).transpose()?,
        number_count: row.int(5)?,
        alarm_time: row.time(6)?,
        text: row.text(7)?.to_owned(),
    })
}
