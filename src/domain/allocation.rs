//! A block of 10,000 numbers in an MVNO's hands.

use serde::{Deserialize, Serialize};

use super::{name::ParticipantName, time::Time};

/// One allocation.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Allocation {
    /// Its id, a uuid v7.
    pub id: String,
    /// The first 7 digits of its numbers.
    pub prefix: String,
    /// Who holds it.
    pub mvno: ParticipantName,
    /// Whose range it is.
    pub carrier: ParticipantName,
    /// Since when.
    pub allocate_time: Time,
    /// Until when; `None` while held.
    pub return_time: Option<Time>,
    /// Who allocated it.
    pub allocated_by: String,
    /// Why.
    pub reason: String,
}
