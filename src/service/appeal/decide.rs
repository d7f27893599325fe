//! Decides an appeal. One that is upheld lets the number back in the same transaction: its restoration is in the outboxes
//! of its receivers when the decision is answered.

use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};

use super::{Shown, scope, unknown};
use crate::{
    domain::{
        appeal::{Appeal, Found},
        caller::Caller,
        refusal::{Reason, Refusal},
        shutdown::{AppealOutcome, OrderState},
        time::Time,
    },
    service::{
        Gateway,
        act::{Answered, Done},
        context::Context,
        persons::Persons,
        refusal,
        shutdown::{
            alarm::Raised,
            order_name,
            restore::{self, Cause},
        },
        supervise::Faults,
    },
    store::{
        Abort, Tx,
        sql::{
            self,
            shutdown::{BatchRow, OrderRow},
        },
    },
};

/// A decision.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Decided {
    appeal: Appeal,
    again: bool,
}

/// What a decision is made with, in every try of its transaction.
struct Work {
    persons: Arc<Persons>,
    caller: Caller,
    id: String,
    outcome: AppealOutcome,
    reason: String,
    /// Alarms of the last try.
    raised: Mutex<Vec<Raised>>,
}

impl Gateway {
    /// Decides an appeal.
    pub async fn decide_appeal(
        &self,
        context: Context,
        id: String,
        outcome: Option<AppealOutcome>,
    ) -> Result<Answered<Shown>, Refusal> {
        let persons = self.persons()?.clone();
        let mut faults = Faults::of(&context);
        faults.reason(&context.reason);
        faults.done()?;
        let Some(outcome) = outcome else { return Err(unknown(&id)) }; // a missing one is a fault of the message
        let caller = context.caller.clone();
        let reason = context.reason.clone();
        let validate_only = context.validate_only;
        let raised = Mutex::default();
        let work = Work { persons: persons.clone(), caller: caller.clone(), id, outcome, reason, raised };
        let work = Arc::new(work);
        let tries = work.clone();
        let done = self
            .act(context, move |tx, now| {
                let work = tries.clone();
                Box::pin(async move { work.run(tx, now).await })
            })
            .await?;
        if !validate_only {
            std::mem::take(&mut *work.raised.lock().expect("nobody panics holding it"))
                .into_iter()
                .for_each(Raised::sound);
        }
        let replayed = done.replayed || done.answer.again;
        let id = done.answer.appeal.id.clone();
        let sealed = self.store.read(move |tx| {
            let id = id.clone();
            Box::pin(async move { Ok(sql::appeal::lookup_sealed(tx, &id).await?) })
        });
        let sealed = sealed.await.map_err(refusal)?.ok_or_else(|| unknown(&done.answer.appeal.id))?;
        let shown = Shown::open(&persons.vault, &caller, sealed).map_err(|error| refusal(error.into()))?;
        Ok(Answered { answer: Shown { appeal: done.answer.appeal, ..shown }, replayed })
    }
}

// === impl Work ===

impl Work {
    async fn run(&self, tx: &mut dyn Tx, now: Time) -> Result<Done<Decided>, Abort> {
        self.raised.lock().expect("nobody panics holding it").clear();
        let unknown = || unknown(&self.id);
        let scope = scope(&self.caller).ok_or_else(unknown)?;
        let found = sql::appeal::lookup(tx, &self.id).await?;
        let own = found.filter(|appeal| scope.organisation.is_none_or(|own| own == appeal.organisation));
        let order_id = own.ok_or_else(unknown)?.order_id;
        // The order first: whoever changes its numbers locks it.
        let order = sql::shutdown::lookup_locked(tx, &order_id).await?.ok_or_else(unknown)?;
        let appeal = sql::appeal::lookup_locked(tx, &self.id).await?.ok_or_else(unknown)?;
        let again = match appeal.finds(self.outcome) {
            Found::Open => self.may_find(&order).map(|()| false)?,
            Found::Same => true,
            Found::Other => return Err(decided(&appeal).into()),
        };
        let mut appeal = appeal.decide(self.outcome, &self.caller.to_string(), &self.reason, now);
        if !again {
            if self.outcome == AppealOutcome::Upheld {
                appeal.restoration = self.let_back(tx, &order, appeal.n, now).await?;
            }
            sql::appeal::save(tx, &appeal).await?;
        }
        let detail = serde_json::json!({
            "outcome": self.outcome.as_str(),
            "order": order_name(&order_id),
            "restoration": appeal.restoration,
            "again": again,
        });
        Ok(Done { subject: appeal.name(), answer: Decided { appeal, again }, detail, revision: None })
    }

    /// Nobody is judge of their own order: whoever made it lets back at once, and has another officer say no.
    fn may_find(&self, order: &OrderRow) -> Result<(), Abort> {
        let caller = self.caller.to_string();
        let own = order.planned_by == caller || order.issued_by.as_deref() == Some(&caller);
        if self.outcome != AppealOutcome::Rejected || !own {
            return Ok(());
        }
        let message = "You planned or issued the order yourself: uphold this appeal, or have another officer reject it.";
        let refusal = Refusal::new(Reason::ApproverIsProposer, message).with("order", order_name(&order.id));
        Err(Abort::Refused(refusal))
    }

    /// The restoration; `None` where nothing is left to let back, or where an order that is obeyed against this one keeps
    /// the number off, or some of its services: nobody is promised more than comes back.
    async fn let_back(
        &self,
        tx: &mut dyn Tx,
        order: &OrderRow,
        n: i64,
        now: Time,
    ) -> Result<Option<String>, Abort> {
        if restore::off(tx, order, Some(&[n])).await?.is_empty() {
            return Ok(None);
        }
        let by = self.caller.to_string();
        let (restoration, raised) =
            restore::restore(tx, &self.persons, order, Some(&[n]), Cause::Appeal, &by, now).await?;
        self.raised.lock().expect("nobody panics holding it").extend(raised);
        let batches = sql::shutdown::batches(tx, &restoration.id).await?;
        let whole = |batch: &BatchRow| batch.scopes.is_none_or(|scopes| scopes.covers(order.scopes));
        let goes = restoration.state == Some(OrderState::InProgress) && batches.iter().all(whole);
        Ok(goes.then(|| order_name(&restoration.id)))
    }
}

fn decided(appeal: &Appeal) -> Refusal {
    let outcome = appeal.outcome.map_or("", AppealOutcome::as_str);
    let message = format!("{} was decided already: {outcome}. That decision stands.", appeal.name());
    Refusal::new(Reason::AppealDecided, message).with("appeal", appeal.name()).with("outcome", outcome)
}
