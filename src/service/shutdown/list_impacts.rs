//! What a plan would do, number by number: those with a flag first.

use super::{key, plan::no_plan, planned::NumberImpact};
use crate::{
    domain::{
        caller::{Caller, Class},
        refusal::Refusal,
        shutdown::ImpactFlag,
    },
    service::{Gateway, refusal},
    store::{Abort, sql, sql::shutdown::OrderRow},
};

/// Rows of a page where none are asked for.
const DEFAULT: i32 = 100;

impl Gateway {
    /// A page of impacts, and the token of the next, empty at the end.
    pub async fn list_plan_impacts(
        &self,
        caller: &Caller,
        plan: String,
        flag: Option<ImpactFlag>,
        page_size: i32,
        page_token: &str,
    ) -> Result<(Vec<NumberImpact>, String), Refusal> {
        let list = format!("plan_impacts|{}|{plan}|{flag:?}", caller.organisation);
        let ask = self.pages.ask(&list, if page_size == 0 { DEFAULT } else { page_size }, page_token)?;
        let (persons, caller) = (self.persons()?.clone(), caller.clone());
        let (after, size) = (sql::shutdown_number::Mark::parse(ask.after.as_deref()), ask.size);
        let read = self.store.read(move |tx| {
            let (persons, caller, plan) = (persons.clone(), caller.clone(), plan.clone());
            Box::pin(async move {
                let order = sql::shutdown::lookup(tx, &plan)
                    .await?
                    .filter(|order| may_read(&caller, order) && !order.is_erased());
                let order = order.ok_or_else(|| Abort::Refused(no_plan(&plan)))?;
                let key = key::unlock(&persons, &order)?;
                let rows = sql::shutdown_number::impacts(tx, &order.id, flag, after, size + 1).await?;
                let more = i64::try_from(rows.len()).unwrap_or(i64::MAX) > size;
                let rows = rows.into_iter().take(usize::try_from(size).unwrap_or(usize::MAX));
                let impacts = rows.map(|row| {
                    let msisdn = key::open(&key, &row)?;
                    let last = sql::shutdown_number::Mark::of(&row);
                    let impact =
                        NumberImpact { msisdn, flags: row.flags, mvno: row.mvno, carrier: row.carrier };
                    Ok::<_, Abort>((impact, last))
                });
                Ok((impacts.collect::<Result<Vec<_>, _>>()?, more))
            })
        });
        let (impacts, more) = read.await.map_err(refusal)?;
        let last = impacts.last().filter(|_| more);
        let token = last.map_or_else(String::new, |(_, mark)| self.pages.token(&list, &mark.to_string()));
        Ok((impacts.into_iter().map(|(impact, _)| impact).collect(), token))
    }
}

/// A plan is its organisation's; once it was issued, whoever may approve it reads it too.
fn may_read(caller: &Caller, plan: &OrderRow) -> bool {
    match caller.class() {
        Class::Auditor => true,
        Class::Regulator if plan.issue_time.is_some() => true,
        _ => caller.organisation == plan.organisation,
    }
}
