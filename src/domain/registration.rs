//! A registration: a line, who has it, and how their documents were taken in. [`draft`] reads what came into what can be
//! stored, with every fault at once; [`judge`] weighs it against what the store knows, in the registration's own
//! transaction; [`refuse`] says no.

pub mod draft;
pub mod import;
pub mod judge;
pub mod refuse;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

pub use super::line::retention::RegistrationState;
use super::{
    capture::CaptureMethod,
    channel::reader::ReaderSerial,
    document::{Document, minor::Ages},
    industry::{Functions, imei::Imei},
    number::Msisdn,
    quota::Slots,
    time::Time,
    unit::{UnitCode, UnitName},
    word::words,
};

words! {
    /// What happens to the line.
    RegistrationEvent {
        /// It is opened.
        Open "OPEN";
        /// It passes to another holder (过户).
        Transfer "TRANSFER";
        /// Its card is changed (补换卡).
        SimChange "SIM_CHANGE";
        /// What was missing is supplemented (补登记).
        Supplement "SUPPLEMENT";
    }
}

/// How a registration reaches us; fixes how far back it may lie.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Way {
    /// By Register.
    Registered,
    /// By ImportRegistrations.
    Imported,
}

/// A registration whose form is in order.
#[derive(Clone, Debug)]
pub struct Registration {
    /// The line's number.
    pub msisdn: Msisdn,
    /// What happens to it.
    pub event: RegistrationEvent,
    /// Who has it.
    pub subject: Subject,
    /// A minor's guardian.
    pub guardian: Option<Document>,
    /// Who acts for a unit.
    pub handler: Option<Document>,
    /// Who acts for a person.
    pub proxy: Option<Document>,
    /// How the documents were taken in.
    pub taken: Taken,
    /// When.
    pub register_time: Time,
}

/// Who has a line.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A person.
    Individual(Box<Document>),
    /// A unit, with the person who answers for the line.
    Unit(Box<Unit>),
}

/// A unit and its line.
#[derive(Clone, Debug)]
pub struct Unit {
    /// Its name.
    pub name: UnitName,
    /// Its code.
    pub code: UnitCode,
    /// Somebody compared the code with the certificate, though it does not check.
    pub code_compared: bool,
    /// SHA-256 of the letter by which its handler acts.
    pub authorisation_sha256: String,
    /// What the line is, and who answers for it.
    pub line: UnitLine,
}

/// The two kinds of a unit's line.
#[derive(Clone, Debug)]
pub enum UnitLine {
    /// An ordinary one, used by this person.
    Ordinary {
        /// Who uses it.
        actual_user: Document,
    },
    /// An industry card.
    Industry {
        /// Who is responsible for it.
        responsible_person: Document,
        /// The assessment's name.
        assessment: String,
        /// What it can do.
        functions: Functions,
        /// The device that it is bound to.
        imei: Option<Imei>,
    },
}

/// How the documents were taken in.
#[derive(Clone, Debug)]
pub struct Taken {
    /// How.
    pub method: CaptureMethod,
    /// The reader, where one was used.
    pub reader: Option<ReaderSerial>,
    /// The outlet's name; empty only in an import.
    pub channel: String,
    /// Who did it: a person of that outlet, by the outlet's own id of them.
    pub operator_id: String,
    /// SHA-256 of the photo of the person on the spot; empty for none.
    pub photo_sha256: String,
}

/// The numbers of the rules.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Policy {
    /// Ages at which things begin.
    pub ages: Ages,
}

// === impl RegistrationEvent ===

impl RegistrationEvent {
    /// Whether a new line begins for its holder: the standing is asked, and a slot is taken.
    pub fn is_activation(self) -> bool {
        matches!(self, Self::Open | Self::Transfer)
    }
}

// === impl Subject ===

impl Subject {
    /// The person by whom the line is counted: of a unit's, its actual user or responsible person.
    pub fn person(&self) -> &Document {
        match self {
            Self::Individual(document) => document,
            Self::Unit(unit) => match &unit.line {
                UnitLine::Ordinary { actual_user } => actual_user,
                UnitLine::Industry { responsible_person, .. } => responsible_person,
            },
        }
    }

    /// Which of that person's lines it is counted with.
    pub fn slots(&self) -> Slots {
        if self.is_industry() { Slots::Industry } else { Slots::Ordinary }
    }

    /// How many such lines that person may hold.
    pub fn limit(&self) -> u32 {
        self.slots().limit()
    }

    /// The device that an industry card is bound to.
    pub fn imei(&self) -> Option<&Imei> {
        let Self::Unit(unit) = self else { return None };
        let UnitLine::Industry { imei, .. } = &unit.line else { return None };
        imei.as_ref()
    }

    /// Whether it is an industry card.
    pub fn is_industry(&self) -> bool {
        matches!(self, Self::Unit(unit) if matches!(unit.line, UnitLine::Industry { .. }))
    }
}

// === impl Registration ===

impl Registration {
    /// Every person of it, the one it is counted by first: each is checked with the authority.
    pub fn persons(&self) -> impl Iterator<Item = &Document> {
        let others = [&self.guardian, &self.handler, &self.proxy].into_iter().flatten();
        std::iter::once(self.subject.person()).chain(others)
    }

    /// Who was on the spot, and is on the photo: whoever came for the holder, or the holder.
    pub fn photographed(&self) -> &Document {
        let others = [&self.proxy, &self.handler, &self.guardian].into_iter().flatten().next();
        others.unwrap_or_else(|| self.subject.person())
    }

    /// The day in Shanghai on which it is judged.
    pub fn day(&self) -> Date {
        super::day::of(self.register_time)
    }
}
