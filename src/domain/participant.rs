//! Who takes part, and the steps of getting in and out.

use serde::{Deserialize, Serialize};

use super::{name::ParticipantName, time::Time, word::words};

/// A participant.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Participant {
    /// Its name; fixes its class.
    pub name: ParticipantName,
    /// What people call it.
    pub display_name: String,
    /// The level of an authority.
    pub level: Option<Level>,
    /// The area of an authority.
    pub area: String,
    /// Where it is.
    pub state: ParticipantState,
    /// Who proposed its last step.
    pub proposed_by: String,
    /// Who approved it.
    pub approved_by: Option<String>,
    /// When it was proposed.
    pub create_time: Time,
    /// When it last changed.
    pub update_time: Time,
}

words! {
    /// Where a participant is.
    ParticipantState {
        /// Waits for approval.
        Proposed "PROPOSED";
        /// Takes part.
        Active "ACTIVE";
        /// Its calls are refused.
        Suspended "SUSPENDED";
        /// Still suspended; its return waits for approval.
        ResumeProposed "RESUME_PROPOSED";
    }
}

words! {
    /// The level of an authority.
    Level {
        /// The Ministry.
        Ministry "MINISTRY";
        /// A province.
        Province "PROVINCE";
        /// A city.
        City "CITY";
    }
}
