//! The standing of each MVNO, as last recorded.

use super::values;
use crate::{
    domain::{name::ParticipantName, standing::Standing, time::Time},
    store::{Row, StoreError, Tx},
};

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub struct StandingRow {
    /// Whose.
    pub mvno: ParticipantName,
    /// The state.
    pub standing: Standing,
    /// The state before the last turn.
    pub previous: Standing,
    /// Since when.
    pub since_time: Time,
    /// The revision of the last record.
    pub revision: i64,
    /// The rule set applied.
    pub rule_version: String,
    /// When time alone could change it.
    pub next_turn: Option<Time>,
}

/// Keeps every other transaction off this MVNO until this one ends. A write without a change is a lock everywhere.
pub async fn lock(tx: &mut dyn Tx, mvno: &ParticipantName) -> Result<(), StoreError> {
    tx.execute("UPDATE standing SET revision = revision WHERE mvno = ?1", values![mvno]).await.map(drop)
}

/// One row.
pub async fn lookup(tx: &mut dyn Tx, mvno: &ParticipantName) -> Result<Option<StandingRow>, StoreError> {
    let rows = tx
        .query(
            "SELECT standing, previous, since_time, revision, rule_version, next_turn FROM standing WHERE mvno = ?1",
            values![mvno],
        )
        .await?;
    let read = |row| sense(mvno, row).map_err(|error| error.named("standing", COLUMNS, &mvno.to_string()));
    rows.first().map(read).transpose()
}

/// What the query above selects.
const COLUMNS: &str = "standing, previous, since_time, revision, rule_version, next_turn";

fn sense(mvno: &ParticipantName, row: &Row) -> Result<StandingRow, StoreError> {
    Ok(StandingRow {
        mvno: mvno.clone(),
        standing: row.word(0, Standing::parse)?,
        previous: row.word(1, Standing::parse)?,
        since_time: row.time(2)?,
        revision: row.int(3)?,
        rule_version: row.text(4)?.to_owned(),
        next_turn: row.opt_time(5)?,
    })
}

/// Every MVNO that has a standing, in the order of names.
pub async fn list_names(tx: &mut dyn Tx) -> Result<Vec<ParticipantName>, StoreError> {
    tx.query("SELECT mvno FROM standing ORDER BY mvno", values![])
        .await?
        .iter()
        .map(|row| row.participant(0))
        .collect()
}

/// Writes a row, new or not.
pub async fn save(tx: &mut dyn Tx, row: &StandingRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO standing (mvno, standing, previous, since_time, revision, rule_version, next_turn)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (mvno) DO UPDATE SET standing = excluded.standing, previous = excluded.previous,
           since_time = excluded.since_time, revision = excluded.revision,
           rule_version = excluded.rule_version, next_turn = excluded.next_turn",
        values![
            &row.mvno,
            row.standing.as_str(),
            row.previous.as_str(),
            row.since_time,
            row.revision,
            row.rule_version.as_str(),
            row.next_turn,
        ],
    )
    .await
    .map(drop)
}
