//! Between messages and domain values. Everything that a message gets wrong is collected on the way in, so that its
//! sender learns of all of it at once.

pub mod act;
pub mod answer;
pub mod channel;
pub mod command;
pub mod document;
pub mod fact;
pub mod fields;
pub mod intake;
pub mod registration;
pub mod shutdown;
pub mod word;

use crate::domain::{decision::Bilingual, time::Time};

use super::pb;

/// A moment as a message has it.
pub fn stamp(time: Time) -> prost_types::Timestamp {
    let micros = time.micros();
    let nanos = i32::try_from(micros.rem_euclid(1_000_000) * 1000).unwrap_or(0);
    prost_types::Timestamp { seconds: micros.div_euclid(1_000_000), nanos }
}

/// A sentence in both languages.
pub fn bilingual(text: &Bilingual) -> pb::Bilingual {
    pb::Bilingual { zh: text.zh.clone(), en: text.en.clone() }
}
