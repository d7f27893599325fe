//! Forgets plans that nobody issued.

use std::time::Duration;

use crate::{
    domain::refusal::Refusal,
    service::{Gateway, refusal},
    store::{Abort, sql},
};

/// Whoever comes a little late is told that the plan has ended, and not that there never was one.
const KEPT: Duration = Duration::from_secs(10 * 60);

impl Gateway {
    /// Forgets one plan that ended ten minutes ago without being issued. How many were: none or one. A number named in it
    /// counts as named until then.
    pub async fn forget_plan(&self) -> Result<u64, Refusal> {
        let before = self.clock.now().minus(KEPT);
        let forgotten = self.store.write(move |tx| {
            Box::pin(async move { sql::shutdown::prune(tx, before).await.map_err(Abort::from) })
        });
        forgotten.await.map(u64::from).map_err(refusal)
    }
}
