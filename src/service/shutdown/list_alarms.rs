//! What somebody has to look at, the newest first.

use crate::{
    domain::{
        caller::{Caller, Class},
        refusal::Refusal,
        shutdown::{AlarmKind, alarm::Alarm},
    },
    service::{Gateway, refusal},
    store::{
        Abort,
        sql::{self, alarm::Filter},
    },
};

impl Gateway {
    /// A page of alarms, and the token of the next, empty at the end.
    pub async fn list_alarms(
        &self,
        caller: &Caller,
        kind: Option<AlarmKind>,
        order: Option<String>,
        page_size: i32,
        page_token: &str,
    ) -> Result<(Vec<Alarm>, String), Refusal> {
        let list = format!("alarms|{}|{kind:?}|{order:?}", caller.organisation);
        let ask = self.pages.ask(&list, page_size, page_token)?;
        let organisation = (caller.class() == Class::Police).then(|| caller.organisation.clone());
        let filter = Filter { kind, organisation, order_id: order };
        let (before, size) = (ask.after.unwrap_or_default(), ask.size);
        let read = self.store.read(move |tx| {
            let (filter, before) = (filter.clone(), before.clone());
            Box::pin(
                async move { sql::alarm::list(tx, &filter, &before, size + 1).await.map_err(Abort::from) },
            )
        });
        let mut alarms = read.await.map_err(refusal)?;
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let more = alarms.len() > size;
        alarms.truncate(size);
        let last = alarms.last().filter(|_| more);
        let token = last.map_or_else(String::new, |last| self.pages.token(&list, &last.id));
        Ok((alarms, token))
    }
}
