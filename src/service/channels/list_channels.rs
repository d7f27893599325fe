//! Outlets, and how many live lines each opened: an MVNO sees its own, regulators and auditors all.

use super::Shown;
use crate::{
    domain::{
        caller::{Caller, Class},
        channel::ChannelState,
        name::ParticipantName,
        refusal::Refusal,
    },
    service::{Gateway, check_status::may_see, refusal},
    store::{Abort, sql},
};

/// Which outlets.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Only of this MVNO.
    pub mvno: Option<ParticipantName>,
    /// Only in this state.
    pub state: Option<ChannelState>,
    /// Rows at most; 0 for the default.
    pub page_size: i32,
    /// Where an earlier page ended; empty for the first.
    pub page_token: String,
}

impl Gateway {
    /// A page of outlets, without their persons and readers, and the token of the next, empty at the end.
    pub async fn list_channels(
        &self,
        caller: &Caller,
        filter: Filter,
    ) -> Result<(Vec<Shown>, String), Refusal> {
        if let Some(mvno) = &filter.mvno {
            may_see(caller, mvno)?;
        }
        let own = (caller.class() == Class::Mvno).then(|| caller.organisation.clone());
        let (mvno, state) = (filter.mvno.or(own), filter.state);
        let list = format!("channels|{}|{mvno:?}|{state:?}", caller.organisation);
        let ask = self.pages.ask(&list, filter.page_size, &filter.page_token)?;
        let (after, size) = (ask.after, ask.size);
        let mut found = self
            .store
            .read(move |tx| {
                let (mvno, after) = (mvno.clone(), after.clone());
                Box::pin(async move {
                    let after = after.as_deref().unwrap_or("");
                    sql::channel::list(tx, mvno.as_ref(), state, after, size + 1).await.map_err(Abort::from)
                })
            })
            .await
            .map_err(refusal)?;
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let more = found.len() > size;
        found.truncate(size);
        let last = found.last().filter(|_| more);
        let token = last.map_or_else(String::new, |(outlet, _)| self.pages.token(&list, &outlet.id));
        let shown = found.into_iter().map(|(outlet, live_lines)| Shown {
            outlet,
            operator_ids: Vec::new(),
            reader_serials: Vec::new(),
            live_lines,
        });
        Ok((shown.collect(), token))
    }
}
