//! Erases registrations two years after their lines have ended. Where none of a person's lines is kept any more, the data
//! key goes: what it sealed opens for nobody then. Erases orders two years after the last that was done about any of their
//! numbers, their keys with them.

use std::time::Duration;

use super::BATCH;
use crate::{
    domain::{refusal::Refusal, time::DAY},
    service::{Gateway, record, refusal, shutdown::order_name},
    store::{Abort, sql},
};

/// How long an order is kept after its end: two years, one of which may be a leap year, and the day on which they end.
const ORDER_KEPT: Duration = DAY.saturating_mul(732);

impl Gateway {
    /// Erases a batch of what is due. How many registrations were.
    pub async fn erase_due(&self) -> Result<u64, Refusal> {
        let now = self.clock.now();
        let erased = self.store.write(move |tx| {
            Box::pin(async move {
                let due = sql::line::to_erase(tx, now, BATCH).await?;
                let mut keys = 0;
                for (line, _) in &due {
                    sql::registration::erase(tx, line).await?;
                    sql::line::erase(tx, line).await?;
                }
                for (_, subject) in &due {
                    keys += u64::from(sql::subject::erase(tx, subject, now).await?);
                }
                if !due.is_empty() {
                    let detail = serde_json::json!({ "registrations": due.len(), "keys_destroyed": keys });
                    record::entry(tx, "erase", "registrations", now, detail, None).await?;
                }
                Ok(due.len() as u64)
            })
        });
        erased.await.map_err(refusal)
    }

    /// Erases one order that is due. How many were: none or one. It can be of a hundred thousand numbers, and nobody is
    /// to wait for many of them at once.
    pub async fn erase_order_due(&self) -> Result<u64, Refusal> {
        let now = self.clock.now();
        let erased = self.store.write(move |tx| {
            Box::pin(async move {
                let Some(id) = sql::shutdown_kept::to_erase(tx, now.minus(ORDER_KEPT)).await? else {
                    return Ok::<_, Abort>(0);
                };
                let (numbers, statements) = sql::shutdown_kept::erase(tx, &id, now).await?;
                let detail = serde_json::json!({ "numbers": numbers, "statements": statements });
                record::entry(tx, "erase", &order_name(&id), now, detail, None).await?;
                Ok(1)
            })
        });
        erased.await.map_err(refusal)
    }
}
