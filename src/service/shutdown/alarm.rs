//! Raises what somebody has to look at, in the transaction that found it; who raised it sounds it once that is
//! committed.

use crate::{
    domain::{
        name::ParticipantName,
        shutdown::{AlarmKind, alarm::Alarm},
        time::Time,
    },
    host,
    service::record,
    store::{
        Abort, Tx,
        sql::{self, shutdown::OrderRow},
    },
};

/// An alarm raised, and not sounded yet.
#[derive(Clone, Debug)]
#[must_use = "sound it after the commit"]
pub struct Raised(Alarm);

/// Adds the alarm and its entry. `text` is one sentence, without any number of a subscriber.
pub async fn raise(
    tx: &mut dyn Tx,
    kind: AlarmKind,
    order: &OrderRow,
    receiver: Option<&ParticipantName>,
    number_count: i64,
    text: &str,
    now: Time,
) -> Result<Raised, Abort> {
    let alarm = Alarm {
        id: host::new_id(now),
        kind,
        organisation: order.organisation.clone(),
        order_id: order.id.clone(),
        receiver: receiver.cloned(),
        number_count,
        alarm_time: now,
        text: text.to_owned(),
    };
    sql::alarm::add(tx, &alarm).await?;
    let detail = serde_json::json!({
        "alarm": alarm.name(),
        "kind": kind.as_str(),
        "receiver": receiver.map(ToString::to_string),
        "numbers": number_count,
    });
    record::entry(tx, "alarm", &super::order_name(&order.id), now, detail, None).await?;
    Ok(Raised(alarm))
}

// === impl Raised ===

impl Raised {
    /// Counts it and writes it to the log.
    pub fn sound(self) {
        let Self(alarm) = self;
        metrics::counter!("greenlane_alarms_total", "kind" => alarm.kind.as_str()).increment(1);
        tracing::warn!(
            kind = alarm.kind.as_str(),
            order = %super::order_name(&alarm.order_id),
            receiver = alarm.receiver.as_ref().map(tracing::field::display),
            numbers = alarm.number_count,
            "{}",
            alarm.text
        );
    }
}
