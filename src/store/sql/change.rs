//! The change log that every node follows, and the counter of revisions. The counter's row lock makes the order of
//! commits and the order of revisions the same; a sequence would let a follower skip one for ever.

use super::values;
use crate::{
    domain::{name::ParticipantName, standing::Standing, time::Time},
    store::{Row, StoreError, Tx},
};

/// One change.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Its revision.
    pub revision: i64,
    /// Whose standing.
    pub mvno: ParticipantName,
    /// From then on.
    pub standing: Standing,
    /// Until then.
    pub previous: Standing,
    /// When.
    pub change_time: Time,
    /// The fact's name, `time`, or `participant`.
    pub cause: String,
}

/// What tells a follower whether there is anything to follow.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Marks {
    /// The revision of the last commit that took one; 0 before the first.
    pub revision: i64,
    /// Grows with every change of who takes part.
    pub participants: i64,
}

/// Both marks, in one look.
pub async fn marks(tx: &mut dyn Tx) -> Result<Marks, StoreError> {
    marked(&tx.query(MARKS, values![]).await?)
}

/// Both marks, and the changes after a revision, so many at most.
pub async fn marks_and_after(
    tx: &mut dyn Tx,
    revision: i64,
    limit: i64,
) -> Result<(Marks, Vec<Change>), StoreError> {
    let queries = [(MARKS, Vec::new()), (AFTER, vec![revision.into(), limit.into()])];
    let answers = tx.query_all(&queries).await?;
    let [marks, changes] = answers.as_slice() else {
        return Err(StoreError::inconsistent("change_log", "rows", ""));
    };
    Ok((marked(marks)?, changes.iter().map(read).collect::<Result<_, _>>()?))
}

const MARKS: &str = "SELECT name, n FROM counter";
const AFTER: &str = "SELECT revision, mvno, standing, previous, change_time, cause
  FROM change_log WHERE revision > ?1 ORDER BY revision LIMIT ?2";

fn marked(rows: &[Row]) -> Result<Marks, StoreError> {
    let mut marks = Marks::default();
    for row in rows {
        match row.text(0)? {
            "revision" => marks.revision = row.int(1)?,
            "participants" => marks.participants = row.int(1)?,
            _ => {}
        }
    }
    Ok(marks)
}

/// Says that who takes part has changed.
pub async fn mark_participants(tx: &mut dyn Tx) -> Result<(), StoreError> {
    tx.mark_changed();
    tx.send("UPDATE counter SET n = n + 1 WHERE name = 'participants'", values![]).await
}

/// Takes the next revision.
pub async fn next_revision(tx: &mut dyn Tx) -> Result<i64, StoreError> {
    one(tx, NEXT).await
}

pub(super) const NEXT: &str = "UPDATE counter SET n = n + 1 WHERE name = 'revision' RETURNING n";

/// The revision of the last commit that took one; 0 before the first.
pub async fn revision(tx: &mut dyn Tx) -> Result<i64, StoreError> {
    one(tx, "SELECT n FROM counter WHERE name = 'revision'").await
}

/// The same, and nobody else takes one until this transaction ends: for work on many MVNOs at once.
pub async fn lock(tx: &mut dyn Tx) -> Result<i64, StoreError> {
    one(tx, "SELECT n FROM counter WHERE name = 'revision' FOR UPDATE").await
}

async fn one(tx: &mut dyn Tx, sql: &'static str) -> Result<i64, StoreError> {
    let rows = tx.query(sql, values![]).await?;
    rows.first().ok_or_else(|| StoreError::inconsistent("counter", "n", "revision"))?.int(0)
}

/// Appends a change.
pub async fn append(tx: &mut dyn Tx, change: &Change) -> Result<(), StoreError> {
    tx.send(
        "INSERT INTO change_log (revision, mvno, standing, previous, change_time, cause)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        values![
            change.revision,
            &change.mvno,
            change.standing.as_str(),
            change.previous.as_str(),
            change.change_time,
            change.cause.as_str(),
        ],
    )
    .await
}

/// Changes after a revision, in order.
pub async fn list_after(tx: &mut dyn Tx, revision: i64, limit: i64) -> Result<Vec<Change>, StoreError> {
    tx.query(AFTER, values![revision, limit]).await?.iter().map(read).collect()
}

/// The oldest revision kept.
pub async fn oldest(tx: &mut dyn Tx) -> Result<Option<i64>, StoreError> {
    edge(tx, "SELECT MIN(revision) FROM change_log").await
}

/// The latest revision kept.
pub async fn latest(tx: &mut dyn Tx) -> Result<Option<i64>, StoreError> {
    edge(tx, "SELECT MAX(revision) FROM change_log").await
}

async fn edge(tx: &mut dyn Tx, sql: &'static str) -> Result<Option<i64>, StoreError> {
    let rows = tx.query(sql, values![]).await?;
    rows.first().map_or(Ok(None), |row| row.opt_int(0))
}

/// What every query here selects.
const COLUMNS: &str = "revision, mvno, standing, previous, change_time, cause";

fn read(row: &Row) -> Result<Change, StoreError> {
    let id = || row.int(0).unwrap_or_default().to_string();
    sense(row).map_err(|error| error.named("change_log", COLUMNS, &id()))
}

fn sense(row: &Row) -> Result<Change, StoreError> {
    Ok(Change {
        revision: row.int(0)?,
        mvno: row.participant(1)?,
        standing: row.word(2, Standing::parse)?,
        previous: row.word(3, Standing::parse)?,
        change_time: row.time(4)?,
        cause: row.text(5)?.to_owned(),
    })
}
