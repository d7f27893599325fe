//! Disputes: lines under a person's document that are not that person's. The MVNO that has them answers.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    name::ParticipantName,
    time::{DAY, Time},
    word::words,
};

words! {
    /// Where a dispute is.
    DisputeState {
        /// To be answered.
        Open "OPEN";
        /// Answered.
        Answered "ANSWERED";
    }
}

words! {
    /// What came of it.
    DisputeOutcome {
        /// The lines are the person's own.
        Confirmed "CONFIRMED";
        /// They were registered under their real holder.
        Reassigned "REASSIGNED";
        /// They were stopped until their holder is verified.
        Stopped "STOPPED";
        /// They were closed.
        Closed "CLOSED";
    }
}

/// A dispute is answered within this time, as the query that led to it is (一证通查: 48 hours).
pub const ANSWERED_WITHIN: Duration = DAY.saturating_mul(2);

/// A dispute. It names nobody.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Dispute {
    /// The last part of its name.
    pub id: String,
    /// At which MVNO.
    pub mvno: ParticipantName,
    /// Where it is.
    pub state: DisputeState,
    /// Whose lines, as that MVNO knows the person.
    pub subject_token: String,
    /// How many are disputed; 0 for all.
    pub count: u32,
    /// When it was opened.
    pub open_time: Time,
    /// When it is to be answered.
    pub due_time: Time,
    /// What came of it.
    pub outcome: Option<DisputeOutcome>,
    /// When it was answered.
    pub answer_time: Option<Time>,
}

// === impl Dispute ===

impl Dispute {
    /// Its resource name.
    pub fn name(&self) -> String {
        format!("{}/disputes/{}", self.mvno, self.id)
    }
}
