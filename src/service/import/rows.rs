//! A row before its transaction: its form is read and its indexes are made, so that the writer has less to do.

use std::fmt;

use zeroize::Zeroizing;

use crate::{
    domain::{
        fault::{At, Code, Fault},
        refusal::Violation,
        registration::{Policy, Registration, RegistrationEvent, Way, draft::Draft, import::Rejected},
        time::Time,
    },
    service::persons::Persons,
};

/// A row as it came.
#[derive(Debug)]
pub struct Row {
    /// Its number in the file.
    pub row_number: i64,
    /// What it says.
    pub draft: Draft,
    /// What its message had wrong beside that.
    pub faults: Vec<Violation>,
    /// Its message, kept for its sender where the row is rejected.
    pub original: Original,
}

/// The message of a row, as it came. Nothing prints it.
pub struct Original(Zeroizing<Vec<u8>>);

/// A row whose form was read.
pub(super) struct Read {
    pub(super) row_number: i64,
    pub(super) outcome: Result<Ready, Rejected>,
    pub(super) original: Original,
}

/// A row whose form is in order.
pub(super) struct Ready {
    pub(super) registration: Registration,
    pub(super) block: String,
    pub(super) e164: Zeroizing<String>,
    pub(super) number_index: [u8; 32],
    pub(super) document_index: [u8; 32],
}

const OPEN_ALONE: Fault = Fault::new(Code::NotTogether, "a line that is there is OPEN, or left out");

// === impl Original ===

impl Original {
    /// Of those bytes.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    pub(super) fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Original {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Original(..)")
    }
}

// === impl Row ===

impl Row {
    pub(super) fn read(self, persons: &Persons, now: Time) -> Read {
        let (row_number, original) = (self.row_number, self.original);
        let event = self.draft.event.unwrap_or(RegistrationEvent::Open);
        let draft = Draft { event: Some(event), ..self.draft };
        let read = draft.read("registration", Way::Imported, &Policy::default(), now);
        let read = read.and_then(|registration| match event {
            RegistrationEvent::Open => Ok(registration),
            _ => Err(vec![At { field: "registration.event".to_owned(), fault: OPEN_ALONE }]),
        });
        if let Some(fault) = self.faults.first() {
            return Read { row_number, outcome: Err(Rejected::violating(row_number, fault)), original };
        }
        let outcome = match read {
            Ok(registration) => Ok(Ready::new(registration, persons)),
            Err(found) => Err(found.first().map_or_else(
                || Rejected::faulty(row_number, &At { field: String::new(), fault: OPEN_ALONE }),
                |at| Rejected::faulty(row_number, at),
            )),
        };
        Read { row_number, outcome, original }
    }
}

// === impl Ready ===

impl Ready {
    fn new(registration: Registration, persons: &Persons) -> Self {
        let e164 = Zeroizing::new(registration.msisdn.e164());
        Self {
            block: registration.msisdn.block().unwrap_or_default(),
            number_index: *persons.vault.index().number(&e164).as_bytes(),
            document_index: *persons.index_of(registration.subject.person()).as_bytes(),
            e164,
            registration,
        }
    }
}
