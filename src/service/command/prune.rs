//! Forgets commands that were done long ago, the oldest of each receiver first, so that what is kept has no hole.

use crate::{
    domain::{
        name::ParticipantName,
        refusal::Refusal,
        time::{DAY, Time},
    },
    service::{Gateway, refusal},
    store::{StoreError, Tx, sql},
};

/// Days that a command is kept after its release: a receiver that was away for longer starts again from what is to be
/// off.
const KEPT: u32 = 90;

impl Gateway {
    /// Forgets what need not be kept. Returns how many commands.
    pub async fn forget_commands(&self) -> Result<u64, Refusal> {
        let since = self.clock.now().minus(DAY * KEPT);
        let names = self.store.read(|tx| Box::pin(async move { Ok(sql::receiver::names(tx).await?) }));
        let mut forgotten = 0;
        for receiver in names.await.map_err(refusal)? {
            let done = self.store.write(move |tx| {
                let receiver = receiver.clone();
                Box::pin(async move { Ok(forget(tx, &receiver, since).await?) })
            });
            forgotten += done.await.map_err(refusal)?;
        }
        Ok(forgotten)
    }
}

async fn forget(tx: &mut dyn Tx, receiver: &ParticipantName, since: Time) -> Result<u64, StoreError> {
    // Nobody gives this receiver a sequence meanwhile.
    let mark = sql::receiver::mark_locked(tx, receiver).await?;
    let first = sql::command::first_kept(tx, receiver, since).await?.unwrap_or(mark.last + 1);
    if first <= mark.oldest {
        return Ok(0);
    }
    let forgotten = sql::command::forget(tx, receiver, first).await?;
    sql::receiver::keep_from(tx, receiver, first).await?;
    Ok(forgotten)
}
