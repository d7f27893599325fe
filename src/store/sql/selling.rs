//! What a registration has to know of the outlet where it was taken in, in two looks.

use super::values;
use crate::{
    domain::{
        channel::{
            Channel, ChannelKind, ChannelState,
            blacklist::{Listed, Listing},
        },
        name::ParticipantName,
    },
    store::{Row, StoreError, Tx, Value},
};

/// An outlet at work.
#[derive(Clone, Debug)]
pub struct Selling {
    /// The outlet.
    pub channel: Channel,
    /// The blind index of its code.
    pub uscc_index: Vec<u8>,
}

/// What belongs to an outlet.
#[derive(Clone, Debug)]
pub struct Staff {
    /// It has named who works there, and whom was asked about is none of them.
    pub is_stranger: bool,
    /// Whose the reader is that was asked about; `None` where it is nobody's.
    pub reader_of: Option<String>,
    /// What is listed of it, or of that person, whether or not it is in force.
    pub listings: Vec<Listing>,
}

/// An outlet of that MVNO. Nobody changes it, or what belongs to it, until this transaction ends.
pub async fn lookup_shared(
    tx: &mut dyn Tx,
    mvno: &ParticipantName,
    id: &str,
) -> Result<Option<Selling>, StoreError> {
    let rows = tx
        .query(
            "SELECT mvno, kind, state, trained_time, agreement_end, uscc_index
             FROM channel WHERE id = ?1 AND mvno = ?2 FOR SHARE",
            values![id, mvno],
        )
        .await?;
    let read = |row: &Row| sense(row).map_err(|error| error.named("channel", COLUMNS, id));
    rows.first().map(read).transpose()
}

/// A person and a reader of an outlet, and what is listed. Of one that is locked: what is asked in the statement that
/// waits for a lock is as it was before it waited.
pub async fn staff(
    tx: &mut dyn Tx,
    id: &str,
    uscc_index: &[u8],
    operator_id: &str,
    reader: &str,
) -> Result<Staff, StoreError> {
    let rows = tx
        .query(
            "SELECT s.persons, s.person, s.reader, b.listed, b.from_time, b.until_time
             FROM (SELECT
                 (SELECT COUNT(*) FROM channel_person p WHERE p.channel = ?1) AS persons,
                 (SELECT p.document_index FROM channel_person p WHERE p.channel = ?1 AND p.operator_id = ?2) AS person,
                 (SELECT r.channel FROM reader r WHERE r.serial = ?3) AS reader) s
             LEFT JOIN blacklist b ON (b.listed = 'OUTLET' AND b.listed_index = ?4)
               OR (b.listed = 'PERSON' AND b.listed_index = s.person)",
            values![id, operator_id, reader, uscc_index.to_vec()],
        )
        .await?;
    let first = rows.first().ok_or_else(|| StoreError::inconsistent("channel_person", "persons", id))?;
    let is_none = matches!(first.0.get(1), Some(Value::Null));
    let listed = rows.iter().filter(|row| !matches!(row.0.get(3), Some(Value::Null)));
    Ok(Staff {
        is_stranger: first.int(0)? > 0 && is_none,
        reader_of: first.opt_text(2)?.map(str::to_owned),
        listings: listed.map(|row| listing(row, 3)).collect::<Result<_, _>>()?,
    })
}

/// What is listed of an outlet's code, or of a person, whether or not it is in force.
pub async fn listings(
    tx: &mut dyn Tx,
    uscc_index: &[u8],
    person_index: Option<&[u8]>,
) -> Result<Vec<Listing>, StoreError> {
    let rows = tx
        .query(
            "SELECT listed, from_time, until_time FROM blacklist
             WHERE (listed = 'OUTLET' AND listed_index = ?1) OR (listed = 'PERSON' AND listed_index = ?2)",
            values![uscc_index.to_vec(), person_index.map(<[u8]>::to_vec)],
        )
        .await?;
    rows.iter().map(|row| listing(row, 0)).collect()
}

fn listing(row: &Row, at: usize) -> Result<Listing, StoreError> {
    Ok(Listing {
        listed: row.word(at, Listed::parse)?,
        from: row.time(at + 1)?,
        until: row.opt_time(at + 2)?,
    })
}

/// What the first query selects.
const COLUMNS: &str = "mvno, kind, state, trained_time, agreement_end, uscc_index";

fn sense(row: &Row) -> Result<Selling, StoreError> {
    Ok(Selling {
        channel: Channel {
            mvno: row.participant(0)?,
            kind: row.word(1, ChannelKind::parse)?,
            state: row.word(2, ChannelState::parse)?,
            trained_time: row.opt_time(3)?,
            agreement_end: row.opt_time(4)?,
        },
        uscc_index: row.blob(5)?.to_vec(),
    })
}
