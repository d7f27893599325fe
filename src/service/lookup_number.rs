//! What a number is: its kind and base carrier by the official table, its MVNO by the allocations.

use super::{Gateway, refusal};
use crate::{
    domain::{
        caller::{Caller, Class},
        name::ParticipantName,
        number::{self, Msisdn, NumberClass},
        refusal::Refusal,
    },
    store::{Abort, sql},
};

/// A number, as far as the caller may know.
pub struct Found {
    /// Kind and base carrier.
    pub class: NumberClass,
    /// The MVNO that holds its block; to an MVNO only where that is itself.
    pub mvno: Option<ParticipantName>,
}

impl Gateway {
    /// Looks a number up.
    pub async fn lookup_number(&self, caller: &Caller, msisdn: &Msisdn) -> Result<Found, Refusal> {
        let class = number::classify(msisdn);
        let Some(prefix) = msisdn.block() else { return Ok(Found { class, mvno: None }) };
        let held = self
            .store
            .read(move |tx| {
                let prefix = prefix.clone();
                Box::pin(
                    async move { sql::allocation::lookup_active(tx, &prefix).await.map_err(Abort::from) },
                )
            })
            .await
            .map_err(refusal)?;
        let mvno = held.map(|allocation| allocation.mvno);
        let mvno = mvno.filter(|mvno| caller.class() != Class::Mvno || caller.organisation == *mvno);
        Ok(Found { class, mvno })
    }
}
