//! Receivers of commands: their sequences, and the session of each whose acknowledgements count.

use std::sync::LazyLock;

use super::{any, values};
use crate::{
    domain::{name::ParticipantName, time::Time},
    store::{Row, StoreError, Tx},
};

/// Where a receiver is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Mark {
    /// The sequence given last.
    pub last: i64,
    /// The oldest one kept; 1 more than the last where none is.
    pub oldest: i64,
    /// How often a command was put on its way again.
    pub resends: i64,
}

/// A session.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Session {
    /// Its id.
    pub id: String,
    /// Its last call, about.
    pub time: Time,
}

/// Takes the next so many of a receiver's sequences, and returns the last of them. Nobody else takes one until this
/// transaction ends, so that they become visible in their order.
pub async fn take(tx: &mut dyn Tx, name: &ParticipantName, many: i64) -> Result<i64, StoreError> {
    tx.send(
        "INSERT INTO receiver (name, last_sequence, oldest_sequence, resends) VALUES (?1, 0, 1, 0)
         ON CONFLICT (name) DO NOTHING",
        values![name],
    )
    .await?;
    let sql =
        "UPDATE receiver SET last_sequence = last_sequence + ?2 WHERE name = ?1 RETURNING last_sequence";
    counted(tx.query(sql, values![name, many]).await?, name)
}

/// Counts that a command is put on its way again.
pub async fn resend(tx: &mut dyn Tx, name: &ParticipantName) -> Result<i64, StoreError> {
    let sql = "UPDATE receiver SET resends = resends + 1 WHERE name = ?1 RETURNING resends";
    counted(tx.query(sql, values![name]).await?, name)
}

/// Where a receiver is; one that never got a command is at its beginning.
pub async fn mark(tx: &mut dyn Tx, name: &ParticipantName) -> Result<Mark, StoreError> {
    let sql = "SELECT last_sequence, oldest_sequence, resends FROM receiver WHERE name = ?1";
    let rows = tx.query(sql, values![name]).await?;
    rows.first().map_or(Ok(Mark { oldest: 1, ..Mark::default() }), |row| read(row, 0))
}

/// The same, and nobody gives it a sequence until this transaction ends.
pub async fn mark_locked(tx: &mut dyn Tx, name: &ParticipantName) -> Result<Mark, StoreError> {
    let sql = "SELECT last_sequence, oldest_sequence, resends FROM receiver WHERE name = ?1 FOR UPDATE";
    let rows = tx.query(sql, values![name]).await?;
    rows.first().map_or(Ok(Mark { oldest: 1, ..Mark::default() }), |row| read(row, 0))
}

/// Where these receivers are, and the session of each that has one.
pub async fn marks(
    tx: &mut dyn Tx,
    names: &[&str],
) -> Result<Vec<(ParticipantName, Mark, Option<String>)>, StoreError> {
    static MARKS: LazyLock<&'static str> = LazyLock::new(|| {
        any::text(
            "SELECT s.name, r.last_sequence, r.oldest_sequence, r.resends, s.session
             FROM receiver_session s LEFT JOIN receiver r ON r.name = s.name WHERE s.name IN ",
            0,
            "",
        )
    });
    let rows = any::query_texts(tx, &MARKS, names).await?;
    let one = |row: &Row| {
        let mark = match row.opt_int(1)? {
            None => Mark { oldest: 1, ..Mark::default() },
            Some(_) => read(row, 1)?,
        };
        Ok((row.participant(0)?, mark, row.opt_text(4)?.map(str::to_owned)))
    };
    rows.iter().map(one).collect()
}

/// Says that the oldest commands of a receiver are no longer kept.
pub async fn keep_from(tx: &mut dyn Tx, name: &ParticipantName, oldest: i64) -> Result<(), StoreError> {
    tx.send("UPDATE receiver SET oldest_sequence = ?2 WHERE name = ?1", values![name, oldest]).await
}

/// Every receiver that has commands.
pub async fn names(tx: &mut dyn Tx) -> Result<Vec<ParticipantName>, StoreError> {
    let rows = tx.query("SELECT name FROM receiver ORDER BY name", values![]).await?;
    rows.iter().map(|row| row.participant(0)).collect()
}

/// Begins a session: the one before it is over.
pub async fn begin(
    tx: &mut dyn Tx,
    name: &ParticipantName,
    session: &str,
    now: Time,
) -> Result<(), StoreError> {
    tx.send(
        "INSERT INTO receiver_session (name, session, session_time) VALUES (?1, ?2, ?3)
         ON CONFLICT (name) DO UPDATE SET session = excluded.session, session_time = excluded.session_time",
        values![name, session, now],
    )
    .await
}

/// The session of a receiver that counts now.
pub async fn session(tx: &mut dyn Tx, name: &ParticipantName) -> Result<Option<String>, StoreError> {
    let rows = tx.query("SELECT session FROM receiver_session WHERE name = ?1", values![name]).await?;
    rows.first().map(|row| row.text(0).map(str::to_owned)).transpose()
}

/// The session of a receiver, which nobody else begins or uses until this transaction ends.
pub async fn session_locked(tx: &mut dyn Tx, name: &ParticipantName) -> Result<Option<Session>, StoreError> {
    let sql = "SELECT session, session_time FROM receiver_session WHERE name = ?1 FOR UPDATE";
    let rows = tx.query(sql, values![name]).await?;
    let one = |row: &Row| Ok(Session { id: row.text(0)?.to_owned(), time: row.time(1)? });
    rows.first().map(one).transpose()
}

fn counted(rows: Vec<Row>, name: &ParticipantName) -> Result<i64, StoreError> {
    rows.first().ok_or_else(|| StoreError::inconsistent("receiver", "name", &name.to_string()))?.int(0)
}

fn read(row: &Row, at: usize) -> Result<Mark, StoreError> {
    Ok(Mark { last: row.int(at)?, oldest: row.int(at + 1)?, resends: row.int(at + 2)? })
}
