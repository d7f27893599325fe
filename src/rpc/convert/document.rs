//! Documents and how they were taken in, on the way in. What they say is moved, not copied, to where it is wiped.

use super::word::Word;
use crate::{
    domain::{document::DocumentDraft, personal::Personal, registration::draft::TakenDraft},
    rpc::pb,
};

/// A document; one that is missing has faults in every field that is required.
pub fn draft(message: Option<pb::Document>) -> DocumentDraft {
    let message = message.unwrap_or_default();
    DocumentDraft {
        kind: Word::read(message.r#type),
        number: Personal::new(message.number),
        name: Personal::new(message.name),
        valid_from: message.valid_from_date,
        valid_to: message.valid_to_date,
        born: Personal::new(message.birth_date),
        sex: Word::read(message.sex),
        nationality: message.nationality,
        address: Personal::new(message.address),
    }
}

/// How the documents were taken in.
pub fn taken(message: pb::Capture) -> TakenDraft {
    TakenDraft {
        method: Word::read(message.method),
        reader_serial: message.reader_serial,
        channel: message.channel,
        operator_id: message.operator_id,
        photo_sha256: message.photo_sha256,
    }
}
