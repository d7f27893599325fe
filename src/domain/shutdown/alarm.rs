//! What somebody has to look at.

use super::AlarmKind;
use crate::domain::{name::ParticipantName, time::Time};

/// One alarm.
#[derive(Clone, Debug, PartialEq)]
pub struct Alarm {
    /// The key of its row, and the last part of its name.
    pub id: String,
    /// What it is.
    pub kind: AlarmKind,
    /// Whose order it is about.
    pub organisation: ParticipantName,
    /// Which.
    pub order_id: String,
    /// The receiver that it is about.
    pub receiver: Option<ParticipantName>,
    /// How many numbers.
    pub number_count: i64,
    /// When.
    pub alarm_time: Time,
    /// One sentence, without any number of a subscriber.
    pub text: String,
}

// === impl Alarm ===

impl Alarm {
    /// Its name.
    pub fn name(&self) -> String {
        format!("alarms/{}", self.id)
    }
}
