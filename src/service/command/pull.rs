//! Commands for receivers without streams. Each pull begins a session of its own.

use super::{
    session::Claim,
    settle,
    sign::Signable,
    stream::{cursor, sent_entry},
};
use crate::{
    domain::refusal::Refusal,
    service::{Gateway, context::Context, refusal},
    store::sql,
};

/// Commands in one answer by their number at most, and by the numbers in them: an answer carries 4 MiB.
const MOST: i64 = 100;
const MOST_NUMBERS: i64 = 2_500;
const DEFAULT: i32 = 20;

/// What a pull brings.
pub struct Pulled {
    /// In sequence.
    pub commands: Vec<Signable>,
    /// For acknowledging them.
    pub session: String,
    /// The last sequence that the receiver has.
    pub last_sequence: i64,
}

impl Gateway {
    /// The commands of the caller after a sequence.
    pub async fn pull_commands(&self, context: &Context, after: i64, size: i32) -> Result<Pulled, Refusal> {
        self.persons()?;
        if size < 0 {
            return Err(Refusal::field("page_size", "OUT_OF_RANGE", "0 (for 20) to 100"));
        }
        let size = i64::from(if size == 0 { DEFAULT } else { size }).min(MOST);
        let (context, clock) = (context.clone(), self.clock.clone());
        let pulled = self.store.write(move |tx| {
            let (context, now) = (context.clone(), clock.now());
            Box::pin(async move {
                let receiver = &context.caller.organisation;
                let mark = sql::receiver::mark(tx, receiver).await?;
                cursor(after, mark)?;
                let claim = Claim::begin(tx, receiver, false, now).await?;
                let mut rows = sql::command::list_after(tx, receiver, after, size).await?;
                let mut numbers = 0;
                let fits = rows.iter().take_while(|row| {
                    numbers += row.number_count;
                    numbers <= MOST_NUMBERS
                });
                let fits = fits.count().max(1);
                rows.truncate(fits);
                let sequences: Vec<i64> = rows.iter().map(|row| row.sequence).collect();
                if !sequences.is_empty() {
                    settle::deliver(tx, receiver, &sequences, now).await?;
                    sql::entry::append(tx, &sent_entry(&context, &sequences, now)).await?;
                }
                Ok((rows, claim.session, mark.last))
            })
        });
        let (rows, session, last_sequence) = pulled.await.map_err(refusal)?;
        let (commands, _) = self.signables(rows, None).await?;
        Ok(Pulled { commands, session, last_sequence })
    }
}
