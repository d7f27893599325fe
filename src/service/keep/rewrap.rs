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

/// The data keys of one table.
pub struct StoredKeys {
    store: Store,
    of: Table,
}

/// Which table has data keys.
#[derive(Clone, Copy)]
enum Table {
    Subjects,
    Orders,
}

/// Keys of a batch.
const MOST: usize = 500;

// === impl StoredKeys ===

impl StoredKeys {
    /// Those of all subjects.
    pub fn of_subjects(store: Store) -> Self {
        Self { store, of: Table::Subjects }
    }

    /// Those of all orders to shut numbers down, and of plans.
    pub fn of_orders(store: Store) -> Self {
        Self { store, of: Table::Orders }
    }
}

impl WrappedKeys for StoredKeys {
    type Error = Abort;

    async fn stale(&self, newest: KeyId, after: Option<&Kept>, most: usize) -> Result<Vec<Kept>, Abort> {
        let after = after.map_or_else(String::new, |kept| kept.subject.clone());
        let (most, of) = (i64::try_from(most).unwrap_or(i64::MAX), self.of);
        self.store
            .read(move |tx| {
                let after = after.clone();
                Box::pin(async move {
                    let newest = newest.as_bytes();
                    let kept = match of {
                        Table::Subjects => {
                            let stale = sql::subject::stale(tx, newest, &after, most).await?;
                            let kept = |row: sql::subject::Stale| (row.mvno, row.id, row.wrapped_key);
                            stale.into_iter().map(kept).collect()
                        }
                        Table::Orders => sql::shutdown::stale(tx, newest, &after, most).await?,
                    };
                    let kept =
                        kept.into_iter().map(|(tenant, subject, wrapped)| Kept { tenant, subject, wrapped });
                    Ok(kept.collect())
                })
            })
            .await
    }

    async fn replace(&self, batch: Vec<Replacement>) -> Result<u64, Abort> {
        let of = self.of;
        self.store
            .write(move |tx| {
                let batch = batch.clone();
                Box::pin(async move {
                    let mut written = 0;
                    for Replacement { kept, wrapped } in batch {
                        let kek = Vault::wrapper(&wrapped).map_or_else(Vec::new, |id| id.as_bytes().to_vec());
                        let (id, before) = (&kept.subject, &kept.wrapped);
                        let done = match of {
                            Table::Subjects => sql::subject::rewrap(tx, id, before, wrapped, &kek).await?,
                            Table::Orders => sql::shutdown::rewrap(tx, id, before, wrapped, &kek).await?,
                        };
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
        let mut all = Tally::default();
        for keys in [StoredKeys::of_subjects(self.store.clone()), StoredKeys::of_orders(self.store.clone())] {
            let tally = rotation::run(&persons.vault, &keys, MOST, |_| {}).await.map_err(refusal)?;
            all.rewrapped += tally.rewrapped;
            all.overtaken += tally.overtaken;
            all.refused += tally.refused;
        }
        Ok(all)
    }
}
