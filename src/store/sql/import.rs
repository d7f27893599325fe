//! Imports, how far each is durable, and the rows that were rejected.

use super::values;
use crate::{
    domain::{
        name::ParticipantName,
        registration::import::{OnDuplicate, Rejected},
        time::Time,
    },
    store::{Row, StoreError, Tx},
};

/// One import.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// The key of its row.
    pub id: String,
    /// Whose.
    pub mvno: ParticipantName,
    /// That MVNO's own id of it.
    pub import_id: String,
    /// What is done with numbers that have a live line.
    pub on_duplicate: OnDuplicate,
    /// Every row up to this one is durable, or rejected for good.
    pub durable_through_row: i64,
    /// Rows taken in.
    pub accepted: i64,
    /// Rows skipped as duplicates.
    pub skipped: i64,
    /// Rows rejected.
    pub rejected: i64,
    /// When it began.
    pub create_time: Time,
    /// When its last rows came.
    pub update_time: Time,
    /// Until when its rejected rows can be listed.
    pub expire_time: Time,
}

/// What the queries here select.
macro_rules! columns {
    () => {
        "id, mvno, import_id, on_duplicate, durable_through_row, accepted, skipped, rejected, create_time,
         update_time, expire_time"
    };
}

/// Begins an import; `false` where it was begun already.
pub async fn add(tx: &mut dyn Tx, job: &Job) -> Result<bool, StoreError> {
    let added = tx
        .execute(
            "INSERT INTO import_job (id, mvno, import_id, on_duplicate, durable_through_row, accepted, skipped, rejected,
               create_time, update_time, expire_time)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT DO NOTHING",
            values![
                job.id.as_str(),
                &job.mvno,
                job.import_id.as_str(),
                job.on_duplicate.as_str(),
                job.durable_through_row,
                job.accepted,
                job.skipped,
                job.rejected,
                job.create_time,
                job.update_time,
                job.expire_time,
            ],
        )
        .await?;
    Ok(added == 1)
}

/// Writes how far an import is.
pub async fn save(tx: &mut dyn Tx, job: &Job) -> Result<(), StoreError> {
    tx.send(
        "UPDATE import_job SET durable_through_row = ?2, accepted = ?3, skipped = ?4, rejected = ?5, update_time = ?6,
           expire_time = ?7 WHERE id = ?1",
        values![
            job.id.as_str(),
            job.durable_through_row,
            job.accepted,
            job.skipped,
            job.rejected,
            job.update_time,
            job.expire_time,
        ],
    )
    .await
}

/// The import of that id.
pub async fn lookup(
    tx: &mut dyn Tx,
    mvno: &ParticipantName,
    import_id: &str,
) -> Result<Option<Job>, StoreError> {
    let sql = concat!("SELECT ", columns!(), " FROM import_job WHERE mvno = ?1 AND import_id = ?2");
    tx.query(sql, values![mvno, import_id]).await?.first().map(read).transpose()
}

/// The same, with every other stream of it kept off until this transaction ends.
pub async fn lookup_locked(
    tx: &mut dyn Tx,
    mvno: &ParticipantName,
    import_id: &str,
) -> Result<Option<Job>, StoreError> {
    let sql =
        concat!("SELECT ", columns!(), " FROM import_job WHERE mvno = ?1 AND import_id = ?2 FOR UPDATE");
    tx.query(sql, values![mvno, import_id]).await?.first().map(read).transpose()
}

/// Enters a row that was rejected.
pub async fn reject(tx: &mut dyn Tx, job: &str, rejected: &Rejected) -> Result<(), StoreError> {
    tx.send(
        "INSERT INTO import_row_rejected (job, row_number, code, text) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO NOTHING",
        values![job, rejected.row_number, rejected.code.as_str(), rejected.text.as_str()],
    )
    .await
}

/// Rejected rows of an import after that one, in the order of rows.
pub async fn list_rejected(
    tx: &mut dyn Tx,
    job: &str,
    after: i64,
    limit: i64,
) -> Result<Vec<Rejected>, StoreError> {
    let rows = tx
        .query(
            "SELECT row_number, code, text FROM import_row_rejected
             WHERE job = ?1 AND row_number > ?2 ORDER BY row_number LIMIT ?3",
            values![job, after, limit],
        )
        .await?;
    let rejected = |row: &Row| {
        Ok(Rejected { row_number: row.int(0)?, code: row.text(1)?.to_owned(), text: row.text(2)?.to_owned() })
    };
    rows.iter().map(rejected).collect()
}

/// Forgets rejected rows of imports that have expired.
pub async fn prune(tx: &mut dyn Tx, now: Time) -> Result<u64, StoreError> {
    tx.execute(
        "DELETE FROM import_row_rejected WHERE job IN (SELECT id FROM import_job WHERE expire_time < ?1)",
        values![now],
    )
    .await
}

fn read(row: &Row) -> Result<Job, StoreError> {
    sense(row).map_err(|error| error.named("import_job", columns!(), row.text(0).unwrap_or_default()))
}

fn sense(row: &Row) -> Result<Job, StoreError> {
    Ok(Job {
        id: row.text(0)?.to_owned(),
        mvno: row.participant(1)?,
        import_id: row.text(2)?.to_owned(),
        on_duplicate: row.word(3, OnDuplicate::parse)?,
        durable_through_row: row.int(4)?,
        accepted: row.int(5)?,
        skipped: row.int(6)?,
        rejected: row.int(7)?,
        create_time: row.time(8)?,
        update_time: row.time(9)?,
        expire_time: row.time(10)?,
    })
}
