//! Imports, how far each is durable, and the rows that were rejected, with what they said, sealed.

use super::values;
use crate::{
    domain::{
        name::ParticipantName,
        registration::import::{OnDuplicate, Rejected},
        time::Time,
    },
    store::{Row, StoreError, Tx, Value},
    vault::Column,
};

/// What a rejected row said, sealed by its import's key at the row's.
pub const ORIGINAL: Column = Column::of("import_row_rejected", "original");

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
    /// The data key of what they said; `None` once it has expired.
    pub wrapped_key: Option<Vec<u8>>,
}

/// A rejected row, and what it said, sealed.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// Which row, and why.
    pub rejected: Rejected,
    /// What it said; `None` where that is not kept.
    pub original: Option<Vec<u8>>,
}

/// The key of a rejected row: its import's and its number.
pub fn row_key(job: &str, row_number: i64) -> String {
    format!("{job}/{row_number}")
}

/// What the queries here select.
macro_rules! columns {
    () => {
        "id, mvno, import_id, on_duplicate, durable_through_row, accepted, skipped, rejected, create_time,
         update_time, expire_time, wrapped_key"
    };
}

/// Begins an import; `false` where it was begun already.
pub async fn add(tx: &mut dyn Tx, job: &Job, kek_id: &[u8]) -> Result<bool, StoreError> {
    let added = tx
        .execute(
            "INSERT INTO import_job (id, mvno, import_id, on_duplicate, durable_through_row, accepted, skipped, rejected,
               create_time, update_time, expire_time, wrapped_key, kek_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) ON CONFLICT DO NOTHING",
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
                job.wrapped_key.clone(),
                kek_id.to_vec(),
            ],
        )
        .await?;
    Ok(added == 1)
}

/// Gives an import without a data key one: it is from before there were any, or had expired.
pub async fn give_key(
    tx: &mut dyn Tx,
    job: &str,
    wrapped_key: Vec<u8>,
    kek_id: &[u8],
) -> Result<(), StoreError> {
    tx.send(
        "UPDATE import_job SET wrapped_key = ?2, kek_id = ?3 WHERE id = ?1 AND wrapped_key IS NULL",
        values![job, wrapped_key, kek_id.to_vec()],
    )
    .await
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

/// Enters a row that was rejected, and what it said, sealed.
pub async fn reject(
    tx: &mut dyn Tx,
    job: &str,
    rejected: &Rejected,
    original: Option<Vec<u8>>,
) -> Result<(), StoreError> {
    tx.send(
        "INSERT INTO import_row_rejected (job, row_number, code, text, original) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO NOTHING",
        values![job, rejected.row_number, rejected.code.as_str(), rejected.text.as_str(), original],
    )
    .await
}

/// Rejected rows of an import after that one, in the order of rows.
pub async fn list_rejected(
    tx: &mut dyn Tx,
    job: &str,
    after: i64,
    limit: i64,
) -> Result<Vec<Kept>, StoreError> {
    let rows = tx
        .query(
            "SELECT row_number, code, text, original FROM import_row_rejected
             WHERE job = ?1 AND row_number > ?2 ORDER BY row_number LIMIT ?3",
            values![job, after, limit],
        )
        .await?;
    let kept = |row: &Row| {
        let (code, text) = (row.text(1)?.to_owned(), row.text(2)?.to_owned());
        Ok(Kept { rejected: Rejected { row_number: row.int(0)?, code, text }, original: opt_blob(row, 3)? })
    };
    rows.iter().map(kept).collect()
}

/// Forgets rejected rows of imports that have expired, and destroys what opens them in older copies of the record.
pub async fn prune(tx: &mut dyn Tx, now: Time) -> Result<u64, StoreError> {
    tx.send(
        "UPDATE import_job SET wrapped_key = NULL, kek_id = NULL WHERE expire_time < ?1 AND wrapped_key IS NOT NULL",
        values![now],
    )
    .await?;
    tx.execute(
        "DELETE FROM import_row_rejected WHERE job IN (SELECT id FROM import_job WHERE expire_time < ?1)",
        values![now],
    )
    .await
}

fn opt_blob(row: &Row, at: usize) -> Result<Option<Vec<u8>>, StoreError> {
    match row.0.get(at) {
        Some(Value::Null) => Ok(None),
        _ => row.blob(at).map(|bytes| Some(bytes.to_vec())),
    }
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
        wrapped_key: opt_blob(row, 11)?,
    })
}
