//! Data keys where they are kept, for the walk that wraps them by the newest key.

use crate::{
    domain::refusal::Refusal,
    service::{Gateway, refusal},
    store::{Abort, Store, sql},
    vault::{
        KeyId, Vault,
        rotation::{self, Kept, Replacement, Tally, WrappedKeys},
    },
};

/// The data keys of all subjects.
pub struct StoredKeys(pub Store);

/// Keys of a batch.
const MOST: usize = 500;

impl WrappedKeys for StoredKeys {
    type Error = Abort;

    async fn stale(&self, newest: KeyId, after: Option<&Kept>, most: usize) -> Result<Vec<Kept>, Abort> {
        let after = after.map_or_else(String::new, |kept| kept.subject.clone());
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        self.0
            .read(move |tx| {
                let after = after.clone();
                Box::pin(async move {
                    let stale = sql::subject::stale(tx, newest.as_bytes(), &after, most).await?;
                    let kept = stale.into_iter().map(|row| Kept {
                        tenant: row.mvno,
                        subject: row.id,
                        wrapped: row.wrapped_key,
                    });
                    Ok(kept.collect())
                })
            })
            .await
    }

    async fn replace(&self, batch: Vec<Replacement>) -> Result<u64, Abort> {
        self.0
            .write(move |tx| {
                let batch = batch.clone();
                Box::pin(async move {
                    let mut written = 0;
                    for Replacement { kept, wrapped } in batch {
                        let kek = Vault::wrapper(&wrapped).map_or_else(Vec::new, |id| id.as_bytes().to_vec());
                        let done =
                            sql::subject::rewrap(tx, &kept.subject, &kept.wrapped, wrapped, &kek).await?;
                        written += u64::from(done);
                    }
                    Ok(written)
                })
            })
            .await
    }
}

impl Gateway {
    /// Wraps every data key by the newest key-encryption key. Nothing to do where all are, or where nothing is kept.
    pub async fn rewrap_keys(&self) -> Result<Tally, Refusal> {
        let Some(persons) = &self.persons else { return Ok(Tally::default()) };
        let keys = StoredKeys(self.store.clone());
        rotation::run(&persons.vault, &keys, MOST, |_| {}).await.map_err(refusal)
    }
}
