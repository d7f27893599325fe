//! Outlets, and the persons who work there.

use super::values;
use crate::{
    domain::{
        channel::{ChannelKind, ChannelState, outlet::Outlet},
        name::ParticipantName,
        time::Time,
    },
    store::{Row, StoreError, Tx},
};

/// Somebody who works at an outlet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Person {
    /// The outlet's own id of them.
    pub operator_id: String,
    /// The blind index of their document.
    pub document_index: Vec<u8>,
}

/// Adds an outlet.
pub async fn add(tx: &mut dyn Tx, outlet: &Outlet, uscc_index: &[u8]) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO channel (id, mvno, kind, state, legal_name, uscc, uscc_index, uscc_compared, plate_number,
           trained_time, agreement_number, agreement_end, authorise_time, update_time)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?13)",
        values![
            outlet.id.as_str(),
            &outlet.mvno,
            outlet.kind.as_str(),
            outlet.state.as_str(),
            outlet.legal_name.as_str(),
            outlet.uscc.as_str(),
            uscc_index.to_vec(),
            i64::from(outlet.uscc_compared),
            outlet.plate_number.as_str(),
            outlet.trained_time,
            outlet.agreement_number.as_str(),
            outlet.agreement_end,
            outlet.authorise_time,
        ],
    )
    .await
    .map(drop)
}

/// Writes the terms of an outlet that was authorised again.
pub async fn save(tx: &mut dyn Tx, outlet: &Outlet, uscc_index: &[u8]) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE channel SET kind = ?2, state = ?3, legal_name = ?4, uscc = ?5, uscc_index = ?6, uscc_compared = ?7,
           plate_number = ?8, trained_time = ?9, agreement_number = ?10, agreement_end = ?11, authorise_time = ?12,
           update_time = ?12 WHERE id = ?1",
        values![
            outlet.id.as_str(),
            outlet.kind.as_str(),
            outlet.state.as_str(),
            outlet.legal_name.as_str(),
            outlet.uscc.as_str(),
            uscc_index.to_vec(),
            i64::from(outlet.uscc_compared),
            outlet.plate_number.as_str(),
            outlet.trained_time,
            outlet.agreement_number.as_str(),
            outlet.agreement_end,
            outlet.authorise_time,
        ],
    )
    .await
    .map(drop)
}

/// Moves an outlet to a state.
pub async fn move_to(tx: &mut dyn Tx, id: &str, state: ChannelState, now: Time) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE channel SET state = ?2, update_time = ?3 WHERE id = ?1",
        values![id, state.as_str(), now],
    )
    .await
    .map(drop)
}

/// [`lookup_shared`].
pub async fn blacklist_unit(tx: &mut dyn Tx, uscc_index: &[u8], now: Time) -> Result<u64, StoreError> {
    tx.execute(
        "UPDATE channel SET state = 'BLACKLISTED', update_time = ?2 WHERE uscc_index = ?1",
        values![uscc_index.to_vec(), now],
    )
    .await
}

/// Waits for whoever reads an outlet at which that person works with [`lookup_shared`].
pub async fn touch_of_person(tx: &mut dyn Tx, document_index: &[u8], now: Time) -> Result<u64, StoreError> {
    tx.execute(
        "UPDATE channel SET update_time = ?2
         WHERE id IN (SELECT channel FROM channel_person WHERE document_index = ?1)",
        values![document_index.to_vec(), now],
    )
    .await
}

/// One outlet.
pub async fn lookup(tx: &mut dyn Tx, id: &str) -> Result<Option<Outlet>, StoreError> {
    let rows = tx
        .query(
            "SELECT id, mvno, kind, state, legal_name, uscc, uscc_compared, plate_number, trained_time,
               agreement_number, agreement_end, authorise_time
             FROM channel WHERE id = ?1",
            values![id],
        )
        .await?;
    rows.first().map(read).transpose()
}

/// The same, with every other transaction kept off it until this one ends.
pub async fn lookup_locked(tx: &mut dyn Tx, id: &str) -> Result<Option<Outlet>, StoreError> {
    tx.query("SELECT id FROM channel WHERE id = ?1 FOR UPDATE", values![id]).await?;
    lookup(tx, id).await
}

/// The blind index of an outlet's code.
pub async fn uscc_index(tx: &mut dyn Tx, id: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let rows = tx.query("SELECT uscc_index FROM channel WHERE id = ?1", values![id]).await?;
    rows.first().map(|row| row.blob(0).map(<[u8]>::to_vec)).transpose()
}

/// Outlets after an id, in the order of ids, with the live lines that each opened; of one MVNO or of all, in one state
/// or in any.
pub async fn list(
    tx: &mut dyn Tx,
    mvno: Option<&ParticipantName>,
    state: Option<ChannelState>,
    after: &str,
    limit: i64,
) -> Result<Vec<(Outlet, i64)>, StoreError> {
    let mvno = mvno.map_or_else(String::new, ToString::to_string);
    let rows = tx
        .query(
            "SELECT c.id, c.mvno, c.kind, c.state, c.legal_name, c.uscc, c.uscc_compared, c.plate_number,
               c.trained_time, c.agreement_number, c.agreement_end, c.authorise_time,
               (SELECT COUNT(*) FROM line l WHERE l.channel = c.id AND l.end_time IS NULL)
             FROM channel c
             WHERE (?1 = '' OR c.mvno = ?1) AND (?2 = '' OR c.state = ?2) AND c.id > ?3 ORDER BY c.id LIMIT ?4",
            values![mvno, state.map_or("", ChannelState::as_str), after, limit],
        )
        .await?;
    rows.iter().map(|row| Ok((read(row)?, row.int(12)?))).collect()
}

/// How many live lines an outlet opened.
pub async fn count_live(tx: &mut dyn Tx, id: &str) -> Result<i64, StoreError> {
    let sql = "SELECT COUNT(*) FROM line WHERE channel = ?1 AND end_time IS NULL";
    let rows = tx.query(sql, values![id]).await?;
    rows.first().ok_or_else(|| StoreError::inconsistent("line", "count", ""))?.int(0)
}

/// Names the persons who work at an outlet, in place of those named before.
pub async fn put_persons(tx: &mut dyn Tx, id: &str, persons: &[Person]) -> Result<(), StoreError> {
    tx.send("DELETE FROM channel_person WHERE channel = ?1", values![id]).await?;
    for person in persons {
        tx.send(
            "INSERT INTO channel_person (channel, operator_id, document_index) VALUES (?1, ?2, ?3)",
            values![id, person.operator_id.as_str(), person.document_index.clone()],
        )
        .await?;
    }
    Ok(())
}

/// The persons whom an outlet has named, in the order of its ids of them.
pub async fn persons(tx: &mut dyn Tx, id: &str) -> Result<Vec<Person>, StoreError> {
    let rows = tx
        .query(
            "SELECT operator_id, document_index FROM channel_person WHERE channel = ?1 ORDER BY operator_id",
            values![id],
        )
        .await?;
    rows.iter()
        .map(|row| Ok(Person { operator_id: row.text(0)?.to_owned(), document_index: row.blob(1)?.to_vec() }))
        .collect()
}

/// What every query here selects.
const COLUMNS: &str = "id, mvno, kind, state, legal_name, uscc, uscc_compared, plate_number, trained_time,
  agreement_number, agreement_end, authorise_time";

fn read(row: &Row) -> Result<Outlet, StoreError> {
    sense(row).map_err(|error| error.named("channel", COLUMNS, row.text(0).unwrap_or_default()))
}

fn sense(row: &Row) -> Result<Outlet, StoreError> {
    Ok(Outlet {
        id: row.text(0)?.to_owned(),
        mvno: row.participant(1)?,
        kind: row.word(2, ChannelKind::parse)?,
        state: row.word(3, ChannelState::parse)?,
        legal_name: row.text(4)?.to_owned(),
        uscc: row.text(5)?.to_owned(),
        uscc_compared: row.int(6)? != 0,
        plate_number: row.text(7)?.to_owned(),
        trained_time: row.opt_time(8)?,
        agreement_number: row.text(9)?.to_owned(),
        agreement_end: row.opt_time(10)?,
        authorise_time: row.time(11)?,
    })
}
