//! The number of a document: its form by type, and the subject that it stands for.

use std::fmt;

use jiff::civil::Date;

use super::{
    family,
    kind::{DocumentType, Sex},
    mask,
};
use crate::domain::{
    fault::{Code, Fault},
    normal,
    personal::Personal,
};

/// A document's number in normal form. Cannot be printed.
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct DocumentNumber(Personal);

/// A number, and what it says about its holder.
#[derive(Clone)]
pub struct Numbered {
    /// The number.
    pub number: DocumentNumber,
    /// The day of birth, where the number has it.
    pub born: Option<Date>,
    /// The sex, where the number has it.
    pub sex: Option<Sex>,
}

/// Bytes of a number as it comes: 24 Chinese characters, or 18 full-width digits with something between.
const MOST_BYTES: usize = 96;

/// No such day, or not of a living person.
pub(super) const BIRTHDATE: Fault =
    Fault::new(Code::BadBirthdate, "a day of birth from 1900 on, not ahead of today");

const TOO_LONG: Fault = Fault::new(Code::TooLong, "at most 96 bytes");
const REQUIRED: Fault = Fault::new(Code::Required, "the number on the document");
const OBSOLETE: Fault = Fault::new(
    Code::ObsoleteForm,
    "cards of 15 digits ended with 2012; take the number of the card in force",
);

/// Reads a number of a type as of a day.
pub fn read(kind: DocumentType, text: Personal, on: Date) -> Result<Numbered, Fault> {
    if text.reveal().len() > MOST_BYTES {
        return Err(TOO_LONG);
    }
    let text = normal::number(text);
    if text.is_empty() {
        return Err(REQUIRED);
    }
    let holder = if kind.is_of_family() { of_family(kind, text.reveal(), on)? } else { None };
    let form = match kind {
        DocumentType::HkMacauPermit => hk_macau_permit(text.reveal()),
        DocumentType::TaiwanPermit => taiwan_permit(text.reveal()),
        DocumentType::PassportCn => passport_cn(text.reveal()),
        DocumentType::PassportForeign => passport_foreign(text.reveal()),
        DocumentType::MilitaryId | DocumentType::ArmedPoliceId => service(text.reveal()),
        DocumentType::ResidentId
        | DocumentType::TemporaryResidentId
        | DocumentType::HouseholdRegister
        | DocumentType::ResidencePermitHmt
        | DocumentType::ForeignPermanentResidence => Ok(()),
    };
    form?;
    Ok(Numbered {
        number: DocumentNumber(text),
        born: holder.map(|holder| holder.born),
        sex: holder.map(|holder| holder.sex),
    })
}

// === impl DocumentNumber ===

impl DocumentNumber {
    /// The number itself: for the cipher and the authority.
    pub fn reveal(&self) -> &str {
        self.0.reveal()
    }

    /// The type and number under which the holder is found again, what the blind index is made of: the same for every
    /// document that bears the same person's number.
    pub fn counted(&self, kind: DocumentType) -> (DocumentType, &str) {
        let number = match kind {
            // The first nine characters are the holder's for life, what follows counts the cards.
            DocumentType::HkMacauPermit if self.reveal().len() == 11 => &self.reveal()[..9],
            _ => self.reveal(),
        };
        (kind.counted_as(), number)
    }

    /// With its middle hidden: `1199**********0019`.
    pub fn masked(&self) -> String {
        mask::number(self.reveal())
    }
}

impl fmt::Debug for DocumentNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DocumentNumber")
    }
}

/// One of 18 characters; a foreigner's may also be the old card's three letters and 12 digits.
fn of_family(kind: DocumentType, text: &str, on: Date) -> Result<Option<family::Holder>, Fault> {
    if family::is_obsolete(text) {
        return Err(OBSOLETE);
    }
    if kind == DocumentType::ForeignPermanentResidence && text.len() == 15 {
        const OLD: Fault =
            Fault::new(Code::BadChar, "18 characters, or the old card's three letters and 12 digits");
        let (letters, digits) = text.as_bytes().split_at(3);
        let fits = letters.iter().all(u8::is_ascii_uppercase) && digits.iter().all(u8::is_ascii_digit);
        return if fits { Ok(None) } else { Err(OLD) };
    }
    family::read(text, kind, on).map(Some)
}

fn hk_macau_permit(text: &str) -> Result<(), Fault> {
    const LENGTH: Fault = Fault::new(Code::BadLength, "H or M with 8 digits, or 10 on cards before 2013");
    const CHAR: Fault =
        Fault::new(Code::BadChar, "H or M and digits; HA or MA with 7 digits for other nationals");
    let digits = |text: &[u8]| text.iter().all(u8::is_ascii_digit);
    match text.as_bytes() {
        [b'H' | b'M', rest @ ..] if matches!(rest.len(), 8 | 10) && digits(rest) => Ok(()),
        [b'H' | b'M', b'A', rest @ ..] if rest.len() == 7 && digits(rest) => Ok(()),
        [.., _] if matches!(text.chars().count(), 9 | 11) => Err(CHAR),
        _ => Err(LENGTH),
    }
}

fn taiwan_permit(text: &str) -> Result<(), Fault> {
    const LENGTH: Fault = Fault::new(Code::BadLength, "8 digits, or 10 digits and a letter on older cards");
    const CHAR: Fault = Fault::new(Code::BadChar, "8 digits, or 10 digits and a letter on older cards");
    let digits = |text: &[u8]| text.iter().all(u8::is_ascii_digit);
    match text.as_bytes() {
        all if all.len() == 8 && digits(all) => Ok(()),
        [old @ .., b'A'..=b'Z'] if old.len() == 10 && digits(old) => Ok(()),
        _ if matches!(text.chars().count(), 8 | 11) => Err(CHAR),
        _ => Err(LENGTH),
    }
}

fn passport_cn(text: &str) -> Result<(), Fault> {
    const LENGTH: Fault = Fault::new(Code::BadLength, "8 or 9 characters, like E and 8 digits");
    const CHAR: Fault =
        Fault::new(Code::BadChar, "E and 8 digits, or E, a letter other than I and O, and 7 digits");
    let digits = |text: &[u8]| text.iter().all(u8::is_ascii_digit);
    match text.as_bytes() {
        [b'E' | b'G', rest @ ..] if rest.len() == 8 && digits(rest) => Ok(()),
        [b'E', b'A'..=b'H' | b'J'..=b'N' | b'P'..=b'Z', rest @ ..] if rest.len() == 7 && digits(rest) => {
            Ok(())
        }
        [b'P' | b'S' | b'D', rest @ ..] if matches!(rest.len(), 7 | 8) && digits(rest) => Ok(()),
        [b'P' | b'S' | b'D', b'E', rest @ ..] if rest.len() == 7 && digits(rest) => Ok(()),
        _ if matches!(text.chars().count(), 8 | 9) => Err(CHAR),
        _ => Err(LENGTH),
    }
}

/// States differ; only what none has is refused.
fn passport_foreign(text: &str) -> Result<(), Fault> {
    const LENGTH: Fault = Fault::new(Code::BadLength, "5 to 17 letters and digits");
    const CHAR: Fault = Fault::new(Code::BadChar, "5 to 17 letters A to Z and digits");
    if !(5..=17).contains(&text.chars().count()) {
        return Err(LENGTH);
    }
    let fits = text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    if fits { Ok(()) } else { Err(CHAR) }
}

/// Of the armed forces: their own forms, with characters like 军字第...号.
fn service(text: &str) -> Result<(), Fault> {
    const LENGTH: Fault = Fault::new(Code::BadLength, "4 to 24 characters");
    const CHAR: Fault = Fault::new(Code::BadChar, "Chinese characters, letters A to Z and digits");
    if !(4..=24).contains(&text.chars().count()) {
        return Err(LENGTH);
    }
    let fits = text.chars().all(|c| normal::is_han(c) || c.is_ascii_uppercase() || c.is_ascii_digit());
    if fits { Ok(()) } else { Err(CHAR) }
}
