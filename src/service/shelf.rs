//! Histories of MVNOs in the cache that nodes share, so that a node that starts cold need not ask the database for all
//! of them. Nothing on the shelf counts by itself: it is taken only at exactly the revision that the record names.

use std::{collections::HashMap, sync::Arc};

use crate::{
    cache::{Cache, State, Value, Version},
    domain::{fact::Fact, name::ParticipantName},
    store::sql::standing::StandingRow,
};

/// The shelf.
#[derive(Clone)]
pub struct Shelf(Arc<dyn Cache>);

// === impl Shelf ===

impl Shelf {
    /// A shelf in that cache.
    pub fn new(cache: Arc<dyn Cache>) -> Self {
        Self(cache)
    }

    /// The histories that are there, of exactly these rows' revisions.
    pub(super) async fn load(&self, rows: &[StandingRow]) -> HashMap<ParticipantName, Vec<Fact>> {
        if self.0.state() != State::Connected {
            return HashMap::new();
        }
        let wanted = rows.iter().map(|row| version(&row.mvno, row.revision)).collect();
        let found = self.0.load(wanted).await;
        let read = |(row, bytes): (&StandingRow, Option<Vec<u8>>)| {
            let facts = serde_json::from_slice(&bytes?).ok()?;
            Some((row.mvno.clone(), facts))
        };
        rows.iter().zip(found).filter_map(read).collect()
    }

    /// Puts histories there, each at the revision of its MVNO, and lets nobody wait for it. Older ones go.
    pub(super) fn keep(&self, histories: Vec<(i64, Vec<Fact>)>) {
        if self.0.state() != State::Connected {
            return;
        }
        let value = |(revision, facts): (i64, Vec<Fact>)| {
            let version = version(&facts.first()?.mvno, revision);
            Some(Value { version, bytes: serde_json::to_vec(&facts).ok()? })
        };
        let values: Vec<Value> = histories.into_iter().filter_map(value).collect();
        let cache = self.0.clone();
        tokio::spawn(async move {
            cache.announce(values.iter().map(|value| value.version.clone()).collect()).await;
            cache.keep(values).await;
        });
    }
}

fn version(mvno: &ParticipantName, revision: i64) -> Version {
    Version::new(format!("standing/{mvno}"), revision)
}
