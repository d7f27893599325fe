//! Takes a block of numbers back. Nobody registers in it meanwhile: whoever does shares the lock that is taken here, so
//! that a block is returned without a live line or not at all.

use std::sync::Arc;

use super::{
    Gateway,
    act::{Answered, Done},
    context::Context,
    persons::Persons,
    supervise::Faults,
};
use crate::{
    domain::{
        allocation::Allocation,
        name::ParticipantName,
        number::{Msisdn, Prefix},
        refusal::{Reason, Refusal},
    },
    store::{StoreError, Tx, sql},
};

/// Numbers of a block.
const NUMBERS: u32 = 10_000;

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
        let numbers = self.persons.as_deref().map(|persons| Arc::new(numbers(persons, &prefix)));
        self.act(context, move |tx, now| {
            let (mvno, prefix, numbers) = (mvno.clone(), prefix.clone(), numbers.clone());
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
                let live = live_lines(tx, numbers.as_deref(), &mvno, &prefix).await?;
                if live > 0 {
                    return Err(in_use(&prefix, live).into());
                }
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

/// The index of every number of a block.
fn numbers(persons: &Persons, prefix: &Prefix) -> Vec<[u8; 32]> {
    let numbers = (0..NUMBERS).map(|n| Msisdn::parse(&format!("{}{n:04}", prefix.as_str())));
    let index = |number: Msisdn| *persons.vault.index().number(&number.e164()).as_bytes();
    numbers.filter_map(Result::ok).map(index).collect()
}

/// The live lines of a block. Their numbers are sealed: they are found by their index, each in its place.
async fn live_lines(
    tx: &mut dyn Tx,
    numbers: Option<&Vec<[u8; 32]>>,
    mvno: &ParticipantName,
    prefix: &Prefix,
) -> Result<usize, StoreError> {
    match numbers {
        Some(numbers) => Ok(sql::line::many::live(tx, numbers).await?.len()),
        // A node without a vault registers nobody; another one may have.
        None => sql::line::count_in_block(tx, mvno, prefix.as_str()).await,
    }
}

fn in_use(prefix: &Prefix, live: usize) -> Refusal {
    let prefix = prefix.as_str();
    let (lines, are) = if live == 1 { ("line", "is") } else { ("lines", "are") };
    let message = format!(
        "{live} {lines} {are} live in block {prefix}; it is returned once its holder has ended every one (CloseLine)."
    );
    Refusal::new(Reason::BlockInUse, message).with("prefix", prefix).with("live_lines", live)
}
