//! Appeals that the caller may see, in the order of filing: those due first come first.

use super::{Shown, scope, unknown};
use crate::{
    domain::{caller::Caller, name::ParticipantName, refusal::Refusal, shutdown::AppealState},
    service::{Gateway, check_status::may_see, page::Filling, refusal},
    store::sql,
};

/// Which appeals.
#[derive(Clone, Debug)]
pub struct Ask {
    /// About this MVNO's numbers.
    pub mvno: Option<ParticipantName>,
    /// About this order: the last part of its name.
    pub order_id: Option<String>,
    /// In this state.
    pub state: Option<AppealState>,
    /// Rows at most; 0 for the default.
    pub page_size: i32,
    /// Where an earlier page ended; empty for the first.
    pub page_token: String,
}

impl Gateway {
    /// A page of appeals, and the token of the next, empty at the end.
    pub async fn list_appeals(&self, caller: &Caller, ask: Ask) -> Result<(Vec<Shown>, String), Refusal> {
        let persons = self.persons()?;
        if let Some(mvno) = &ask.mvno {
            may_see(caller, mvno)?;
        }
        let scope = scope(caller).ok_or_else(|| unknown("-"))?;
        let filter = sql::appeal::Filter {
            mvno: ask.mvno.or(scope.mvno),
            order_id: ask.order_id,
            state: ask.state,
            ..scope
        };
        let list = format!("appeals|{}|{filter:?}", caller.organisation);
        let page = self.pages.ask(&list, ask.page_size, &ask.page_token)?;
        let (after, size) = (page.after.unwrap_or_default(), page.size);
        let found = self.store.read(move |tx| {
            let (filter, after) = (filter.clone(), after.clone());
            Box::pin(async move { Ok(sql::appeal::list(tx, &filter, &after, size + 1).await?) })
        });
        let mut found = found.await.map_err(refusal)?;
        let mut filling = Filling::new(size);
        let fits = found.iter().enumerate().take_while(|(held, sealed)| filling.takes(*held, weight(sealed)));
        let fits = fits.count();
        let more = found.len() > fits;
        found.truncate(fits);
        let last = found.last().filter(|_| more);
        let token = last.map_or_else(String::new, |sealed| self.pages.token(&list, &sealed.appeal.id));
        let shown = found.into_iter().map(|sealed| Shown::open(&persons.vault, caller, sealed));
        Ok((shown.collect::<Result<_, _>>().map_err(|error| refusal(error.into()))?, token))
    }
}

/// About how many bytes an appeal takes in an answer: what was said and why it was decided so make it heavy.
fn weight(sealed: &sql::appeal::Sealed) -> usize {
    let said = sealed.statement.as_ref().map_or(0, Vec::len);
    1_024 + said + sealed.appeal.reason.as_ref().map_or(0, String::len)
}
