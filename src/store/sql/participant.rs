//! Who takes part.

use super::values;
use crate::{
    domain::{
        caller::Class,
        name::ParticipantName,
        participant::{Level, Participant, ParticipantState},
    },
    store::{Row, StoreError, Tx},
};

/// Adds a participant; `Duplicate` where there is one of that name.
pub async fn add(tx: &mut dyn Tx, participant: &Participant) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO participant (name, class, display_name, level, area, state, proposed_by, approved_by,
           create_time, update_time)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        values![
            &participant.name,
            participant.name.class.as_str(),
            participant.display_name.as_str(),
            participant.level.map(Level::as_str),
            participant.area.as_str(),
            participant.state.as_str(),
            participant.proposed_by.as_str(),
            participant.approved_by.as_deref(),
            participant.create_time,
            participant.update_time,
        ],
    )
    .await
    .map(drop)
}

/// One participant.
pub async fn lookup(tx: &mut dyn Tx, name: &ParticipantName) -> Result<Option<Participant>, StoreError> {
    tx.query(ONE, values![name]).await?.first().map(read).transpose()
}

pub(super) const ONE: &str =
    "SELECT name, display_name, level, area, state, proposed_by, approved_by, create_time, update_time
  FROM participant WHERE name = ?1";

/// Keeps every other transaction off a participant until this one ends.
pub async fn lock(tx: &mut dyn Tx, name: &ParticipantName) -> Result<(), StoreError> {
    tx.query("SELECT state FROM participant WHERE name = ?1 FOR UPDATE", values![name]).await.map(drop)
}

/// Writes what changed of a participant.
pub async fn save(tx: &mut dyn Tx, participant: &Participant) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE participant SET state = ?2, proposed_by = ?3, approved_by = ?4, update_time = ?5 WHERE name = ?1",
        values![
            &participant.name,
            participant.state.as_str(),
            participant.proposed_by.as_str(),
            participant.approved_by.as_deref(),
            participant.update_time,
        ],
    )
    .await
    .map(drop)
}

/// Participants after a name, in the order of names, of one class or of all.
pub async fn list(
    tx: &mut dyn Tx,
    class: Option<Class>,
    after: &str,
    limit: i64,
) -> Result<Vec<Participant>, StoreError> {
    let rows = tx
        .query(
            "SELECT name, display_name, level, area, state, proposed_by, approved_by, create_time, update_time
             FROM participant WHERE (?1 = '' OR class = ?1) AND name > ?2 ORDER BY name LIMIT ?3",
            values![class.map_or("", Class::as_str), after, limit],
        )
        .await?;
    rows.iter().map(read).collect()
}

/// Every participant, in the order of names.
pub async fn list_all(tx: &mut dyn Tx) -> Result<Vec<Participant>, StoreError> {
    list(tx, None, "", i64::MAX).await
}

/// The names of those whose calls are refused: the suspended, and those that wait for their approval. A proposed
/// regulator or operator is let in all the same, for without them nobody could ever be approved.
pub async fn list_suspended(tx: &mut dyn Tx) -> Result<Vec<ParticipantName>, StoreError> {
    let sql = "SELECT name FROM participant WHERE state = 'SUSPENDED' OR state = 'RESUME_PROPOSED'
       OR (state = 'PROPOSED' AND class <> 'regulator' AND class <> 'operator')";
    tx.query(sql, values![]).await?.iter().map(|row| row.participant(0)).collect()
}

/// What every query here selects.
const COLUMNS: &str =
    "name, display_name, level, area, state, proposed_by, approved_by, create_time, update_time";

pub(super) fn read(row: &Row) -> Result<Participant, StoreError> {
    sense(row).map_err(|error| error.named("participant", COLUMNS, row.text(0).unwrap_or_default()))
}

fn sense(row: &Row) -> Result<Participant, StoreError> {
    let level = row.opt_text(2)?.map(|_| row.word(2, Level::parse)).transpose()?;
    Ok(Participant {
        name: row.participant(0)?,
        display_name: row.text(1)?.to_owned(),
        level,
        area: row.text(3)?.to_owned(),
        state: row.word(4, ParticipantState::parse)?,
        proposed_by: row.text(5)?.to_owned(),
        approved_by: row.opt_text(6)?.map(str::to_owned),
        create_time: row.time(7)?,
        update_time: row.time(8)?,
    })
}
