//! Takes a block of numbers back.

use super::{
    Gateway,
    act::{Answered, Done},
    context::Context,
    supervise::Faults,
};
use crate::{
    domain::{
        allocation::Allocation,
        name::ParticipantName,
        number::Prefix,
        refusal::{Reason, Refusal},
    },
    store::sql,
};

impl Gateway {
    /// Ends the allocation of a block.
    pub async fn return_numbers(
        &self,
        context: Context,
        mvno: ParticipantName,
        prefix: Prefix,
    ) -> Result<Answered<Allocation>, Refusal> {
        let mut faults = Faults::of(&context);
        faults.reason(&context.reason);
        faults.done()?;
        self.act(context, move |tx, now| {
            let (mvno, prefix) = (mvno.clone(), prefix.clone());
            Box::pin(async move {
                sql::standing::lock(tx, &mvno).await?;
                let held = sql::allocation::lookup_active(tx, prefix.as_str()).await?;
                let Some(mut allocation) = held.filter(|allocation| allocation.mvno == mvno) else {
                    let message = format!(
                        "Block {} is not allocated to {mvno}; list the allocations first.",
                        prefix.as_str()
                    );
                    return Err(Refusal::new(Reason::PrefixNotAllocated, message)
                        .with("prefix", prefix.as_str())
                        .with("mvno", &mvno)
                        .into());
                };
                sql::allocation::return_(tx, &allocation.id, now).await?;
                allocation.return_time = Some(now);
                let detail = serde_json::json!({ "mvno": mvno.to_string() });
                let subject = format!("allocations/{}", allocation.prefix);
                Ok(Done { answer: allocation, subject, detail, revision: None })
            })
        })
        .await
    }
}
