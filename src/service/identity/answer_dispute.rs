//! The MVNO's answer to a dispute: what was found, and done with the lines.

use crate::{
    domain::{
        dispute::{Dispute, DisputeOutcome, DisputeState},
        refusal::{Reason, Refusal},
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
    /// Answers a dispute at the caller.
    pub async fn answer_dispute(
        &self,
        context: Context,
        name: String,
        outcome: Option<DisputeOutcome>,
    ) -> Result<Answered<Dispute>, Refusal> {
        let mut faults = Faults::of(&context);
        faults.optional_reason(&context.reason);
        faults.done()?;
        let outcome = outcome.ok_or_else(|| Refusal::field("outcome", "REQUIRED", "what came of it"))?;
        let caller = context.caller.clone();
        self.act(context, move |tx, now| {
            let (caller, name) = (caller.clone(), name.clone());
            Box::pin(async move {
                let id = name.rsplit('/').next().unwrap_or_default();
                let found = sql::dispute::lookup_locked(tx, id).await?;
                let own =
                    found.filter(|dispute| dispute.mvno == caller.organisation && dispute.name() == name);
                let mut dispute = own.ok_or_else(|| unknown(&name))?;
                if dispute.state == DisputeState::Answered {
                    let message = format!("{name} was answered already; ListDisputes shows how.");
                    return Err(Refusal::new(Reason::DisputeAnswered, message).with("dispute", &name).into());
                }
                dispute.state = DisputeState::Answered;
                dispute.outcome = Some(outcome);
                dispute.answer_time = Some(now);
                sql::dispute::answer(tx, &dispute).await?;
                let detail = serde_json::json!({ "outcome": outcome.as_str() });
                Ok(Done { answer: dispute, subject: name, detail, revision: None })
            })
        })
        .await
    }
}

fn unknown(name: &str) -> Refusal {
    Refusal::new(
        Reason::DisputeNotFound,
        format!("No dispute {name} at you; ListDisputes shows those that are."),
    )
    .with("dispute", name)
}
