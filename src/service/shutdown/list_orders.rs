//! Orders, the newest first.

use super::shown::{Shown, shown};
use crate::{
    domain::{
        caller::{Caller, Class},
        name::ParticipantName,
        refusal::Refusal,
        shutdown::OrderState,
    },
    service::{Gateway, refusal},
    store::{Abort, sql},
};

/// Which orders.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Only in this state.
    pub state: Option<OrderState>,
    /// Only of this organisation.
    pub issuer: Option<ParticipantName>,
    /// Only drills, or only real ones.
    pub drill: Option<bool>,
    /// Rows at most; 0 for the default.
    pub page_size: i32,
    /// Where an earlier page ended; empty for the first.
    pub page_token: String,
}

impl Gateway {
    /// A page of orders, and the token of the next, empty at the end.
    pub async fn list_shutdown_orders(
        &self,
        caller: &Caller,
        filter: Filter,
    ) -> Result<(Vec<Shown>, String), Refusal> {
        let Filter { state, issuer, drill, page_size, page_token } = filter;
        let list = format!("shutdown_orders|{}|{state:?}|{issuer:?}|{drill:?}", caller.organisation);
        let ask = self.pages.ask(&list, page_size, &page_token)?;
        let own = caller.class() == Class::Police;
        if own && issuer.as_ref().is_some_and(|issuer| *issuer != caller.organisation) {
            return Ok((Vec::new(), String::new()));
        }
        let organisation = if own { Some(caller.organisation.clone()) } else { issuer };
        let filter = sql::shutdown::Filter { state, organisation, drill };
        let (before, size) = (ask.after.unwrap_or_default(), ask.size);
        let read = self.store.read(move |tx| {
            let (filter, before) = (filter.clone(), before.clone());
            Box::pin(async move {
                let mut rows = sql::shutdown::list(tx, &filter, &before, size + 1).await?;
                let more = i64::try_from(rows.len()).unwrap_or(i64::MAX) > size;
                rows.truncate(usize::try_from(size).unwrap_or(usize::MAX));
                let mut orders = Vec::with_capacity(rows.len());
                for row in &rows {
                    orders.push(shown(tx, row).await?);
                }
                Ok::<_, Abort>((orders, more))
            })
        });
        let (orders, more) = read.await.map_err(refusal)?;
        let last = orders.last().filter(|_| more);
        let token = last.map_or_else(String::new, |last| self.pages.token(&list, &last.id));
        Ok((orders, token))
    }
}
