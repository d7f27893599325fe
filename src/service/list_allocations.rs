//! Blocks of numbers and who holds them: a carrier sees its own ranges, an MVNO its own blocks.

use super::{Gateway, refusal};
use crate::{
    domain::{
        allocation::Allocation,
        caller::{Caller, Class},
        name::ParticipantName,
        refusal::Refusal,
    },
    store::{Abort, sql},
};

/// Which allocations.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Only of this MVNO.
    pub mvno: Option<ParticipantName>,
    /// Rows at most; 0 for the default.
    pub page_size: i32,
    /// Where an earlier page ended; empty for the first.
    pub page_token: String,
}

impl Gateway {
    /// A page of allocations, returned ones among them, and the token of the next, empty at the end.
    pub async fn list_allocations(
        &self,
        caller: &Caller,
        filter: Filter,
    ) -> Result<(Vec<Allocation>, String), Refusal> {
        if let Some(mvno) = &filter.mvno {
            super::check_status::may_see(caller, mvno)?;
        }
        let own = |class| (caller.class() == class).then(|| caller.organisation.clone());
        let mvno = filter.mvno.or_else(|| own(Class::Mvno));
        let carrier = own(Class::Carrier);
        let list = format!("allocations|{}|{mvno:?}", caller.organisation);
        let ask = self.pages.ask(&list, filter.page_size, &filter.page_token)?;
        let (after, size) = (ask.after, ask.size);
        let mut found = self
            .store
            .read(move |tx| {
                let (mvno, carrier, after) = (mvno.clone(), carrier.clone(), after.clone());
                Box::pin(async move {
                    let after = after.as_deref().unwrap_or("");
                    sql::allocation::list(tx, mvno.as_ref(), carrier.as_ref(), after, size + 1)
                        .await
                        .map_err(Abort::from)
                })
            })
            .await
            .map_err(refusal)?;
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let more = found.len() > size;
        found.truncate(size);
        let last = found.last().filter(|_| more);
        let token = last.map_or_else(String::new, |allocation| self.pages.token(&list, &allocation.id));
        Ok((found, token))
    }
}
