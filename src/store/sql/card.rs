//! How many lines a person has, by the blind index of the document, and for whom a token stands.

use super::values;
use crate::{
    domain::{name::ParticipantName, quota::Slots, time::Time},
    store::{StoreError, Tx},
};

/// A person's lines at one MVNO.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CardCount {
    /// Where.
    pub mvno: ParticipantName,
    /// What people call it.
    pub display_name: String,
    /// How many are in use.
    pub lines: i64,
}

/// The lines that hold one of a person's slots, MVNO by MVNO, in the order of names.
pub async fn counts(
    tx: &mut dyn Tx,
    document_index: &[u8],
    slots: Slots,
) -> Result<Vec<CardCount>, StoreError> {
    let rows = tx
        .query(
            "SELECT s.mvno, p.display_name, COUNT(*)
             FROM subject s JOIN line l ON l.subject = s.id JOIN participant p ON p.name = s.mvno
             WHERE s.document_index = ?1 AND l.slots = ?2 AND l.end_time IS NULL
             GROUP BY s.mvno, p.display_name ORDER BY s.mvno",
            values![document_index.to_vec(), slots.as_str()],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(CardCount {
                mvno: row.participant(0)?,
                display_name: row.text(1)?.to_owned(),
                lines: row.int(2)?,
            })
        })
        .collect()
}

/// The blind index of the document of whom a former token stands for: a subscriber, or somebody about whom it was issued.
pub async fn document_of_former(tx: &mut dyn Tx, subject_token: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let rows = tx
        .query(
            "SELECT document_index FROM subject WHERE subject_token = ?1
             UNION ALL SELECT document_index FROM issued_token WHERE subject_token = ?1",
            values![subject_token],
        )
        .await?;
    rows.first().map(|row| row.blob(0).map(<[u8]>::to_vec)).transpose()
}

/// Whether a token stands for somebody: a subscriber of that MVNO, or somebody about whom it was issued.
pub async fn is_good(
    tx: &mut dyn Tx,
    subject_token: &str,
    mvno: &ParticipantName,
    document_index: &[u8],
) -> Result<bool, StoreError> {
    let rows = tx
        .query(
            "SELECT 1 FROM subject WHERE document_index = ?3 AND mvno = ?2
             UNION ALL SELECT 1 FROM issued_token WHERE subject_token = ?1",
            values![subject_token, mvno, document_index.to_vec()],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// Keeps that a token was given out about somebody.
pub async fn issue(
    tx: &mut dyn Tx,
    subject_token: &str,
    document_index: &[u8],
    now: Time,
) -> Result<(), StoreError> {
    tx.send(
        "INSERT INTO issued_token (subject_token, document_index, issue_time) VALUES (?1, ?2, ?3)
         ON CONFLICT (subject_token) DO UPDATE SET issue_time = excluded.issue_time",
        values![subject_token, document_index.to_vec(), now],
    )
    .await
}

/// Forgets tokens that were issued before that moment. A former one of somebody who has become a subscriber since stays:
/// it stands nowhere else.
pub async fn prune(tx: &mut dyn Tx, before: Time) -> Result<u64, StoreError> {
    tx.execute(
        "DELETE FROM issued_token WHERE issue_time < ?1 AND (LENGTH(subject_token) > 64 OR NOT EXISTS
           (SELECT 1 FROM subject WHERE subject.document_index = issued_token.document_index))",
        values![before],
    )
    .await
}
