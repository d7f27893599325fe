//! What the steps of an order have in common: the order locked, its numbers opened, the world looked at again, and the
//! answer.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
};

use serde::{Deserialize, Serialize};

use super::{
    alarm::Raised,
    conflict,
    judge::{self, Asked, Depth, world_sha256},
    key, order_name, restore,
    shown::{Shown, not_found, shown},
    weigh::Weight,
};
use crate::{
    domain::{
        caller::Caller,
        number::Msisdn,
        participant::{Participant, ParticipantState},
        refusal::{Reason, Refusal},
        shutdown::{
            CommandKind, ImpactFlag, NumberState,
            approval::{Authority, No, may_act, may_see},
            terms::Terms,
        },
        time::Time,
    },
    service::{Gateway, act::Done, persons::Persons, refusal},
    store::{
        Abort, StoreError, Tx,
        sql::{self, shutdown::OrderRow, shutdown_number::NumberRow},
    },
};

/// An order after a step.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Stepped {
    /// As it is now.
    pub order: Shown,
    /// The step was done before.
    pub replayed: bool,
}

/// The numbers of an order, opened. They are what they are from the plan on; where they are in it is not.
pub(super) struct Numbers {
    pub(super) rows: Vec<NumberRow>,
    pub(super) asked: Vec<Asked>,
}

/// Alarms of a transaction that may be run again; sounded once it is committed.
#[derive(Clone, Default)]
pub(super) struct Bells(Arc<Mutex<Vec<Raised>>>);

impl Gateway {
    /// The numbers of an order. None where there is no such order: the step says so.
    pub(super) async fn open_numbers(&self, id: &str) -> Result<Arc<Numbers>, Refusal> {
        let (persons, id) = (self.persons()?.clone(), id.to_owned());
        let read = self.store.read(move |tx| {
            let (persons, id) = (persons.clone(), id.clone());
            Box::pin(async move {
                let order = sql::shutdown::lookup(tx, &id).await?.filter(|order| !order.is_erased());
                let Some(order) = order else {
                    return Ok(Arc::new(Numbers { rows: Vec::new(), asked: Vec::new() }));
                };
                let key = key::unlock(&persons, &order)?;
                let rows = sql::shutdown_number::of_order(tx, &id).await?;
                let asked = rows.iter().map(|row| open(&key, row)).collect::<Result<_, _>>()?;
                Ok::<_, Abort>(Arc::new(Numbers { rows, asked }))
            })
        });
        read.await.map_err(refusal)
    }
}

fn open(key: &crate::vault::SubjectKey, row: &NumberRow) -> Result<Asked, StoreError> {
    let number_index = row.number_index.as_slice().try_into();
    Ok(Asked {
        msisdn: key::open(key, row)?,
        number_index: number_index
            .map_err(|_| StoreError::inconsistent("shutdown_number", "number_index", &row.order_id))?,
        twice: row.flags.has(ImpactFlag::Duplicate),
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

/// Refuses an order whose numbers are no more what its plan found.
pub(super) async fn is_as_planned(
    tx: &mut dyn Tx,
    persons: &Persons,
    order: &OrderRow,
    numbers: &Numbers,
    now: Time,
) -> Result<(), Abort> {
    let same = match &order.restores {
        Some(original) => are_still_off(tx, original, numbers).await?,
        None => {
            let terms = terms(order)?;
            let impacts =
                judge::look(tx, persons, &terms, &order.id, &numbers.asked, Depth::Fate, now).await?;
            let world = impacts.iter().map(|one| (one.fate, one.mvno.as_ref(), one.line.as_deref()));
            world_sha256(world) == order.world_sha256
        }
    };
    if same {
        return Ok(());
    }
    let message = "What the plan said of its numbers is no longer so; make another plan.";
    Err(Abort::Refused(Refusal::new(Reason::PlanStale, message).with("plan", super::plan_name(&order.id))))
}

/// Whether nobody has let numbers of a restoration back since it was planned.
async fn are_still_off(tx: &mut dyn Tx, original: &str, numbers: &Numbers) -> Result<bool, StoreError> {
    let Some(original) = sql::shutdown::lookup_locked(tx, original).await? else { return Ok(false) };
    let off = restore::off(tx, &original, None).await?;
    let off: HashSet<&[u8]> = off.iter().map(|row| row.number_index.as_slice()).collect();
    let mut waiting = numbers.rows.iter().filter(|row| row.state == NumberState::Planned);
    Ok(waiting.all(|row| off.contains(row.number_index.as_slice())))
}

/// What an order weighs: everything that may go, now or when it is decided.
pub(super) fn weight(order: &OrderRow, numbers: &Numbers) -> Weight {
    let mut weight = Weight::default();
    for row in numbers.rows.iter().filter(|row| row.state != NumberState::Refused) {
        weight.sole += i64::from(order.kind == CommandKind::Shutdown && row.flags.has(ImpactFlag::SoleLine));
        if let Some(mvno) = &row.mvno {
            weight.load.add(mvno.clone(), 1);
        }
    }
    weight
}

/// Whether the rows still are the list that the plan's digest is of.
pub(super) fn is_whole(persons: &Persons, order: &OrderRow, numbers: &Numbers) -> Result<bool, StoreError> {
    let msisdns: Vec<Msisdn> = numbers.asked.iter().map(|asked| asked.msisdn.clone()).collect();
    Ok(key::plan_sha256(persons, &terms(order)?, &msisdns) == order.plan_sha256)
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
