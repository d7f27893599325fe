//! One outlet with all that belongs to it, and how many live lines it opened.

use super::{Shown, may_see, unknown_channel, whole};
use crate::{
    domain::{caller::Caller, channel::outlet::OutletName, refusal::Refusal},
    service::{Gateway, refusal},
    store::sql,
};

impl Gateway {
    /// One outlet.
    pub async fn channel(&self, caller: &Caller, name: OutletName) -> Result<Shown, Refusal> {
        let caller = caller.clone();
        self.store
            .read(move |tx| {
                let (caller, name) = (caller.clone(), name.clone());
                Box::pin(async move {
                    let found = sql::channel::lookup(tx, &name.id).await?;
                    let seen = found.filter(|outlet| outlet.name() == name && may_see(&caller, outlet));
                    let outlet = seen.ok_or_else(|| unknown_channel(&name))?;
                    Ok(whole(tx, outlet).await?)
                })
            })
            .await
            .map_err(refusal)
    }
}
