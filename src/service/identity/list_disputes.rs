//! The disputes at an MVNO, in the order of their opening.

use crate::{
    domain::{
        caller::Caller,
        dispute::{Dispute, DisputeState},
        name::ParticipantName,
        refusal::Refusal,
    },
    service::{Gateway, check_status::may_see, refusal},
    store::{Abort, sql},
};

/// Which disputes.
#[derive(Clone, Debug)]
pub struct Filter {
    /// At which MVNO: the caller, whether or not it is said.
    pub mvno: Option<ParticipantName>,
    /// Only in this state.
    pub state: Option<DisputeState>,
    /// Rows at most; 0 for the default.
    pub page_size: i32,
    /// Where an earlier page ended; empty for the first.
    pub page_token: String,
}

impl Gateway {
    /// A page of disputes, and the token of the next, empty at the end.
    pub async fn list_disputes(
        &self,
        caller: &Caller,
        filter: Filter,
    ) -> Result<(Vec<Dispute>, String), Refusal> {
        if let Some(mvno) = &filter.mvno {
            may_see(caller, mvno)?;
        }
        let (mvno, state) = (caller.organisation.clone(), filter.state);
        let list = format!("disputes|{mvno}|{state:?}");
        let ask = self.pages.ask(&list, filter.page_size, &filter.page_token)?;
        let (after, size) = (ask.after, ask.size);
        let mut found = self
            .store
            .read(move |tx| {
                let (mvno, after) = (mvno.clone(), after.clone());
                Box::pin(async move {
                    let after = after.as_deref().unwrap_or("");
                    sql::dispute::list(tx, &mvno, state, after, size + 1).await.map_err(Abort::from)
                })
            })
            .await
            .map_err(refusal)?;
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let more = found.len() > size;
        found.truncate(size);
        let last = found.last().filter(|_| more);
        let token = last.map_or_else(String::new, |dispute| self.pages.token(&list, &dispute.id));
        Ok((found, token))
    }
}
