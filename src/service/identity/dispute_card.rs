//! Opens a case about lines that are not the person's own, at the MVNO that has them.

use super::holder;
use crate::{
    domain::{
        day,
        dispute::{ANSWERED_WITHIN, Dispute, DisputeState},
        document::DocumentDraft,
        name::ParticipantName,
        refusal::{Refusal, Violation},
    },
    host,
    service::{
        Gateway,
        act::{Answered, Done},
        context::Context,
        record::unknown_mvno,
        supervise::Faults,
    },
    store::sql,
};

/// Lines disputed at once, at most: no count of a person's lines is higher.
const MOST: i32 = 10_000;

impl Gateway {
    /// Opens a dispute.
    pub async fn dispute_card(
        &self,
        context: Context,
        document: DocumentDraft,
        mvno: ParticipantName,
        count: i32,
    ) -> Result<Answered<Dispute>, Refusal> {
        let persons = self.persons()?;
        let mut faults = Faults::of(&context);
        let fits = (0..=MOST).contains(&count);
        faults.require(fits, "count", "OUT_OF_RANGE", "0 for all, or how many, up to 10,000");
        let holder = match holder(persons, document, "document", day::of(self.clock.now())) {
            Ok(holder) => Some(holder),
            Err(found) => {
                found.into_iter().map(Violation::from).for_each(|fault| faults.push(fault));
                None
            }
        };
        faults.done()?;
        let token = holder.map(|holder| persons.vault.index().subject_token(&mvno, &holder.index));
        let token = token.map(|token| token.as_str().to_owned()).unwrap_or_default();
        self.act(persons.veil(context), move |tx, now| {
            let (mvno, token) = (mvno.clone(), token.clone());
            Box::pin(async move {
                if sql::standing::lookup(tx, &mvno).await?.is_none() {
                    return Err(unknown_mvno(&mvno).into());
                }
                let dispute = Dispute {
                    id: host::new_id(now),
                    mvno,
                    state: DisputeState::Open,
                    subject_token: token,
                    count: u32::try_from(count).unwrap_or(0),
                    open_time: now,
                    due_time: now.plus(ANSWERED_WITHIN),
                    outcome: None,
                    answer_time: None,
                };
                sql::dispute::add(tx, &dispute).await?;
                let detail = serde_json::json!({ "mvno": dispute.mvno.to_string(), "count": dispute.count });
                Ok(Done { subject: dispute.name(), answer: dispute, detail, revision: None })
            })
        })
        .await
    }
}
