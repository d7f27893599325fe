//! The term of a document: until when it is valid, and whether such a term is ever issued. Judged on a day in Shanghai.

use jiff::{ToSpan, civil::Date};

use super::kind::DocumentType;
use crate::domain::{
    day,
    fault::{Code, Fault},
};

/// Until when a document is valid.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Validity {
    /// Not stated: no check of it can pass.
    NotStated,
    /// Its last day.
    Until(Date),
    /// 长期: it has no end.
    LongTerm,
}

const EXPIRED: Fault = Fault::new(Code::Expired, "a document whose last day has not passed");
const NOT_YET: Fault = Fault::new(Code::NotYetValid, "a document whose term has begun");
const TERM: Fault =
    Fault::new(Code::BadTerm, "a term that is issued at that age: 5, 10 or 20 years, 长期 from 46 on");
const TEMPORARY: Fault = Fault::new(Code::BadTerm, "a temporary card is valid for three months");
const ORDER: Fault = Fault::new(Code::BadTerm, "the last day is not before the first");

/// Months for which a temporary card is issued.
const TEMPORARY_MONTHS: i32 = 3;

/// Reads a term as of a day; a fault comes with the field that has it.
pub fn read(
    kind: DocumentType,
    valid_from: &str,
    valid_to: &str,
    born: Option<Date>,
    on: Date,
) -> Result<Validity, (&'static str, Fault)> {
    let from = match valid_from.trim() {
        "" => None,
        text => Some(day::parse(text).map_err(|fault| ("valid_from_date", fault))?),
    };
    let at = |fault| ("valid_to_date", fault);
    let validity = parse(valid_to).map_err(at)?;
    if from.is_some_and(|from| from > on) {
        return Err(("valid_from_date", NOT_YET));
    }
    match (validity, from) {
        (Validity::Until(to), _) if to < on => return Err(at(EXPIRED)),
        (Validity::Until(to), Some(from)) if to < from => return Err(at(ORDER)),
        _ => {}
    }
    is_issued(kind, validity, from, born, on).map_err(at)?;
    Ok(validity)
}

/// Reads the last day: 长期, or a day.
fn parse(text: &str) -> Result<Validity, Fault> {
    match text.trim() {
        "" => Ok(Validity::NotStated),
        "长期" | "長期" | "LONG_TERM" => Ok(Validity::LongTerm),
        text => day::parse(text).map(Validity::Until),
    }
}

/// Whether such a term is issued to somebody of that age: 5 years under 16, 10 to 25, 20 to 45, then without end.
fn is_issued(
    kind: DocumentType,
    validity: Validity,
    from: Option<Date>,
    born: Option<Date>,
    on: Date,
) -> Result<(), Fault> {
    match (kind, validity) {
        (DocumentType::TemporaryResidentId, Validity::LongTerm) => Err(TEMPORARY),
        (DocumentType::TemporaryResidentId, Validity::Until(to)) => {
            let latest = from.unwrap_or(on).checked_add(TEMPORARY_MONTHS.months()).unwrap_or(Date::MAX);
            if to <= latest { Ok(()) } else { Err(TEMPORARY) }
        }
        (DocumentType::ResidentId, Validity::LongTerm) => {
            // It was issued by today at the latest.
            let issued = born.map(|born| day::age(born, from.unwrap_or(on)));
            if issued.is_none_or(|age| age >= 46) { Ok(()) } else { Err(TERM) }
        }
        (DocumentType::ResidentId, Validity::Until(to)) => match (from, born) {
            (Some(from), Some(born)) if to > day::years_later(from, longest_term(day::age(born, from))) => {
                Err(TERM)
            }
            _ => Ok(()),
        },
        _ => Ok(()),
    }
}

/// Years for which a resident's card with an end is issued at an age, at most.
fn longest_term(age: i16) -> i16 {
    match age {
        ..16 => 5,
        16..26 => 10,
        _ => 20,
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const TODAY: Date = date(2026, 1, 1);

    fn term(kind: DocumentType, from: &str, to: &str, born: Date) -> Result<Validity, Code> {
        read(kind, from, to, Some(born), TODAY).map_err(|(_, fault)| fault.code)
    }

    #[test]
    fn the_last_day_counts() {
        let id = |from, to| term(DocumentType::ResidentId, from, to, date(1990, 3, 7));
        assert_eq!(id("", "2026-01-01"), Ok(Validity::Until(TODAY)));
        assert_eq!(id("", "2025-12-31"), Err(Code::Expired));
        assert_eq!(id("2026-01-02", "2046-01-02"), Err(Code::NotYetValid));
        assert_eq!(id("2020.01.01", "2040.01.01"), Ok(Validity::Until(date(2040, 1, 1))));
        assert_eq!(id("", ""), Ok(Validity::NotStated));
        assert_eq!(id("", "2026-02-30"), Err(Code::BadDate));
        assert_eq!(id("soon", "2040-01-01"), Err(Code::BadDate));
    }

    #[test]
    fn terms_are_issued_by_age() {
        let id = |born, from, to| term(DocumentType::ResidentId, from, to, born);
        assert_eq!(id(date(2012, 1, 1), "2024-01-01", "2029-01-01"), Ok(Validity::Until(date(2029, 1, 1))));
        assert_eq!(id(date(2012, 1, 1), "2024-01-01", "2034-01-01"), Err(Code::BadTerm));
        assert_eq!(id(date(2000, 1, 1), "2020-01-01", "2030-01-01"), Ok(Validity::Until(date(2030, 1, 1))));
        assert_eq!(id(date(2000, 1, 1), "2020-01-01", "2040-01-01"), Err(Code::BadTerm));
        assert_eq!(id(date(1979, 1, 1), "", "长期"), Ok(Validity::LongTerm));
        assert_eq!(id(date(1990, 1, 1), "", "长期"), Err(Code::BadTerm));
        assert_eq!(id(date(1979, 1, 1), "2020-01-01", "长期"), Err(Code::BadTerm));
        let temporary = |from, to| term(DocumentType::TemporaryResidentId, from, to, date(1990, 1, 1));
        assert_eq!(temporary("2025-12-01", "2026-03-01"), Ok(Validity::Until(date(2026, 3, 1))));
        assert_eq!(temporary("2025-12-01", "2026-03-02"), Err(Code::BadTerm));
        assert_eq!(temporary("", "2026-04-02"), Err(Code::BadTerm));
        assert_eq!(temporary("", "长期"), Err(Code::BadTerm));
    }
}
