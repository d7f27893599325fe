//! Erases registrations two years after their lines have ended. Where none of a person's lines is kept any more, the data
//! key goes: what it sealed opens for nobody then.

use super::BATCH;
use crate::{
    domain::refusal::Refusal,
    service::{Gateway, record, refusal},
    store::sql,
};

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
}
