//! What is on record of one MVNO, read together: for work that judges it, and for nodes that follow it.

use super::{
    change, fact, participant,
    standing::{self, StandingRow},
};
use crate::{
    domain::{fact::Fact, name::ParticipantName, participant::Participant},
    store::{StoreError, Tx, Value},
};

/// One MVNO.
#[derive(Clone, Debug)]
pub struct History {
    /// Its row among those who take part.
    pub participant: Option<Participant>,
    /// Its standing, as last recorded.
    pub standing: Option<StandingRow>,
    /// Every fact, in the order of record.
    pub facts: Vec<Fact>,
}

/// Keeps every other transaction off this MVNO until this one ends, and reads all of it.
pub async fn lock(tx: &mut dyn Tx, mvno: &ParticipantName) -> Result<History, StoreError> {
    let name = || vec![Value::from(mvno)];
    // In this order: what is read after the lock is what it guards.
    let queries = [(standing::LOCKED, name()), (participant::ONE, name()), (fact::OF_MVNO, name())];
    let answers = tx.query_all(&queries).await?;
    let [standing, participant, facts] = answers.as_slice() else { return Err(short("history")) };
    Ok(History {
        standing: standing.first().map(standing::read).transpose()?,
        participant: participant.first().map(participant::read).transpose()?,
        facts: facts.iter().map(fact::read).collect::<Result<_, _>>()?,
    })
}

/// The standings and the facts of several MVNOs; one without a standing is left out.
pub async fn list(
    tx: &mut dyn Tx,
    mvnos: &[&ParticipantName],
) -> Result<Vec<(StandingRow, Vec<Fact>)>, StoreError> {
    let name = |mvno: &ParticipantName| vec![Value::from(mvno)];
    let queries: Vec<_> =
        mvnos.iter().flat_map(|mvno| [(standing::ONE, name(mvno)), (fact::OF_MVNO, name(mvno))]).collect();
    let answers = tx.query_all(&queries).await?;
    let mut found = Vec::with_capacity(mvnos.len());
    for pair in answers.chunks_exact(2) {
        let Some(row) = pair[0].first() else { continue };
        let facts = pair[1].iter().map(fact::read).collect::<Result<_, _>>()?;
        found.push((standing::read(row)?, facts));
    }
    Ok(found)
}

/// Appends a fact and takes the next revision: the fact's place in the order of record, and the revision.
pub async fn add(tx: &mut dyn Tx, fact: &Fact) -> Result<(i64, i64), StoreError> {
    let queries = [(fact::ADD, fact::added(fact)), (change::NEXT, Vec::new())];
    let answers = tx.query_all(&queries).await?;
    let number =
        |at: usize| answers.get(at).and_then(|rows| rows.first()).ok_or_else(|| short("fact"))?.int(0);
    Ok((number(0)?, number(1)?))
}

fn short(table: &'static str) -> StoreError {
    StoreError::inconsistent(table, "rows", "")
}
