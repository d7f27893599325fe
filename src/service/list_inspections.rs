//! Inspections on record, in the order of record.

use super::{Gateway, page::Filling, refusal};
use crate::{
    domain::{
        caller::{Caller, Class},
        fact::{Fact, FactBody},
        name::ParticipantName,
        refusal::Refusal,
    },
    store::{Abort, sql},
};

/// Which inspections.
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
    /// A page of inspections and the token of the next, empty at the end.
    pub async fn list_inspections(
        &self,
        caller: &Caller,
        filter: Filter,
    ) -> Result<(Vec<Fact>, String), Refusal> {
        if let Some(mvno) = &filter.mvno {
            super::check_status::may_see(caller, mvno)?;
        }
        let own = (caller.class() == Class::Mvno).then(|| caller.organisation.clone());
        let only = filter.mvno.or(own);
        let list = format!("inspections|{}|{only:?}", caller.organisation);
        let ask = self.pages.ask(&list, filter.page_size, &filter.page_token)?;
        let after = ask.after.as_deref().and_then(|seq| seq.parse::<i64>().ok()).unwrap_or(0);
        let size = ask.size;
        let mut found = self
            .store
            .read(move |tx| {
                let only = only.clone();
                Box::pin(async move {
                    sql::fact::list_inspections(tx, only.as_ref(), after, size + 1).await.map_err(Abort::from)
                })
            })
            .await
            .map_err(refusal)?;
        let mut filling = Filling::new(size);
        let fits =
            found.iter().enumerate().take_while(|(held, fact)| filling.takes(*held, weight(fact))).count();
        let more = found.len() > fits;
        found.truncate(fits);
        let last = found.last().filter(|_| more);
        let token = last.map_or_else(String::new, |fact| self.pages.token(&list, &fact.seq.to_string()));
        Ok((found, token))
    }
}

/// About how many bytes an inspection takes in an answer: its hashes are what makes one heavy.
fn weight(fact: &Fact) -> usize {
    match &fact.body {
        FactBody::Inspection { evidence_hashes, .. } => 512 + evidence_hashes.len() * 66,
        _ => 512,
    }
}
