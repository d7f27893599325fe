//! What was registered of a line, event by event, and how it was taken in. Added to, and changed by erasure alone.

use super::values;
use crate::{
    domain::{capture::CaptureMethod, registration::RegistrationEvent, time::Time},
    store::{StoreError, Tx},
    vault::Column,
};

/// Guardian, handler, proxy and unit, sealed by the subject's key at the row of that id.
pub const DETAILS: Column = Column::of("registration", "details");

/// One event.
#[derive(Clone, Debug)]
pub struct New {
    /// Of which line.
    pub line: String,
    /// The key of its row.
    pub id: String,
    /// What happened.
    pub event: RegistrationEvent,
    /// When.
    pub register_time: Time,
    /// How the documents were taken in.
    pub capture: CaptureMethod,
    /// By which reader.
    pub reader: Option<String>,
    /// At which outlet.
    pub channel: Option<String>,
    /// By whom, in the outlet's own words; empty where nobody says.
    pub operator_id: String,
    /// SHA-256 of the photo; empty for none.
    pub photo_sha256: String,
    /// Who else is in it, sealed; `None` for nobody.
    pub details: Option<Vec<u8>>,
}

/// Adds an event.
pub async fn send(tx: &mut dyn Tx, new: &New) -> Result<(), StoreError> {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    tx.send(
        "INSERT INTO registration (line, id, event, register_time, capture, reader, channel, operator_id, photo_sha256,
           details)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        values![
            new.line.as_str(),
            new.id.as_str(),
            new.event.as_str(),
            new.register_time,
            new.capture.as_str(),
            new.reader.as_deref(),
            new.channel.as_deref(),
            some(&new.operator_id),
            some(&new.photo_sha256),
            new.details.clone(),
        ],
    )
    .await
}

/// Takes what is personal from every event of a line.
pub async fn erase(tx: &mut dyn Tx, line: &str) -> Result<(), StoreError> {
    tx.send(
        "UPDATE registration SET operator_id = NULL, photo_sha256 = NULL, details = NULL WHERE line = ?1",
        values![line],
    )
    .await
}
