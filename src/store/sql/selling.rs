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
    /// Whether it has named who works there.
    pub names_persons: bool,
    /// The blind index of the document of whom was asked about, where it has named them.
    pub person_index: Option<Vec<u8>>,
    /// Whose the reader is that was asked about; `None` where it is nobody's.
    pub reader_of: Option<String>,
}

/// An outlet of that MVNO, and of it a person and a reader. Nobody changes the outlet until this transaction ends.
pub async fn lookup_shared(
    tx: &mut dyn Tx,
    mvno: &ParticipantName,
    id: &str,
    operator_id: &str,
    reader: &str,
) -> Result<Option<Selling>, StoreError> {
    let rows = tx
        .query(
            "SELECT mvno, kind, state, trained_time, agreement_end, uscc_index,
               (SELECT COUNT(*) FROM channel_person p WHERE p.channel = c.id),
               (SELECT p.document_index FROM channel_person p WHERE p.channel = c.id AND p.operator_id = ?3),
               (SELECT r.channel FROM reader r WHERE r.serial = ?4)
             FROM channel c WHERE c.id = ?1 AND c.mvno = ?2 FOR SHARE",
            values![id, mvno, operator_id, reader],
        )
        .await?;
    let read = |row: &Row| sense(row).map_err(|error| error.named("channel", COLUMNS, id));
    rows.first().map(read).transpose()
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
    let listing = |row: &Row| {
        Ok(Listing { listed: row.word(0, Listed::parse)?, from: row.time(1)?, until: row.opt_time(2)? })
    };
    rows.iter().map(listing).collect()
}

/// What the first query selects.
const COLUMNS: &str = "mvno, kind, state, trained_time, agreement_end, uscc_index, persons, person, reader";

fn sense(row: &Row) -> Result<Selling, StoreError> {
    let person_index = match row.0.get(7) {
        Some(Value::Null) => None,
        _ => Some(row.blob(7)?.to_vec()),
    };
    Ok(Selling {
        channel: Channel {
            mvno: row.participant(0)?,
            kind: row.word(1, ChannelKind::parse)?,
            state: row.word(2, ChannelState::parse)?,
            trained_time: row.opt_time(3)?,
            agreement_end: row.opt_time(4)?,
        },
        uscc_index: row.blob(5)?.to_vec(),
        names_persons: row.int(6)? > 0,
        person_index,
        reader_of: row.opt_text(8)?.map(str::to_owned),
    })
}
