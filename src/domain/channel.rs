//! Channels: the outlets by which an operator sells. It answers for each (anti-fraud law, article 9), so that each has an
//! agreement, a plate, readers and persons of its own, nobody sells for an agent, and training comes before work. Whoever
//! is on the blacklist is on everybody's.

pub mod blacklist;
pub mod outlet;
pub mod reader;

use serde::{Deserialize, Serialize};

use super::{
    fault::{At, Code, Fault, Faults},
    name::ParticipantName,
    personal::Personal,
    time::Time,
    unit::{self, UnitCode, UnitName},
    word::words,
};

words! {
    /// Kinds of channel.
    ChannelKind {
        /// The operator's own hall.
        OwnHall "OWN_HALL";
        /// An agent with a shop.
        PhysicalAgent "PHYSICAL_AGENT";
        /// An agent online.
        OnlineAgent "ONLINE_AGENT";
        /// A platform on which others sell.
        Platform "PLATFORM";
    }
}

words! {
    /// Where a channel is.
    ChannelState {
        /// May sell.
        Authorised "AUTHORISED";
        /// May not, until it is authorised again.
        Suspended "SUSPENDED";
        /// Never again, for nobody.
        Blacklisted "BLACKLISTED";
    }
}

/// A channel as it came, nothing judged.
#[derive(Clone, Debug, Default)]
pub struct ChannelDraft {
    /// What it is.
    pub kind: Option<ChannelKind>,
    /// The name on its certificate.
    pub legal_name: Personal,
    /// Its unified social credit code.
    pub uscc: Personal,
    /// Somebody compared the code with the certificate, though it does not check.
    pub uscc_compared: bool,
    /// The number on its plate.
    pub plate_number: String,
    /// The channel that it would sell for; must be empty.
    pub parent: String,
    /// When its people were trained.
    pub trained_time: Option<Time>,
    /// The number of the agreement; empty for an own hall.
    pub agreement_number: String,
    /// Until when the agreement is valid.
    pub agreement_end: Option<Time>,
}

/// A channel.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Channel {
    /// Whose.
    pub mvno: ParticipantName,
    /// What it is.
    pub kind: ChannelKind,
    /// Where it is.
    pub state: ChannelState,
    /// When its people were trained; `None` where they were not.
    pub trained_time: Option<Time>,
    /// Until when its agreement is valid; `None` for an own hall.
    pub agreement_end: Option<Time>,
}

/// What of a draft has passed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ChannelTerms {
    /// What it is.
    pub kind: ChannelKind,
    /// The name on its certificate.
    pub legal_name: UnitName,
    /// Its code; it checks, or somebody compared it with the certificate.
    pub uscc: UnitCode,
    /// The number on its plate.
    pub plate_number: String,
    /// When its people were trained.
    pub trained_time: Option<Time>,
    /// The agreement's number.
    pub agreement_number: String,
    /// Its end.
    pub agreement_end: Option<Time>,
}

// === impl ChannelKind ===

impl ChannelKind {
    /// Whether it sells to people who are not there.
    pub fn is_online(self) -> bool {
        matches!(self, Self::OnlineAgent | Self::Platform)
    }

    /// Whether somebody else than the operator runs it.
    pub fn is_entrusted(self) -> bool {
        self != Self::OwnHall
    }
}

// === impl ChannelDraft ===

impl ChannelDraft {
    /// Judges a channel that is to be authorised. `training_asked`: the standing asks for proof of training beforehand.
    pub fn read(self, prefix: &str, training_asked: bool, now: Time) -> Result<ChannelTerms, Vec<At>> {
        let mut found = Vec::new();
        let mut faults = Faults::beneath(&mut found, prefix);
        let kind = self.kind.ok_or(Fault::new(Code::Required, "what the channel is"));
        let kind = faults.keep("kind", kind);
        let legal_name = faults.keep("legal_name", UnitName::read(self.legal_name));
        let uscc = faults.keep("uscc", UnitCode::read(self.uscc));
        let checks = uscc.as_ref().is_none_or(|uscc| uscc.checks() || self.uscc_compared);
        faults.require(checks, "uscc", unit::UNCHECKED.code, unit::UNCHECKED.text);
        plate(&self.plate_number, &mut faults);
        let alone = self.parent.is_empty();
        faults.require(
            alone,
            "parent",
            Code::SubDelegation,
            "an agent of the operator itself; agents have no agents",
        );
        let trained = self.trained_time.is_none_or(|time| time <= now);
        faults.require(trained, "trained_time", Code::InFuture, "not later than now");
        let proven = !training_asked || self.trained_time.is_some();
        faults.require(
            proven,
            "trained_time",
            Code::TrainingMissing,
            "at this standing training comes before",
        );
        if kind.is_some_and(ChannelKind::is_entrusted) {
            agreement(&self.agreement_number, self.agreement_end, now, &mut faults);
        }
        let terms = kind.zip(legal_name).zip(uscc).map(|((kind, legal_name), uscc)| ChannelTerms {
            kind,
            legal_name,
            uscc,
            plate_number: self.plate_number,
            trained_time: self.trained_time,
            agreement_number: self.agreement_number,
            agreement_end: self.agreement_end,
        });
        terms.filter(|_| found.is_empty()).ok_or(found)
    }
}

// === impl Channel ===

impl Channel {
    /// Whether it may sell at a moment.
    pub fn may_sell(&self, at: Time) -> Result<(), Fault> {
        match self.state {
            ChannelState::Authorised => {}
            ChannelState::Suspended => {
                return Err(Fault::new(Code::ChannelSuspended, "an outlet that is not suspended"));
            }
            ChannelState::Blacklisted => return Err(BLACKLISTED),
        }
        if self.kind.is_entrusted() && self.agreement_end.is_none_or(|end| at >= end) {
            return Err(Fault::new(Code::AgreementExpired, "an outlet whose agreement is in force"));
        }
        if self.trained_time.is_none_or(|trained| trained > at) {
            return Err(Fault::new(Code::TrainingMissing, "an outlet whose people were trained before"));
        }
        Ok(())
    }
}

// === impl ChannelState ===

impl ChannelState {
    /// Suspends it.
    pub fn suspend(self) -> Result<Self, Fault> {
        match self {
            Self::Authorised => Ok(Self::Suspended),
            Self::Suspended => Err(Fault::new(Code::ChannelSuspended, "it is suspended already")),
            Self::Blacklisted => Err(BLACKLISTED),
        }
    }

    /// Authorises it again; never from the blacklist.
    pub fn authorise(self) -> Result<Self, Fault> {
        match self {
            Self::Authorised | Self::Suspended => Ok(Self::Authorised),
            Self::Blacklisted => Err(BLACKLISTED),
        }
    }

    /// Puts it on the blacklist, from whatever state.
    #[must_use]
    pub fn blacklist(self) -> Self {
        Self::Blacklisted
    }
}

const BLACKLISTED: Fault =
    Fault::new(Code::ChannelBlacklisted, "an outlet that is not on the blacklist of all");

fn plate(number: &str, faults: &mut Faults<'_>) {
    let length = number.chars().count();
    faults.require(length > 0, "plate_number", Code::PlateRequired, "the number on the outlet's plate");
    faults.require(length <= 50, "plate_number", Code::BadLength, "at most 50 characters");
    let fine = !number.chars().any(char::is_control);
    faults.require(fine, "plate_number", Code::BadChar, "no control characters");
}

fn agreement(number: &str, end: Option<Time>, now: Time, faults: &mut Faults<'_>) {
    let length = number.chars().count();
    faults.require(length > 0, "agreement.number", Code::Required, "the number of the agreement");
    faults.require(length <= 100, "agreement.number", Code::BadLength, "at most 100 characters");
    match end {
        None => faults.add("agreement.valid_to_time", Fault::new(Code::Required, "until when it is valid")),
        Some(end) => {
            faults.require(
                end > now,
                "agreement.valid_to_time",
                Code::AgreementExpired,
                "an agreement in force",
            );
        }
    }
}

#[cfg(test)]
mod tests;
