//! Forgets plans that nobody issued.

use crate::{
    domain::{refusal::Refusal, time::DAY},
    service::{Gateway, refusal},
    store::{Abort, sql},
};

impl Gateway {
    /// Forgets one plan that ended a day ago without being issued. How many were: none or one. A number named in it
    /// counts as named until then.
    pub async fn forget_plan(&self) -> Result<u64, Refusal> {
        let before = self.clock.now().minus(DAY);
        let forgotten = self.store.write(move |tx| {
            Box::pin(async move { sql::shutdown::prune(tx, before).await.map_err(Abort::from) })
        });
        forgotten.await.map(u64::from).map_err(refusal)
    }
}
