//! What the steps of an order have in common: the order locked, its list held to its plan, and the answer.

use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};

use super::{
    alarm::Raised,
    conflict,
    judge::Asked,
    key, order_name,
    shown::{Shown, not_found, shown},
    world::PAGE,
};
use crate::{
    domain::{
        caller::Caller,
        number::Msisdn,
        participant::{Participant, ParticipantState},
        refusal::{Reason, Refusal},
        shutdown::{
            ApprovalNeed, ImpactFlag,
            approval::{Authority, No, may_act, may_see},
            terms::Terms,
        },
        time::Time,
    },
    service::{
        act::Done,
        command::look::{self, End},
        persons::Persons,
    },
    store::{
        Abort, StoreError, Tx,
        sql::{self, shutdown::OrderRow, shutdown_number::Listed},
    },
    vault::SubjectKey,
};

/// An order after a step.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Stepped {
    /// As it is now.
    pub order: Shown,
    /// The step was done before.
    pub replayed: bool,
}

/// Alarms of a transaction that may be run again; sounded once it is committed.
#[derive(Clone, Default)]
pub(super) struct Bells(Arc<Mutex<Vec<Raised>>>);

/// A number of an order, opened to be looked at.
pub(super) fn open(key: &SubjectKey, order: &OrderRow, listed: &Listed) -> Result<Asked, StoreError> {
    Ok(Asked {
        msisdn: key::open_at(key, &order.id, listed.n, &listed.number)?,
        number_index: listed.number_index,
        twice: listed.flags.has(ImpactFlag::Duplicate),
    })
}

/// An order that the caller may act on, locked.
pub(super) async fn lock(tx: &mut dyn Tx, caller: &Caller, id: &str) -> Result<OrderRow, Abort> {
    let order = lock_issued(tx, id).await?;
    let (own, issuer) = (authority(tx, caller).await?, issuer(tx, &order).await?);
    let level = issuer.and_then(|issuer| issuer.level);
    let issuer = Authority { organisation: &order.organisation, level };
    may_act(caller, own.level, issuer).map_err(|no| Abort::Refused(refused(no, &order)))?;
    Ok(order)
}

/// An order, locked. A plan that was not issued is none.
pub(super) async fn lock_issued(tx: &mut dyn Tx, id: &str) -> Result<OrderRow, Abort> {
    let order = sql::shutdown::lookup_locked(tx, id).await?.filter(|order| order.state.is_some());
    order.ok_or_else(|| Abort::Refused(not_found(id)))
}

/// The caller's own row: an authority that does not take part any more does nothing, whatever this node's board says.
pub(super) async fn authority(tx: &mut dyn Tx, caller: &Caller) -> Result<Participant, Abort> {
    let own = sql::participant::lookup(tx, &caller.organisation).await?;
    let suspended = |own: &Participant| {
        matches!(own.state, ParticipantState::Suspended | ParticipantState::ResumeProposed)
    };
    own.filter(|own| !suspended(own)).ok_or_else(|| Abort::Refused(Refusal::takes_no_part(caller)))
}

/// The row of an order's authority.
pub(super) async fn issuer(tx: &mut dyn Tx, order: &OrderRow) -> Result<Option<Participant>, StoreError> {
    sql::participant::lookup(tx, &order.organisation).await
}

/// Refuses to go on with an order that time has ended.
pub(super) fn is_not_over(order: &OrderRow, now: Time) -> Result<(), Abort> {
    let (what, key, time) = match look::end(order, now) {
        None => return Ok(()),
        Some(End::Own(time)) => ("The order came to its own end", "expire_time", time),
        Some(End::Unconfirmed(time)) => {
            ("Nobody confirmed what one officer did by break glass", "approve_by_time", time)
        }
    };
    let message = format!("{what} by {time}: nothing of it goes out any more. Plan another order.");
    let refusal = Refusal::new(Reason::OrderState, message).with("order", order_name(&order.id));
    Err(Abort::Refused(refusal.with(key, time)))
}

/// Whether what an order has cut was one officer's act: to undo that takes no more.
pub(super) fn is_of_one(order: &OrderRow) -> bool {
    order.approval == ApprovalNeed::NotNeeded || look::is_unconfirmed(order)
}

/// Whether the caller may know of an order, for questions.
pub(super) fn is_seen(caller: &Caller, order: &OrderRow) -> bool {
    order.state.is_some() && may_see(caller, &order.organisation)
}

/// The refusal behind a no.
pub(super) fn refused(no: No, order: &OrderRow) -> Refusal {
    let name = order_name(&order.id);
    match no {
        No::Unseen => not_found(&order.id),
        No::NotYours => {
            let message = "This is for the authority that issued the order, or one of a higher level.";
            Refusal::new(Reason::NotYours, message).with("order", name).with("issuer", &order.organisation)
        }
        No::Proposer => {
            let message = "You planned or issued this order yourself; another person must approve it.";
            Refusal::new(Reason::ApproverIsProposer, message).with("order", name)
        }
        No::OtherPlan => {
            let message = "This plan_sha256 is not the order's: read its plan, and approve what that says.";
            Refusal::new(Reason::PlanHashMismatch, message).with("order", name)
        }
        No::State => super::shown::wrong_state(order),
    }
}

/// The terms of a plan or order.
pub(super) fn terms(order: &OrderRow) -> Result<Terms, StoreError> {
    Ok(Terms {
        kind: order.kind,
        organisation: order.organisation.clone(),
        order_number: order.order_number.clone(),
        header: super::header(order)?,
        evidence_time: order.evidence_time,
        scopes: order.scopes,
        urgency: order.urgency,
        effective_time: order.effective_time,
        expire_time: order.expire_time,
        break_glass: order.break_glass,
        drill: order.drill,
        restores: order.restores.clone(),
    })
}

/// Whether terms and list still are what the plan's digest is of. A list is so where it is as long: each of its numbers is
/// opened once more before it goes, and opens at its own place alone.
pub(super) async fn is_whole(
    tx: &mut dyn Tx,
    persons: &Persons,
    order: &OrderRow,
) -> Result<bool, StoreError> {
    let terms = terms(order)?;
    if let Some(kept) = &order.terms_sha256 {
        let same = key::terms_sha256(persons, &terms, order.number_count, &order.plan_sha256) == *kept;
        return Ok(same && sql::shutdown::count_numbers(tx, &order.id).await? == order.number_count);
    }
    let (key, mut after) = (key::unlock(persons, order)?, (-1, 0));
    let mut numbers: Vec<(i64, Msisdn)> = Vec::new();
    loop {
        let page = sql::shutdown_number::list_after(tx, &order.id, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = (last.batch, last.n);
        for listed in &page {
            numbers.push((listed.n, open(&key, order, listed)?.msisdn));
        }
    }
    numbers.sort_unstable_by_key(|(n, _)| *n);
    let numbers = numbers.iter().map(|(_, msisdn)| msisdn);
    Ok(key::plan_sha256(persons, &terms, numbers) == order.plan_sha256)
}

/// The answer of a step, with what the ledger says of it.
pub(super) async fn done(
    tx: &mut dyn Tx,
    order: &OrderRow,
    replayed: bool,
    mut detail: serde_json::Value,
) -> Result<Done<Stepped>, Abort> {
    let order = shown(tx, order).await?;
    detail["state"] = order.state.as_str().into();
    detail["numbers"] = order.number_count.into();
    if replayed {
        detail["replayed"] = true.into();
    }
    Ok(Done { subject: order_name(&order.id), answer: Stepped { order, replayed }, detail, revision: None })
}

// === impl Bells ===

impl Bells {
    /// None: the transaction begins, perhaps again.
    pub(super) fn silence(&self) {
        self.0.lock().expect("nobody panics holding it").clear();
    }

    /// One more.
    pub(super) fn add(&self, raised: Raised) {
        self.0.lock().expect("nobody panics holding it").push(raised);
    }

    /// What other orders want of the same numbers is settled before an order is released.
    pub(super) async fn settle(&self, tx: &mut dyn Tx, order: &OrderRow, now: Time) -> Result<(), Abort> {
        let raised = conflict::resolve(tx, order, conflict::Asked::ByPerson, now).await?;
        raised.into_iter().for_each(|raised| self.add(raised));
        Ok(())
    }

    /// Sounds all of them.
    pub(super) fn sound(&self) {
        let raised = std::mem::take(&mut *self.0.lock().expect("nobody panics holding it"));
        raised.into_iter().for_each(Raised::sound);
    }
}
