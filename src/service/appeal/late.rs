//! Raises the alarm of appeals that nobody decided in time, once each.

use crate::{
    domain::{refusal::Refusal, shutdown::AlarmKind},
    service::{
        Gateway, refusal,
        shutdown::alarm::{self, Raised},
    },
    store::sql,
};

/// Appeals of a batch: one transaction.
const BATCH: i64 = 200;

impl Gateway {
    /// Alarms a batch of late appeals. How many there were.
    pub async fn alarm_late_appeals(&self) -> Result<u64, Refusal> {
        let now = self.clock.now();
        let raised = self.store.write(move |tx| {
            Box::pin(async move {
                let mut raised = Vec::new();
                for mut appeal in sql::appeal::overdue(tx, now, BATCH).await? {
                    appeal.alarm_time = Some(now);
                    sql::appeal::save(tx, &appeal).await?;
                    let Some(order) = sql::shutdown::lookup(tx, &appeal.order_id).await? else { continue };
                    let text = format!("{} was to be decided by {}.", appeal.name(), appeal.due_time);
                    let kind = AlarmKind::AppealOverdue;
                    raised.push(alarm::raise(tx, kind, &order, None, 1, &text, now).await?);
                }
                Ok(raised)
            })
        });
        let raised = raised.await.map_err(refusal)?;
        let many = raised.len() as u64;
        raised.into_iter().for_each(Raised::sound);
        Ok(many)
    }
}
