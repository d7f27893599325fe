//! Persons as MVNOs know them, each with the wrapped key that seals what is kept of them.

use super::values;
use crate::{
    domain::{document::DocumentType, name::ParticipantName, time::Time},
    store::{Row, StoreError, Tx},
    vault::Column,
};

/// The document by which a subject's lines are counted, sealed at the subject's row.
pub const DOCUMENT: Column = Column::of("subject", "document");

/// One subject that is not erased.
#[derive(Clone, Debug, PartialEq)]
pub struct SubjectRow {
    /// The key of its row.
    pub id: String,
    /// Whose.
    pub mvno: ParticipantName,
    /// The blind index of its document.
    pub document_index: Vec<u8>,
    /// The type of the document.
    pub kind: DocumentType,
    /// Its data key.
    pub wrapped_key: Vec<u8>,
    /// Its document, sealed.
    pub document: Vec<u8>,
}

/// A subject to be.
#[derive(Clone, Debug)]
pub struct New {
    /// What is kept.
    pub row: SubjectRow,
    /// Which key wraps its data key.
    pub kek_id: Vec<u8>,
    /// When.
    pub create_time: Time,
}

/// What the queries here select.
macro_rules! columns {
    () => {
        "id, mvno, document_index, document_type, wrapped_key, document"
    };
}

/// Adds a subject; `false` where another transaction added that person first.
pub async fn add(tx: &mut dyn Tx, new: &New) -> Result<bool, StoreError> {
    tx.execute(ADD, &added(new)).await.map(|rows| rows == 1)
}

/// The same for many at once; `Duplicate` comes with a later call or the commit.
pub async fn send(tx: &mut dyn Tx, new: &New) -> Result<(), StoreError> {
    tx.send(SEND, &added(new)).await
}

const SEND: &str =
    "INSERT INTO subject (id, mvno, document_index, document_type, wrapped_key, document, kek_id,
   create_time) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
const ADD: &str =
    "INSERT INTO subject (id, mvno, document_index, document_type, wrapped_key, document, kek_id,
   create_time) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING";

fn added(new: &New) -> [crate::store::Value; 8] {
    [
        new.row.id.as_str().into(),
        (&new.row.mvno).into(),
        new.row.document_index.clone().into(),
        new.row.kind.as_str().into(),
        new.row.wrapped_key.clone().into(),
        new.row.document.clone().into(),
        new.kek_id.clone().into(),
        new.create_time.into(),
    ]
}

/// The subject of a document at that MVNO, with every other transaction kept off it until this one ends.
pub async fn lookup_locked(
    tx: &mut dyn Tx,
    mvno: &ParticipantName,
    document_index: &[u8],
) -> Result<Option<SubjectRow>, StoreError> {
    let sql =
        concat!("SELECT ", columns!(), " FROM subject WHERE document_index = ?1 AND mvno = ?2 FOR UPDATE");
    let rows = tx.query(sql, values![document_index.to_vec(), mvno]).await?;
    rows.first().map(read).transpose()
}

/// The subject of a document at that MVNO.
pub async fn of_document(
    tx: &mut dyn Tx,
    mvno: &ParticipantName,
    document_index: &[u8],
) -> Result<Option<SubjectRow>, StoreError> {
    let sql = concat!("SELECT ", columns!(), " FROM subject WHERE document_index = ?1 AND mvno = ?2");
    let rows = tx.query(sql, values![document_index.to_vec(), mvno]).await?;
    rows.first().map(read).transpose()
}

/// The subject of a former token at that MVNO. Whoever was enrolled since has none.
pub async fn of_former_token(
    tx: &mut dyn Tx,
    mvno: &ParticipantName,
    token: &str,
) -> Result<Option<SubjectRow>, StoreError> {
    let sql = concat!("SELECT ", columns!(), " FROM subject WHERE subject_token = ?1 AND mvno = ?2");
    let rows = tx.query(sql, values![token, mvno]).await?;
    rows.first().map(read).transpose()
}

/// One subject; `None` where it is erased.
pub async fn lookup(tx: &mut dyn Tx, id: &str) -> Result<Option<SubjectRow>, StoreError> {
    let sql = concat!("SELECT ", columns!(), " FROM subject WHERE id = ?1 AND wrapped_key IS NOT NULL");
    let rows = tx.query(sql, values![id]).await?;
    rows.first().map(read).transpose()
}

/// Puts the document that was shown last in the place of the one before.
pub async fn renew(
    tx: &mut dyn Tx,
    id: &str,
    kind: DocumentType,
    document: Vec<u8>,
) -> Result<(), StoreError> {
    tx.send(
        "UPDATE subject SET document = ?2, document_type = ?3 WHERE id = ?1 AND wrapped_key IS NOT NULL",
        values![id, document, kind.as_str()],
    )
    .await
}

/// Destroys what opens a subject, where none of its lines is kept any more: nobody reads it from then on.
pub async fn erase(tx: &mut dyn Tx, id: &str, now: Time) -> Result<bool, StoreError> {
    let erased = tx
        .execute(
            "UPDATE subject SET document_index = NULL, subject_token = NULL, document_type = NULL, wrapped_key = NULL,
               kek_id = NULL, document = NULL, erase_time = ?2
             WHERE id = ?1 AND erase_time IS NULL AND NOT EXISTS
               (SELECT 1 FROM line WHERE line.subject = subject.id AND line.end_time IS NULL)
             AND NOT EXISTS
               (SELECT 1 FROM line WHERE line.subject = subject.id AND line.end_time IS NOT NULL
                AND line.registration_state <> 'ERASED')",
            values![id, now],
        )
        .await?;
    Ok(erased == 1)
}

/// A wrapped key that is not by that key-encryption key.
#[derive(Clone, Debug)]
pub struct Stale {
    /// Of which subject or import.
    pub id: String,
    /// Whose.
    pub mvno: ParticipantName,
    /// The wrapped key.
    pub wrapped_key: Vec<u8>,
}

/// What has a data key: subjects, and imports for what their rejected rows said. Those after an id whose keys are wrapped
/// by another key, in the order of ids.
pub async fn stale(
    tx: &mut dyn Tx,
    kek_id: &[u8],
    after: &str,
    limit: i64,
) -> Result<Vec<Stale>, StoreError> {
    let rows = tx
        .query(
            "SELECT id, mvno, wrapped_key FROM subject
             WHERE id > ?2 AND wrapped_key IS NOT NULL AND kek_id <> ?1
             UNION ALL SELECT id, mvno, wrapped_key FROM import_job
             WHERE id > ?2 AND wrapped_key IS NOT NULL AND kek_id <> ?1 ORDER BY id LIMIT ?3",
            values![kek_id.to_vec(), after, limit],
        )
        .await?;
    let stale = |row: &Row| {
        Ok(Stale {
            id: row.text(0)?.to_owned(),
            mvno: row.participant(1)?,
            wrapped_key: row.blob(2)?.to_vec(),
        })
    };
    rows.iter().map(stale).collect()
}

/// Puts a key wrapped anew in the place of what is expected there. Whether it was.
pub async fn rewrap(
    tx: &mut dyn Tx,
    id: &str,
    before: &[u8],
    wrapped_key: Vec<u8>,
    kek_id: &[u8],
) -> Result<bool, StoreError> {
    let values = values![id, before.to_vec(), wrapped_key, kek_id.to_vec()];
    let subject = "UPDATE subject SET wrapped_key = ?3, kek_id = ?4 WHERE id = ?1 AND wrapped_key = ?2";
    let import = "UPDATE import_job SET wrapped_key = ?3, kek_id = ?4 WHERE id = ?1 AND wrapped_key = ?2";
    // Ids are of one kind: what is none of the one is the other's.
    Ok(tx.execute(subject, values).await? == 1 || tx.execute(import, values).await? == 1)
}

/// Subjects of an import's rows at once, locked.
pub mod many {
    use std::sync::LazyLock;

    use super::{SubjectRow, read};
    use crate::{
        domain::name::ParticipantName,
        store::{Row, StoreError, Tx, sql::any},
    };

    /// The subjects of these documents at that MVNO, each with the blind index of its document; every other
    /// transaction is kept off them until this one ends.
    pub async fn lookup_locked(
        tx: &mut dyn Tx,
        mvno: &ParticipantName,
        documents: &[[u8; 32]],
    ) -> Result<Vec<([u8; 32], SubjectRow)>, StoreError> {
        static SQL: LazyLock<&'static str> = LazyLock::new(|| {
            any::text(
                concat!("SELECT ", columns!(), " FROM subject WHERE mvno = ?1 AND document_index IN "),
                1,
                " ORDER BY id FOR UPDATE",
            )
        });
        let rows = any::query(tx, &SQL, &[mvno.into()], documents).await?;
        let found = |row: &Row| {
            let index = row.blob(2)?.try_into();
            Ok((index.map_err(|_| StoreError::inconsistent("subject", "document_index", ""))?, read(row)?))
        };
        rows.iter().map(found).collect()
    }
}

fn read(row: &Row) -> Result<SubjectRow, StoreError> {
    sense(row).map_err(|error| error.named("subject", columns!(), row.text(0).unwrap_or_default()))
}

fn sense(row: &Row) -> Result<SubjectRow, StoreError> {
    Ok(SubjectRow {
        id: row.text(0)?.to_owned(),
        mvno: row.participant(1)?,
        document_index: row.blob(2)?.to_vec(),
        kind: row.word(3, DocumentType::parse)?,
        wrapped_key: row.blob(4)?.to_vec(),
        document: row.blob(5)?.to_vec(),
    })
}
