//! Allocates a block of 10,000 numbers to an MVNO: judged by the same rules as a status check, inside the
//! allocation's own transaction, with the MVNO's row locked, so that no suspension can slip in between.

use super::{
    Gateway,
    act::{Answered, Done},
    board::present,
    context::Context,
    record::history,
    supervise::Faults,
};
use crate::{
    domain::{
        allocation::Allocation,
        decision::{self, Action, Decided, Decision},
        name::ParticipantName,
        number::Prefix,
        refusal::{Reason, Refusal},
        rules::RuleSet,
        standing,
    },
    host,
    store::{StoreError, sql},
};

impl Gateway {
    /// Allocates a block.
    pub async fn allocate_numbers(
        &self,
        context: Context,
        mvno: ParticipantName,
        prefix: Prefix,
    ) -> Result<Answered<Allocation>, Refusal> {
        let mut faults = Faults::of(&context);
        faults.reason(&context.reason);
        faults.done()?;
        let (rules, caller, reason) = (self.rules.clone(), context.caller.clone(), context.reason.clone());
        self.act(context, move |tx, now| {
            let (rules, caller, reason) = (rules.clone(), caller.clone(), reason.clone());
            let (mvno, prefix) = (mvno.clone(), prefix.clone());
            Box::pin(async move {
                sql::standing::lock(tx, &mvno).await?;
                let facts = history(tx, &mvno).await?;
                let judged = present(&facts, now);
                let evaluation = standing::evaluate(&facts, &rules, judged, judged)
                    .map_err(|_| Refusal::no_rules_then(now))?;
                let set = rules.at(judged).ok_or_else(|| Refusal::no_rules_then(now))?;
                let decided = decision::decide(&evaluation, Action::AllocateNumbers, set);
                let held = sql::allocation::count_active(tx, &mvno).await?;
                may_allocate(&mvno, &decided, set, held)?;
                if let Some(taken) = sql::allocation::lookup_active(tx, prefix.as_str()).await? {
                    return Err(taken_by(&taken).into());
                }
                let allocation = Allocation {
                    id: host::new_id(now),
                    prefix: prefix.as_str().to_owned(),
                    mvno: mvno.clone(),
                    carrier: prefix.carrier().clone(),
                    allocate_time: now,
                    return_time: None,
                    allocated_by: caller.to_string(),
                    reason: reason.clone(),
                };
                match sql::allocation::add(tx, &allocation).await {
                    Err(StoreError::Duplicate) => return Err(taken_by(&allocation).into()),
                    added => added?,
                }
                let detail = serde_json::json!({
                    "mvno": mvno.to_string(),
                    "standing": evaluation.standing.as_str(),
                    "decision": decided.decision.as_str(),
                });
                let subject = format!("allocations/{}", allocation.prefix);
                Ok(Done { answer: allocation, subject, detail, revision: None })
            })
        })
        .await
    }
}

/// Whether one block more is allowed at that standing.
fn may_allocate(mvno: &ParticipantName, decided: &Decided, set: &RuleSet, held: i64) -> Result<(), Refusal> {
    match decided.decision {
        Decision::Allow | Decision::Conditional => {}
        Decision::Review | Decision::Deny => return Err(Refusal::standing_denies(mvno, decided.clone())),
    }
    let ceiling = set.ceiling(decided.standing);
    if held < ceiling {
        return Ok(());
    }
    let standing = decided.standing.as_str();
    let message =
        format!("{mvno} holds {held} blocks, and {ceiling} is the ceiling at {standing}; return some first.");
    Err(Refusal::new(Reason::CeilingReached, message)
        .with("mvno", mvno)
        .with("held", held)
        .with("ceiling", ceiling)
        .with("standing", standing))
}

fn taken_by(allocation: &Allocation) -> Refusal {
    let message = format!("Block {} is allocated already; choose another.", allocation.prefix);
    Refusal::new(Reason::PrefixTaken, message).with("prefix", &allocation.prefix)
}
