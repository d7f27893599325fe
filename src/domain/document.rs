//! A person's document: read once, normal form first, then judged; the first failure of a field decides it. What was
//! read is valid by its form; whether the person exists, the identity authority says.

pub mod family;
pub mod kind;
pub mod mask;
pub mod minor;
pub mod name;
pub mod number;
pub mod term;

use std::fmt;

use jiff::civil::Date;

use super::{
    day,
    fault::{At, Code, Fault, Faults},
    personal::Personal,
};
pub use kind::{DocumentType, Sex};
pub use name::PersonName;
pub use number::DocumentNumber;
pub use term::Validity;

/// A document as it came, nothing judged.
#[derive(Clone, Debug, Default)]
pub struct DocumentDraft {
    /// What it says to be; `None` where the message left it out.
    pub kind: Option<DocumentType>,
    /// Its number.
    pub number: Personal,
    /// The name on it.
    pub name: Personal,
    /// The first day of its term; empty where it is not stated.
    pub valid_from: String,
    /// The last day of its term, or 长期; empty where it is not stated.
    pub valid_to: String,
    /// The day of birth on it; empty where it is not stated.
    pub born: Personal,
    /// The sex on it.
    pub sex: Option<Sex>,
    /// The nationality on it, three letters; empty where it is not stated.
    pub nationality: String,
    /// The address on it; empty where it has none.
    pub address: Personal,
}

/// A document whose form is in order.
#[derive(Clone, Eq, PartialEq)]
pub struct Document {
    /// What it is.
    pub kind: DocumentType,
    /// Its number, in normal form.
    pub number: DocumentNumber,
    /// The name on it, in normal form.
    pub name: PersonName,
    /// Until when it is valid.
    pub validity: Validity,
    /// When its holder was born, by the number or as stated.
    pub born: Option<Date>,
    /// The sex, by the number or as stated.
    pub sex: Option<Sex>,
    /// The nationality, three letters.
    pub nationality: Option<String>,
    /// The address on it; empty where it has none.
    pub address: Personal,
}

/// An address longer than this is none.
const LONGEST_ADDRESS: usize = 200;

// === impl Document ===

impl Document {
    /// Reads a document as of a day. Faults go to `faults`, one a field.
    pub fn read(draft: DocumentDraft, on: Date, faults: &mut Faults<'_>) -> Option<Self> {
        let Some(kind) = draft.kind else {
            faults.add("type", Fault::new(Code::Required, "the type of the document"));
            return None;
        };
        let read = faults.keep("number", number::read(kind, draft.number, on));
        let name = faults.keep("name", PersonName::read(draft.name));
        let stated = match draft.born.reveal() {
            "" => Some(None),
            text => faults.keep("birth_date", day::parse(text)).map(Some),
        };
        let nationality = faults.keep("nationality", nationality(kind, draft.nationality));
        let address = faults.keep("address", address(draft.address));
        let by_number = read.as_ref().and_then(|read| read.born);
        let born = stated.and_then(|stated| faults.keep("birth_date", agreed_birth(by_number, stated, on)));
        let sex = read.as_ref().and_then(|read| faults.keep("sex", agreed_sex(read.sex, draft.sex)));
        let term = term::read(kind, &draft.valid_from, &draft.valid_to, born.flatten(), on);
        let validity = term.map_err(|(field, fault)| faults.add(field, fault)).ok();
        Some(Self {
            kind,
            number: read?.number,
            name: name?,
            validity: validity?,
            born: born?,
            sex: sex?,
            nationality: nationality?,
            address: address?,
        })
    }

    /// Reads a document that stands alone.
    pub fn read_alone(draft: DocumentDraft, on: Date) -> Result<Self, Vec<At>> {
        let mut found = Vec::new();
        Self::read(draft, on, &mut Faults::beneath(&mut found, "document")).ok_or(found)
    }

    /// Full years of its holder on a day, where the birth is known.
    pub fn age(&self, on: Date) -> Option<i16> {
        self.born.map(|born| day::age(born, on))
    }

    /// The type and number under which its holder is found again: for the blind index.
    pub fn counted(&self) -> (DocumentType, &str) {
        self.number.counted(self.kind)
    }

    /// Whether two documents are of one holder.
    pub fn is_same_holder(&self, other: &Self) -> bool {
        self.counted() == other.counted()
    }
}

impl fmt::Debug for Document {
    /// Its type alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Document({})", self.kind)
    }
}

/// The day of birth in the number wins; a stated one must not differ.
fn agreed_birth(by_number: Option<Date>, stated: Option<Date>, on: Date) -> Result<Option<Date>, Fault> {
    match (by_number, stated) {
        (Some(by_number), Some(stated)) if by_number != stated => {
            Err(Fault::new(Code::BirthdateMismatch, "the day of birth that the number has"))
        }
        (None, Some(stated)) if stated > on || stated.year() < 1900 => Err(number::BIRTHDATE),
        (by_number, stated) => Ok(by_number.or(stated)),
    }
}

fn agreed_sex(by_number: Option<Sex>, stated: Option<Sex>) -> Result<Option<Sex>, Fault> {
    match (by_number, stated) {
        (Some(by_number), Some(stated)) if by_number != stated => {
            Err(Fault::new(Code::SexMismatch, "the sex that the number has"))
        }
        (by_number, stated) => Ok(by_number.or(stated)),
    }
}

/// A foreign document is not of a Chinese national, and says of whom else.
fn nationality(kind: DocumentType, mut text: String) -> Result<Option<String>, Fault> {
    const OURS: [&str; 4] = ["CHN", "HKG", "MAC", "TWN"];
    if text.trim().len() < text.len() {
        text = text.trim().to_owned();
    }
    text.make_ascii_uppercase();
    if text.is_empty() {
        return Ok(None);
    }
    if text.len() != 3 || !text.bytes().all(|b| b.is_ascii_uppercase()) {
        return Err(Fault::new(Code::BadNationality, "three letters, like CAN"));
    }
    if kind.is_foreign() && OURS.contains(&text.as_str()) {
        return Err(Fault::new(Code::BadNationality, "a foreign document is of another nationality"));
    }
    Ok(Some(text))
}

fn address(text: Personal) -> Result<Personal, Fault> {
    let length = text.reveal().chars().count();
    if length > LONGEST_ADDRESS {
        return Err(Fault::new(Code::BadLength, "at most 200 characters"));
    }
    if text.reveal().chars().any(char::is_control) {
        return Err(Fault::new(Code::BadChar, "no control characters"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
