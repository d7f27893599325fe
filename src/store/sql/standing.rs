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

/// Keeps every other transaction off this MVNO until this one ends.
pub async fn lock(tx: &mut dyn Tx, mvno: &ParticipantName) -> Result<(), StoreError> {
    tx.query("SELECT revision FROM standing WHERE mvno = ?1 FOR UPDATE", values![mvno]).await.map(drop)
}

/// One row, which nobody changes until this transaction ends; others may look at it the same way meanwhile.
pub async fn lookup_shared(
    tx: &mut dyn Tx,
    mvno: &ParticipantName,
) -> Result<Option<StandingRow>, StoreError> {
    let rows = tx
        .query(
            "SELECT mvno, standing, previous, since_time, revision, rule_version, next_turn
             FROM standing WHERE mvno = ?1 FOR SHARE",
            values![mvno],
        )
        .await?;
    rows.first().map(read).transpose()
}

/// One row.
pub async fn lookup(tx: &mut dyn Tx, mvno: &ParticipantName) -> Result<Option<StandingRow>, StoreError> {
    tx.query(ONE, values![mvno]).await?.first().map(read).transpose()
}

pub(super) const ONE: &str = "SELECT mvno, standing, previous, since_time, revision, rule_version, next_turn
  FROM standing WHERE mvno = ?1";
pub(super) const LOCKED: &str =
    "SELECT mvno, standing, previous, since_time, revision, rule_version, next_turn
  FROM standing WHERE mvno = ?1 FOR UPDATE";

/// Every row, in the order of names.
pub async fn list(tx: &mut dyn Tx) -> Result<Vec<StandingRow>, StoreError> {
    let rows = tx
        .query(
            "SELECT mvno, standing, previous, since_time, revision, rule_version, next_turn
             FROM standing ORDER BY mvno",
            values![],
        )
        .await?;
    rows.iter().map(read).collect()
}

/// What every query here selects.
const COLUMNS: &str = "mvno, standing, previous, since_time, revision, rule_version, next_turn";

pub(super) fn read(row: &Row) -> Result<StandingRow, StoreError> {
    sense(row).map_err(|error| error.named("standing", COLUMNS, row.text(0).unwrap_or_default()))
}

fn sense(row: &Row) -> Result<StandingRow, StoreError> {
    Ok(StandingRow {
        mvno: row.participant(0)?,
        standing: row.word(1, Standing::parse)?,
        previous: row.word(2, Standing::parse)?,
        since_time: row.time(3)?,
        revision: row.int(4)?,
        rule_version: row.text(5)?.to_owned(),
        next_turn: row.opt_time(6)?,
    })
}

/// Writes a row, new or not.
pub async fn save(tx: &mut dyn Tx, row: &StandingRow) -> Result<(), StoreError> {
    tx.send(
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
}
