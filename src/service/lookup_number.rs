//! What a number is: its kind and base carrier by the official table, its MVNO by the allocations.

use super::{Gateway, refusal};
use crate::{
    domain::{
        caller::{Caller, Class},
        line::LineState,
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
    /// The state of its line, where the MVNO may be known and there is one.
    pub line_state: Option<LineState>,
}

impl Gateway {
    /// Looks a number up.
    pub async fn lookup_number(&self, caller: &Caller, msisdn: &Msisdn) -> Result<Found, Refusal> {
        let class = number::classify(msisdn);
        let Some(prefix) = msisdn.block() else { return Ok(Found { class, mvno: None, line_state: None }) };
        let index = self.persons.as_ref().map(|persons| persons.vault.index().number(&msisdn.e164()));
        let found = self.store.read(move |tx| {
            let prefix = prefix.clone();
            Box::pin(async move {
                let held = sql::allocation::lookup_active(tx, &prefix).await?;
                let line = match index {
                    Some(index) => sql::line::live(tx, index.as_bytes()).await?,
                    None => None,
                };
                Ok::<_, Abort>((held, line))
            })
        });
        let (held, line) = found.await.map_err(refusal)?;
        let mvno = held.map(|allocation| allocation.mvno);
        let mvno = mvno.filter(|mvno| caller.class() != Class::Mvno || caller.organisation == *mvno);
        let line_state = line.filter(|line| mvno.as_ref() == Some(&line.mvno)).map(|line| line.state);
        Ok(Found { class, mvno, line_state })
    }
}
