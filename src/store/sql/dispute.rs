//! Lines that are not the person's own: a case at that MVNO.

use super::values;
use crate::{
    domain::{
        dispute::{Dispute, DisputeOutcome, DisputeState},
        name::ParticipantName,
    },
    store::{Row, StoreError, Tx},
};

/// Opens a dispute.
pub async fn add(tx: &mut dyn Tx, dispute: &Dispute) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO card_dispute (id, mvno, state, subject_token, n, open_time, due_time, outcome, answer_time)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, NULL, NULL)",
        values![
            dispute.id.as_str(),
            &dispute.mvno,
            dispute.state.as_str(),
            dispute.subject_token.as_str(),
            i64::from(dispute.count),
            dispute.open_time,
            dispute.due_time,
        ],
    )
    .await
    .map(drop)
}

/// Writes what came of a dispute.
pub async fn answer(tx: &mut dyn Tx, dispute: &Dispute) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE card_dispute SET state = ?2, outcome = ?3, answer_time = ?4 WHERE id = ?1",
        values![
            dispute.id.as_str(),
            dispute.state.as_str(),
            dispute.outcome.map(DisputeOutcome::as_str),
            dispute.answer_time,
        ],
    )
    .await
    .map(drop)
}

/// One dispute, with every other transaction kept off it until this one ends.
pub async fn lookup_locked(tx: &mut dyn Tx, id: &str) -> Result<Option<Dispute>, StoreError> {
    tx.query("SELECT id FROM card_dispute WHERE id = ?1 FOR UPDATE", values![id]).await?;
    let rows = tx
        .query(
            "SELECT id, mvno, state, subject_token, n, open_time, due_time, outcome, answer_time
             FROM card_dispute WHERE id = ?1",
            values![id],
        )
        .await?;
    rows.first().map(read).transpose()
}

/// An MVNO's disputes after an id, in the order of their opening, in one state or in any.
pub async fn list(
    tx: &mut dyn Tx,
    mvno: &ParticipantName,
    state: Option<DisputeState>,
    after: &str,
    limit: i64,
) -> Result<Vec<Dispute>, StoreError> {
    let rows = tx
        .query(
            "SELECT id, mvno, state, subject_token, n, open_time, due_time, outcome, answer_time
             FROM card_dispute
             WHERE mvno = ?1 AND (?2 = '' OR state = ?2) AND id > ?3 ORDER BY id LIMIT ?4",
            values![mvno, state.map_or("", DisputeState::as_str), after, limit],
        )
        .await?;
    rows.iter().map(read).collect()
}

/// What every query here selects.
const COLUMNS: &str = "id, mvno, state, subject_token, n, open_time, due_time, outcome, answer_time";

fn read(row: &Row) -> Result<Dispute, StoreError> {
    sense(row).map_err(|error| error.named("card_dispute", COLUMNS, row.text(0).unwrap_or_default()))
}

fn sense(row: &Row) -> Result<Dispute, StoreError> {
    let outcome = row.opt_text(7)?.map(|_| row.word(7, DisputeOutcome::parse)).transpose()?;
    Ok(Dispute {
        id: row.text(0)?.to_owned(),
        mvno: row.participant(1)?,
        state: row.word(2, DisputeState::parse)?,
        subject_token: row.text(3)?.to_owned(),
        count: u32::try_from(row.int(4)?).unwrap_or(u32::MAX),
        open_time: row.time(5)?,
        due_time: row.time(6)?,
        outcome,
        answer_time: row.opt_time(8)?,
    })
}
