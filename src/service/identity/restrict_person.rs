//! Enters a joint punishment of a person: no new line at any MVNO until it ends.

use super::holder;
use crate::{
    domain::{
        day,
        document::{DocumentDraft, PersonName},
        quota::{self, Restriction},
        refusal::{Reason, Refusal, Violation},
        time::Time,
    },
    host,
    service::{
        Gateway,
        act::{Answered, Done},
        context::Context,
        supervise::Faults,
    },
    store::sql,
};

impl Gateway {
    /// Restricts a person.
    pub async fn restrict_person(
        &self,
        context: Context,
        document: DocumentDraft,
        until: Time,
    ) -> Result<Answered<Restriction>, Refusal> {
        let context = self.persons()?.veil(context);
        if let Some(answer) = self.replayed(&context).await? {
            return Ok(answer);
        }
        let now = self.clock.now();
        let mut faults = Faults::of(&context);
        faults.optional_reason(&context.reason);
        if let Err(fault) = quota::restriction_end(until, now) {
            faults.push(Violation::new("until_time", fault.code.as_str(), fault.text));
        }
        if let Err(fault) = PersonName::read(document.name.clone()) {
            faults.push(Violation::new("document.name", fault.code.as_str(), fault.text));
        }
        let holder = match holder(self.persons()?, document, "document", day::of(now)) {
            Ok(holder) => Some(holder),
            Err(found) => {
                found.into_iter().map(Violation::from).for_each(|fault| faults.push(fault));
                None
            }
        };
        faults.done()?;
        let found = holder.map(|holder| (holder.index.as_bytes().to_vec(), holder.pseudonym));
        let (index, pseudonym) = found.unwrap_or_default();
        let caller = context.caller.to_string();
        self.act(context, move |tx, now| {
            let (index, pseudonym, caller) = (index.clone(), pseudonym.clone(), caller.clone());
            Box::pin(async move {
                sql::blacklist::lock(tx).await?;
                if sql::restriction::in_force(tx, &index, now).await?.is_some() {
                    let message = "The person is restricted already; lift that restriction first.";
                    return Err(Refusal::new(Reason::AlreadyRestricted, message).into());
                }
                let restriction = Restriction {
                    id: host::new_id(now),
                    from: now,
                    until,
                    lifted: None,
                    restricted_by: caller,
                };
                sql::restriction::lock_person(tx, &index).await?;
                sql::restriction::add(tx, &restriction, &index).await?;
                let detail = serde_json::json!({ "person": pseudonym, "until": until.to_string() });
                let subject = restriction.name();
                Ok(Done { answer: restriction, subject, detail, revision: None })
            })
        })
        .await
    }
}
