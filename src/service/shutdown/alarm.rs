//! Alarms: a row and an entry in the transaction that finds something wrong, and a metric and a line in the log once it
//! is durable. Never with a number.

use crate::{
    domain::{name::ParticipantName, shutdown::AlarmKind, time::Time},
    host,
    service::record::entry,
    store::{
        Abort, Tx,
        sql::{self, alarm::AlarmRow, shutdown::OrderRow},
    },
};

/// Raises one about an order. To be [told](tell) once its transaction is durable.
pub async fn raise(
    tx: &mut dyn Tx,
    kind: AlarmKind,
    order: &OrderRow,
    receiver: Option<&ParticipantName>,
    number_count: i64,
    text: String,
    now: Time,
) -> Result<AlarmRow, Abort> {
    let alarm = AlarmRow {
        id: host::new_id(now),
        kind,
        organisation: order.organisation.clone(),
        order_id: order.id.clone(),
        receiver: receiver.cloned(),
        number_count,
        alarm_time: now,
        text,
    };
    sql::alarm::add(tx, &alarm).await?;
    let detail = serde_json::json!({
        "kind": kind.as_str(),
        "receiver": receiver.map(ToString::to_string),
        "number_count": number_count,
    });
    entry(tx, "alarm", &format!("shutdownOrders/{}", order.id), now, detail, None).await?;
    Ok(alarm)
}

/// Tells of alarms that are durable.
pub fn tell(alarms: &[AlarmRow]) {
    for alarm in alarms {
        metrics::counter!("greenlane_alarms_total", "kind" => alarm.kind.as_str()).increment(1);
        tracing::warn!(
            kind = alarm.kind.as_str(),
            order = %alarm.order_id,
            receiver = alarm.receiver.as_ref().map(tracing::field::display),
            numbers = alarm.number_count,
            "{}",
            alarm.text,
        );
    }
}
