//! A channel as it is kept: what it may do, and by what it is known. Its name and code are those of a public certificate.

use serde::{Deserialize, Serialize};

use super::{Channel, ChannelKind, ChannelState};
use crate::domain::{name::ParticipantName, time::Time};

/// One outlet of an MVNO.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Outlet {
    /// The last part of its name.
    pub id: String,
    /// Whose.
    pub mvno: ParticipantName,
    /// What it is.
    pub kind: ChannelKind,
    /// Where it is.
    pub state: ChannelState,
    /// The name on its certificate.
    pub legal_name: String,
    /// Its unified social credit code.
    pub uscc: String,
    /// Somebody compared the code with the certificate, though it does not check.
    pub uscc_compared: bool,
    /// The number on its plate.
    pub plate_number: String,
    /// When its people were trained.
    pub trained_time: Option<Time>,
    /// The number of its agreement; empty for an own hall.
    pub agreement_number: String,
    /// Until when its agreement is valid.
    pub agreement_end: Option<Time>,
    /// When it was authorised, last.
    pub authorise_time: Time,
}

// === impl Outlet ===

impl Outlet {
    /// Its resource name.
    pub fn name(&self) -> String {
        name(&self.mvno, &self.id)
    }

    /// What a registration is judged by.
    pub fn channel(&self) -> Channel {
        Channel {
            mvno: self.mvno.clone(),
            kind: self.kind,
            state: self.state,
            trained_time: self.trained_time,
            agreement_end: self.agreement_end,
        }
    }
}

/// The resource name of an outlet.
pub fn name(mvno: &ParticipantName, id: &str) -> String {
    format!("{mvno}/channels/{id}")
}
