//! The blacklist of all: outlets and persons, by blind index.

use super::values;
use crate::{
    domain::{
        channel::blacklist::{Listed, Listing},
        time::Time,
    },
    store::{Row, StoreError, Tx},
};

/// An entry to be kept.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The last part of its name.
    pub id: String,
    /// Who, and from when until when.
    pub listing: Listing,
    /// The blind index of the outlet's code, or of the person's document.
    pub listed_index: Vec<u8>,
    /// The outlet by which it came to be listed.
    pub channel: Option<String>,
    /// Who listed it.
    pub listed_by: String,
}

/// One at a time from here to the end of the transaction: whoever lists, or restricts, or goes by what is listed to
/// write down something that is not looked at again.
pub async fn lock(tx: &mut dyn Tx) -> Result<(), StoreError> {
    tx.query("SELECT n FROM counter WHERE name = 'listings' FOR UPDATE", values![]).await.map(drop)
}

/// Adds an entry.
pub async fn add(tx: &mut dyn Tx, kept: &Kept) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO blacklist (id, listed, listed_index, channel, from_time, until_time, listed_by)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        values![
            kept.id.as_str(),
            kept.listing.listed.as_str(),
            kept.listed_index.clone(),
            kept.channel.as_deref(),
            kept.listing.from,
            kept.listing.until,
            kept.listed_by.as_str(),
        ],
    )
    .await
    .map(drop)
}

/// What is listed under a blind index, whether or not it is in force.
pub async fn list_of(tx: &mut dyn Tx, listed_index: &[u8]) -> Result<Vec<Listing>, StoreError> {
    let rows = tx
        .query(
            "SELECT listed, from_time, until_time FROM blacklist WHERE listed_index = ?1 ORDER BY from_time",
            values![listed_index.to_vec()],
        )
        .await?;
    rows.iter().map(|row| sense(row).map_err(|error| error.named("blacklist", COLUMNS, ""))).collect()
}

/// What every query here selects.
const COLUMNS: &str = "listed, from_time, until_time";

fn sense(row: &Row) -> Result<Listing, StoreError> {
    let until: Option<Time> = row.opt_time(2)?;
    Ok(Listing { listed: row.word(0, Listed::parse)?, from: row.time(1)?, until })
}
