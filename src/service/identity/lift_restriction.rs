//! Lifts a joint punishment before its end: a regulator any, police those that police entered.

use super::holder;
use crate::{
    domain::{
        caller::{Caller, Class},
        day,
        document::DocumentDraft,
        quota::Restriction,
        refusal::{Reason, Refusal, Violation},
    },
    service::{
        Gateway,
        act::{Answered, Done},
        context::Context,
        supervise::Faults,
    },
    store::sql,
};

impl Gateway {
    /// Lifts the restriction of a person.
    pub async fn lift_restriction(
        &self,
        context: Context,
        document: DocumentDraft,
    ) -> Result<Answered<Restriction>, Refusal> {
        let mut faults = Faults::of(&context);
        faults.optional_reason(&context.reason);
        let holder = match holder(self.persons()?, document, "document", day::of(self.clock.now())) {
            Ok(holder) => Some(holder),
            Err(found) => {
                found.into_iter().map(Violation::from).for_each(|fault| faults.push(fault));
                None
            }
        };
        faults.done()?;
        let found = holder.map(|holder| (holder.index.as_bytes().to_vec(), holder.pseudonym));
        let (index, pseudonym) = found.unwrap_or_default();
        let caller = context.caller.clone();
        self.act(self.persons()?.veil(context), move |tx, now| {
            let (index, pseudonym, caller) = (index.clone(), pseudonym.clone(), caller.clone());
            Box::pin(async move {
                sql::blacklist::lock(tx).await?;
                let found = sql::restriction::in_force(tx, &index, now).await?;
                let mut restriction = found.ok_or_else(|| {
                    Refusal::new(Reason::NotRestricted, "No restriction of that person is in force.")
                })?;
                may_lift(&caller, &restriction)?;
                sql::restriction::lift(tx, &restriction.id, &caller.to_string(), now).await?;
                restriction.lifted = Some(now);
                let detail = serde_json::json!({ "person": pseudonym });
                let subject = restriction.name();
                Ok(Done { answer: restriction, subject, detail, revision: None })
            })
        })
        .await
    }
}

fn may_lift(caller: &Caller, restriction: &Restriction) -> Result<(), Refusal> {
    let by_police = restriction.restricted_by.starts_with(Class::Police.collection());
    if caller.class() == Class::Regulator || by_police {
        return Ok(());
    }
    let message =
        format!("You are {caller}; a regulator entered this restriction, and a regulator lifts it.");
    Err(Refusal::new(Reason::NotYours, message).with("caller", caller))
}
