//! A channel as it is kept: what it may do, and by what it is known. Its name and code are those of a public certificate.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Channel, ChannelKind, ChannelState};
use crate::domain::{
    name::{ParticipantName, Slug},
    time::Time,
};

/// The name of an outlet: `mvnos/m07/channels/<id>`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OutletName {
    /// Whose.
    pub mvno: ParticipantName,
    /// Its id, of all MVNOs' outlets.
    pub id: String,
}

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

// === impl OutletName ===

impl OutletName {
    /// Reads a name.
    pub fn parse(text: &str) -> Option<Self> {
        let (mvno, id) = text.split_once("/channels/")?;
        let mvno = ParticipantName::parse_mvno(mvno).ok()?;
        Slug::parse(id).ok().map(|id| Self { mvno, id: id.as_str().to_owned() })
    }
}

impl fmt::Display for OutletName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/channels/{}", self.mvno, self.id)
    }
}

// === impl Outlet ===

impl Outlet {
    /// Its name.
    pub fn name(&self) -> OutletName {
        OutletName { mvno: self.mvno.clone(), id: self.id.clone() }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let text = "mvnos/m07/channels/0199";
        assert_eq!(OutletName::parse(text).map(|name| name.to_string()).as_deref(), Some(text));
        for bad in [
            "",
            "mvnos/m07/channels/",
            "mvnos/m07/findings/1",
            "carriers/a/channels/1",
            "mvnos/m07/channels/1/2",
        ] {
            assert_eq!(OutletName::parse(bad), None, "{bad}");
        }
    }
}
