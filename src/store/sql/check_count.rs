//! Status checks and identity checks, counted.

use super::values;
use crate::{
    domain::{name::ParticipantName, time::Time},
    store::{Row, StoreError, Tx},
};

/// One count.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckCount {
    /// Who asked.
    pub asker: ParticipantName,
    /// About whom.
    pub mvno: ParticipantName,
    /// About what.
    pub action: String,
    /// What was answered.
    pub decision: String,
    /// From which revision.
    pub revision: i64,
    /// Under which bulletin.
    pub bulletin: i64,
    /// In which minute.
    pub minute: Time,
    /// How often.
    pub n: i64,
}

/// Adds counts to what is kept. Writers of the same rows do not deadlock as long as all come in the order of keys.
pub async fn add(tx: &mut dyn Tx, counts: &[CheckCount]) -> Result<(), StoreError> {
    for count in counts {
        tx.send(
            "INSERT INTO check_count (asker, mvno, action, decision, revision, bulletin, minute, n)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (asker, mvno, action, decision, revision, bulletin, minute)
             DO UPDATE SET n = check_count.n + excluded.n",
            values![
                &count.asker,
                &count.mvno,
                count.action.as_str(),
                count.decision.as_str(),
                count.revision,
                count.bulletin,
                count.minute,
                count.n,
            ],
        )
        .await?;
    }
    Ok(())
}

/// Every count of an asker, in order.
pub async fn list_of(tx: &mut dyn Tx, asker: &ParticipantName) -> Result<Vec<CheckCount>, StoreError> {
    let rows = tx
        .query(
            "SELECT asker, mvno, action, decision, revision, bulletin, minute, n FROM check_count
             WHERE asker = ?1 ORDER BY minute, mvno, action, decision, revision",
            values![asker],
        )
        .await?;
    rows.iter().map(read).collect()
}

/// What every query here selects.
const COLUMNS: &str = "asker, mvno, action, decision, revision, bulletin, minute, n";

fn read(row: &Row) -> Result<CheckCount, StoreError> {
    sense(row).map_err(|error| error.named("check_count", COLUMNS, row.text(0).unwrap_or_default()))
}

fn sense(row: &Row) -> Result<CheckCount, StoreError> {
    Ok(CheckCount {
        asker: row.participant(0)?,
        mvno: row.participant(1)?,
        action: row.text(2)?.to_owned(),
        decision: row.text(3)?.to_owned(),
        revision: row.int(4)?,
        bulletin: row.int(5)?,
        minute: row.time(6)?,
        n: row.int(7)?,
    })
}
