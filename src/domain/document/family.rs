//! The resident ID and its family of 18 characters (GB 11643-1999): 6 of region, 8 of birth, 3 of sequence and a check
//! character (ISO 7064 MOD 11-2). Judged in one order, the first failure decides, and what the check character should
//! have been is never told.

use jiff::civil::Date;

use super::{
    kind::{DocumentType, Sex},
    number::BIRTHDATE,
};
use crate::domain::{
    fault::{Code, Fault},
    personal::Personal,
};

/// What a number of the family says about its holder.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Holder {
    /// Whose card it is.
    pub class: FamilyClass,
    /// The day of birth.
    pub born: Date,
    /// The sex.
    pub sex: Sex,
}

/// Whose card a number is, by its first digits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FamilyClass {
    /// Of a resident.
    Resident,
    /// Of a resident of Hong Kong, Macau or Taiwan.
    HongKongMacauTaiwan,
    /// Of a foreigner with permanent residence.
    Foreigner,
}

const LENGTH: Fault = Fault::new(Code::BadLength, "18 characters");
const CHAR: Fault = Fault::new(Code::BadChar, "17 digits, and a digit or X at the end");
const CHECKSUM: Fault =
    Fault::new(Code::BadChecksum, "the check character does not fit; read the card again");
const REGION: Fault = Fault::new(Code::BadRegion, "the first six digits are no region");
const TYPE: Fault = Fault::new(Code::TypeMismatch, "the number is of another type of document");

/// Nobody with a phone was born before.
const FIRST_YEAR: i16 = 1900;

/// Reads a number in normal form.
pub fn read(number: &str, declared: DocumentType, on: Date) -> Result<Holder, Fault> {
    let digits: &[u8; 18] = number.as_bytes().try_into().map_err(|_| LENGTH)?;
    let (body, check) = digits.split_at(17);
    if !body.iter().all(u8::is_ascii_digit) || !matches!(check, [b'0'..=b'9' | b'X']) {
        return Err(CHAR);
    }
    if check != [check_character(body)] {
        return Err(CHECKSUM);
    }
    let class = class(digits).ok_or(REGION)?;
    if class != class_of(declared) {
        return Err(TYPE);
    }
    let born =
        birth(&digits[6..14]).filter(|born| *born <= on && born.year() >= FIRST_YEAR).ok_or(BIRTHDATE)?;
    let sex = if digits[16] % 2 == 1 { Sex::Male } else { Sex::Female };
    Ok(Holder { class, born, sex })
}

/// Whether a text is the form of 15 digits that ended with 2012.
pub fn is_obsolete(number: &str) -> bool {
    number.len() == 15 && number.bytes().all(|b| b.is_ascii_digit())
}

/// The form of 18 of one of 15: for looking up what was registered then, never for a caller to see.
pub fn modern(obsolete: &str) -> Option<Personal> {
    if !is_obsolete(obsolete) {
        return None;
    }
    let mut modern = String::with_capacity(18);
    modern.push_str(&obsolete[..6]);
    modern.push_str("19");
    modern.push_str(&obsolete[6..]);
    modern.push(char::from(check_character(modern.as_bytes())));
    Some(Personal::new(modern))
}

/// ISO 7064 MOD 11-2 over 17 digits.
fn check_character(body: &[u8]) -> u8 {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = body.iter().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    b"10X98765432"[(sum % 11) as usize]
}

fn class(digits: &[u8; 18]) -> Option<FamilyClass> {
    match &digits[..6] {
        b"810000" | b"820000" | b"830000" => Some(FamilyClass::HongKongMacauTaiwan),
        [b'9', province @ ..] => {
            let nationality = number(&digits[3..6]);
            // ISO 3166 counts from 004; 900 and above are for users' own purposes.
            (is_province(number(&province[..2])) && (4..900).contains(&nationality))
                .then_some(FamilyClass::Foreigner)
        }
        region => is_province(number(&region[..2])).then_some(FamilyClass::Resident),
    }
}

/// The provinces that cards begin with. 71, 81 and 82 of GB/T 2260 never begin a resident's.
fn is_province(code: u16) -> bool {
    matches!(code, 11..=15 | 21..=23 | 31..=37 | 41..=46 | 50..=54 | 61..=65)
}

fn class_of(declared: DocumentType) -> FamilyClass {
    match declared {
        DocumentType::ResidencePermitHmt => FamilyClass::HongKongMacauTaiwan,
        DocumentType::ForeignPermanentResidence => FamilyClass::Foreigner,
        DocumentType::ResidentId
        | DocumentType::TemporaryResidentId
        | DocumentType::HouseholdRegister
        | DocumentType::HkMacauPermit
        | DocumentType::TaiwanPermit
        | DocumentType::PassportCn
        | DocumentType::PassportForeign
        | DocumentType::MilitaryId
        | DocumentType::ArmedPoliceId => FamilyClass::Resident,
    }
}

fn birth(digits: &[u8]) -> Option<Date> {
    let year = i16::try_from(number(&digits[..4])).ok()?;
    let small = |digits: &[u8]| i8::try_from(number(digits)).ok();
    Date::new(year, small(&digits[4..6])?, small(&digits[6..])?).ok()
}

/// The value of at most four digits.
fn number(digits: &[u8]) -> u16 {
    digits.iter().fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0'))
}
