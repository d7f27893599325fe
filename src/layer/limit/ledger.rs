//! Calls that were over enter the ledger together: for each organisation one entry with their number, once a minute.
//! An entry for each would be what a flood is after.

use super::{Shared, organisation::WORDS};
use crate::{
    domain::{
        entry::{Entry, EntryKind},
        refusal::{Reason, Refusal},
    },
    host,
    store::{Store, sql},
};

impl Shared {
    /// Enters what was over since the last time: to be called every minute, and once at the end. Returns how many
    /// organisations there were; what could not be entered is entered next time.
    pub async fn flush(&self, store: &Store) -> Result<usize, Refusal> {
        let counted: Vec<_> = self
            .organisations
            .load()
            .values()
            .map(|organisation| (organisation.clone(), organisation.take_over()))
            .filter(|(_, counts)| counts.iter().any(|count| *count > 0))
            .collect();
        if counted.is_empty() {
            return Ok(0);
        }
        let now = self.clock.now();
        let entries: Vec<Entry> = counted
            .iter()
            .map(|(organisation, counts)| {
                let detail: serde_json::Map<_, _> = WORDS
                    .iter()
                    .zip(counts)
                    .map(|(word, count)| ((*word).to_owned(), (*count).into()))
                    .collect();
                let detail = serde_json::Value::Object(detail).to_string();
                tracing::warn!(caller.id = %organisation.name, detail, "calls were over their limits");
                Entry {
                    entry_id: host::new_id(now),
                    kind: EntryKind::Refusal,
                    entry_time: now,
                    caller: organisation.name.to_string(),
                    certificate_sha256: String::new(),
                    method: "*".to_owned(),
                    subject: String::new(),
                    request_sha256: String::new(),
                    outcome: Reason::RateLimited.as_str().to_owned(),
                    detail,
                    revision: None,
                }
            })
            .collect();
        let entered = store.write(move |tx| {
            let entries = entries.clone();
            Box::pin(async move {
                for entry in &entries {
                    sql::entry::append(tx, entry).await?;
                }
                Ok(())
            })
        });
        if entered.await.is_err() {
            counted.iter().for_each(|(organisation, counts)| organisation.give_back(*counts));
            return Err(Refusal::store_unavailable());
        }
        Ok(counted.len())
    }
}
