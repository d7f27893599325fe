//! Plans to let numbers of an order back: by the authority that issued it, or by one above.

use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
};

use super::{
    plan::{self, Draft, aside, confirm_code},
    planned::{NumberImpact, Planned, is_shown},
    restore::{self, Back},
    shown::not_found,
    step,
    weigh::{self, Sole},
};
use crate::{
    domain::{
        caller::Caller,
        personal::Personal,
        refusal::{Refusal, Violation},
        shutdown::{
            ApprovalNeed, CommandKind, Flags,
            approval::{Authority, may_act},
            limit::{Load, Over},
            list::List,
            terms::Terms,
        },
        time::Time,
    },
    host,
    service::{Gateway, act::Answered, context::Context, persons::Persons, refusal, supervise::Faults},
    store::{
        Abort, Tx,
        sql::{self, shutdown::OrderRow},
    },
};

/// What is to be let back.
#[derive(Clone, Debug)]
pub struct Restoration {
    /// The order that cut it.
    pub order: String,
    /// The numbers; empty for all that is off.
    pub msisdns: Vec<Personal>,
    /// The number of the document that lets them back.
    pub order_number: String,
}

/// What was found of it.
struct Found {
    original: OrderRow,
    back: Vec<Back>,
    over: Option<Over>,
}

impl Gateway {
    /// Plans a restoration.
    pub async fn plan_restoration(
        &self,
        context: Context,
        asked: Restoration,
    ) -> Result<Answered<Planned>, Refusal> {
        let persons = self.persons()?.clone();
        let mut faults = Faults::of(&context);
        faults.reason(&context.reason);
        faults.line("order_number", &asked.order_number, 1, 64);
        let list = List::read(asked.msisdns).unwrap_or_else(|found| {
            found.into_iter().for_each(|fault| faults.add(fault));
            List::default()
        });
        faults.done()?;
        let context = persons.veil(context);
        if let Some(kept) = self.replayed::<plan::Kept>(&context).await? {
            return self.plan_again(kept.answer.id).await;
        }
        let now = self.clock.now();
        let found = {
            let (persons, caller) = (persons.clone(), context.caller.clone());
            let (list, id) = (Arc::new(list), asked.order.clone());
            let number = asked.order_number.clone();
            let read = self.store.read(move |tx| {
                let (persons, caller, list) = (persons.clone(), caller.clone(), list.clone());
                let (id, number) = (id.clone(), number.clone());
                Box::pin(async move { find(tx, &persons, &caller, &id, &list, &number, now).await })
            });
            read.await.map_err(refusal)?
        };
        let (by, reason) = (context.caller.clone(), context.reason.clone());
        let draft = aside(move || draw_up(&persons, found, &by, &asked.order_number, reason, now)).await??;
        self.keep_plan(context, draft).await
    }
}

async fn find(
    tx: &mut dyn Tx,
    persons: &Persons,
    caller: &Caller,
    id: &str,
    list: &List,
    order_number: &str,
    now: Time,
) -> Result<Found, Abort> {
    let original = sql::shutdown::lookup(tx, id).await?.filter(|order| order.state.is_some());
    let original = original.ok_or_else(|| Abort::Refused(not_found(id)))?;
    let (own, issuer) = (step::authority(tx, caller).await?, step::issuer(tx, &original).await?);
    let level = issuer.and_then(|issuer| issuer.level);
    let authority = Authority { organisation: &original.organisation, level };
    may_act(caller, own.level, authority).map_err(|no| Abort::Refused(step::refused(no, &original)))?;
    if original.kind != CommandKind::Shutdown {
        let text = "an order of SHUTDOWN; a restoration is undone by another shutdown";
        return Err(Abort::Refused(Refusal::field("order", "NOT_A_SHUTDOWN", text)));
    }
    let mut rows = restore::off(tx, &original, None).await?;
    if !list.is_empty() {
        let index = persons.vault.index();
        let named: HashSet<Vec<u8>> =
            list.iter().map(|listed| index.number(&listed.msisdn.e164()).as_bytes().to_vec()).collect();
        rows.retain(|row| named.contains(&row.number_index));
        if rows.len() < named.len() {
            let missing = named.len() - rows.len();
            let text =
                format!("{missing} of these were not cut by this order, or are being let back already");
            return Err(Abort::Refused(Refusal::fields(vec![Violation::new("msisdns", "NOT_OFF", text)])));
        }
    }
    if rows.is_empty() {
        return Err(Abort::Refused(restore::nothing_off(&original)));
    }
    let back = restore::opened(persons, &original, rows)?;
    let over = if step::is_of_one(&original) {
        None
    } else {
        let mvnos = back.iter().filter_map(|back| back.row.mvno.clone());
        let terms = own_terms(&original, caller, order_number, String::new())?;
        weigh::over(tx, &terms, &Load::of_each(mvnos), Sole::Count(0), now).await?
    };
    Ok(Found { original, back, over })
}

/// Its terms: those of the order that it undoes, of whoever lets back, by another document and for another reason.
fn own_terms(
    original: &OrderRow,
    caller: &Caller,
    order_number: &str,
    reason: String,
) -> Result<Terms, crate::store::StoreError> {
    let mut terms =
        Terms { organisation: caller.organisation.clone(), ..restore::terms(original, order_number)? };
    terms.header.reason = reason;
    Ok(terms)
}

fn draw_up(
    persons: &Persons,
    found: Found,
    by: &Caller,
    order_number: &str,
    reason: String,
    now: Time,
) -> Result<Draft, Refusal> {
    let terms =
        own_terms(&found.original, by, order_number, reason).map_err(|error| refusal(error.into()))?;
    let id = host::new_id(now);
    let (order, batches) = restore::draw_up(persons, &id, &terms, &found.back, &by.to_string(), now);
    let second = found.over.is_some();
    let order = OrderRow {
        confirm_code: confirm_code(),
        plan_expire_time: now.plus(plan::LIVES),
        approval: if second { ApprovalNeed::SecondOfficer } else { ApprovalNeed::NotNeeded },
        ..order
    };
    // None of them has a flag: all of a small plan are shown, and none of a large one.
    let counted = vec![(Flags::default(), order.number_count)];
    let numbers = found.back.len();
    let shown = found.back.into_iter().filter(|_| is_shown(Flags::default(), numbers));
    let impact = |Back { row, msisdn }| NumberImpact {
        msisdn,
        flags: Flags::default(),
        mvno: row.mvno,
        carrier: row.carrier,
    };
    let impacts = shown.map(impact).collect();
    Ok(Draft { order, batches, over: found.over, blocks: BTreeSet::new(), counted, impacts })
}
