//! Mainland numbers: normal form, kind and base carrier, by the official table (MIIT, to 2023-03). MVNO numbers
//! cannot be ported, so the range alone fixes the carrier. The number itself never reaches a log.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use super::{
    caller::Class,
    name::{ParticipantName, Slug},
    word::words,
};

words! {
    /// Kinds of number.
    NumberKind {
        /// Of a range that only MVNOs use.
        Mvno "MVNO";
        /// Of a base carrier.
        Ordinary "ORDINARY";
        /// Of a satellite network.
        Satellite "SATELLITE";
        /// Of things, not persons.
        Iot "IOT";
    }
}

/// A mainland number in its digits: 11, or 13 of the range 1064 for things. Cannot be printed, and is wiped when dropped.
/// In place: an order has up to a hundred thousand.
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct Msisdn {
    digits: [u8; MOST],
    length: u8,
}

/// Kind and base carrier of a number.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct NumberClass {
    /// What it is.
    pub kind: NumberKind,
    /// Whose range it is; `None` where the table names nobody.
    pub carrier: Option<ParticipantName>,
}

/// The first 7 digits of a block of 10,000 MVNO numbers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Prefix {
    digits: String,
    carrier: ParticipantName,
}

/// Why a text is no mainland number: a code and what would be right.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct BadNumber {
    /// First word of the violation.
    pub code: &'static str,
    /// What would be right.
    pub text: &'static str,
}

const LENGTH: BadNumber = BadNumber { code: "BAD_LENGTH", text: "a mainland number has 11 digits" };
const CHAR: BadNumber =
    BadNumber { code: "BAD_CHAR", text: "digits only, with +86, spaces and hyphens at most" };
const PREFIX: BadNumber =
    BadNumber { code: "BAD_PREFIX", text: "no such range in the mainland's number plan" };
const FOREIGN: BadNumber = BadNumber { code: "NOT_MAINLAND", text: "a mainland number, +86" };

/// Digits of a number at most.
const MOST: usize = 13;

/// The base carriers of the number plan.
#[derive(Clone, Copy)]
enum Carrier {
    Telecom,
    Mobile,
    Unicom,
    Broadnet,
}

// === impl Msisdn ===

impl Msisdn {
    /// Reads a number as people write it.
    pub fn parse(text: &str) -> Result<Self, BadNumber> {
        let text = text.trim();
        let (plus, rest) = text.strip_prefix('+').map_or((false, text), |rest| (true, rest));
        let mut digits = Zeroizing::new(String::with_capacity(rest.len()));
        digits.extend(rest.chars().filter(|c| !matches!(c, ' ' | '-')));
        if digits.is_empty() {
            return Err(LENGTH);
        }
        if !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(CHAR);
        }
        let national = if plus {
            digits.strip_prefix("86").ok_or(FOREIGN)?
        } else if let Some(rest) = digits.strip_prefix("00") {
            rest.strip_prefix("86").ok_or(FOREIGN)?
        } else if digits.len() > 11 && digits.starts_with("86") {
            &digits[2..]
        } else {
            &digits
        };
        let things = national.len() == 13 && national.starts_with("1064");
        if national.len() != 11 && !things {
            return Err(LENGTH);
        }
        range_of(national).ok_or(PREFIX)?;
        let mut kept = [0; MOST];
        kept[..national.len()].copy_from_slice(national.as_bytes());
        Ok(Self { digits: kept, length: u8::try_from(national.len()).unwrap_or_default() })
    }

    /// With the country's code: `+8617000000001`.
    pub fn e164(&self) -> String {
        format!("+86{}", self.reveal())
    }

    /// Its national digits.
    pub fn reveal(&self) -> &str {
        std::str::from_utf8(&self.digits[..usize::from(self.length)]).unwrap_or_default()
    }

    /// The block that it is in; numbers of things with 13 digits are in none.
    pub fn block(&self) -> Option<String> {
        (self.reveal().len() == 11).then(|| self.reveal()[..7].to_owned())
    }
}

impl fmt::Debug for Msisdn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Msisdn({})", classify(self).kind)
    }
}

impl Drop for Msisdn {
    fn drop(&mut self) {
        self.digits.zeroize();
    }
}

/// Kind and base carrier.
pub fn classify(msisdn: &Msisdn) -> NumberClass {
    class_of(msisdn.reveal()).unwrap_or(NumberClass { kind: NumberKind::Ordinary, carrier: None })
}

// === impl Prefix ===

impl Prefix {
    /// Reads the prefix of a block of MVNO numbers.
    pub fn parse(text: &str) -> Result<Self, BadNumber> {
        const SEVEN: BadNumber =
            BadNumber { code: "BAD_LENGTH", text: "a block's prefix has 7 digits, like 1700000" };
        const OTHER: BadNumber =
            BadNumber { code: "NOT_MVNO", text: "blocks are of the ranges 170, 171, 162, 165 and 167" };
        if !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(CHAR);
        }
        if text.len() != 7 {
            return Err(SEVEN);
        }
        match class_of(text).ok_or(PREFIX)? {
            NumberClass { kind: NumberKind::Mvno, carrier: Some(carrier) } => {
                Ok(Self { digits: text.to_owned(), carrier })
            }
            NumberClass { .. } => Err(OTHER),
        }
    }

    /// The 7 digits.
    pub fn as_str(&self) -> &str {
        &self.digits
    }

    /// Whose range it is.
    pub fn carrier(&self) -> &ParticipantName {
        &self.carrier
    }
}

fn class_of(digits: &str) -> Option<NumberClass> {
    range_of(digits).map(|(kind, carrier)| NumberClass { kind, carrier: carrier.map(Carrier::name) })
}

/// The table. Ranges of things win over those of persons, satellite ranges over those of the same three digits.
fn range_of(digits: &str) -> Option<(NumberKind, Option<Carrier>)> {
    use Carrier::{Broadnet, Mobile, Telecom, Unicom};
    let number = |at: usize| digits.get(..at).and_then(|text| text.parse::<u32>().ok()).unwrap_or(0);
    let (three, four, five) = (number(3), number(4), number(5));
    let (kind, carrier) = match (three, four, five) {
        (_, 1064, _) => (NumberKind::Iot, None),
        (140..=144, _, _) => (NumberKind::Iot, None),
        (146, _, _) => (NumberKind::Iot, Some(Unicom)),
        (148, _, _) => (NumberKind::Iot, Some(Mobile)),
        (149, _, _) => (NumberKind::Iot, Some(Telecom)),
        (_, 1349, _) | (_, _, 17400..=17405) => (NumberKind::Satellite, Some(Telecom)),
        (174, _, _) | (_, 1619, _) => (NumberKind::Satellite, None),
        (_, 1700..=1702, _) | (162, _, _) => (NumberKind::Mvno, Some(Telecom)),
        (_, 1703 | 1705 | 1706, _) | (165, _, _) => (NumberKind::Mvno, Some(Mobile)),
        (170 | 171 | 167, _, _) => (NumberKind::Mvno, Some(Unicom)),
        (192, _, _) => (NumberKind::Ordinary, Some(Broadnet)),
        (133 | 153 | 173 | 177 | 180 | 181 | 189 | 190 | 191 | 193 | 199, _, _) => {
            (NumberKind::Ordinary, Some(Telecom))
        }
        (
            134..=139 | 147 | 150..=152 | 157..=159 | 172 | 178 | 182..=184 | 187 | 188 | 195 | 197 | 198,
            _,
            _,
        ) => (NumberKind::Ordinary, Some(Mobile)),
        (130..=132 | 145 | 155 | 156 | 166 | 175 | 176 | 185 | 186 | 196, _, _) => {
            (NumberKind::Ordinary, Some(Unicom))
        }
        _ => return None,
    };
    Some((kind, carrier))
}

// === impl Carrier ===

impl Carrier {
    fn name(self) -> ParticipantName {
        let id = match self {
            Self::Telecom => "telecom",
            Self::Mobile => "mobile",
            Self::Unicom => "unicom",
            Self::Broadnet => "broadnet",
        };
        ParticipantName { class: Class::Carrier, id: Slug::parse(id).expect("a constant") }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> String {
        match Msisdn::parse(text) {
            Err(bad) => bad.code.to_owned(),
            Ok(number) => {
                let class = classify(&number);
                let carrier = class.carrier.map_or("-".to_owned(), |carrier| carrier.id.to_string());
                format!("{} {} {carrier}", number.e164(), class.kind)
            }
        }
    }

    /// `domain.md` 5.3 and ruling 19.
    #[test]
    fn the_official_table() {
        for same in ["17000000001", "+86 170-0000-0001", "008617000000001", "8617000000001"] {
            assert_eq!(read(same), "+8617000000001 MVNO telecom", "{same}");
        }
        let rows = [
            ("17020000001", "MVNO telecom"),
            ("16200000001", "MVNO telecom"),
            ("17030000001", "MVNO mobile"),
            ("17050000001", "MVNO mobile"),
            ("17060000001", "MVNO mobile"),
            ("16500000001", "MVNO mobile"),
            ("17040000001", "MVNO unicom"),
            ("17070000001", "MVNO unicom"),
            ("17080000001", "MVNO unicom"),
            ("17090000001", "MVNO unicom"),
            ("17100000001", "MVNO unicom"),
            ("16700000001", "MVNO unicom"),
            ("13800000001", "ORDINARY mobile"),
            ("13480000001", "ORDINARY mobile"),
            ("17400000001", "SATELLITE telecom"),
            ("17405000001", "SATELLITE telecom"),
            ("17406000001", "SATELLITE -"),
            ("13490000001", "SATELLITE telecom"),
            ("16190000001", "SATELLITE -"),
            ("19200000001", "ORDINARY broadnet"),
            ("14600000001", "IOT unicom"),
            ("14800000001", "IOT mobile"),
            ("14000000001", "IOT -"),
            ("1064800000001", "IOT -"),
        ];
        for (number, class) in rows {
            assert_eq!(read(number), format!("+86{number} {class}"));
        }
        let bad = [
            ("1700000001", "BAD_LENGTH"),
            ("170000000012", "BAD_LENGTH"),
            ("", "BAD_LENGTH"),
            ("07000000001", "BAD_PREFIX"),
            ("12000000001", "BAD_PREFIX"),
            ("16100000001", "BAD_PREFIX"),
            ("+85291234567", "NOT_MAINLAND"),
            ("0085291234567", "NOT_MAINLAND"),
            ("+8617000000001#1", "BAD_CHAR"),
            ("++8617000000001", "BAD_CHAR"),
            ("１７０００００００１", "BAD_CHAR"),
        ];
        for (number, code) in bad {
            assert_eq!(read(number), code, "{number}");
        }
    }

    #[test]
    fn blocks_are_of_mvno_ranges() {
        assert_eq!(Prefix::parse("1705123").expect("block").carrier().to_string(), "carriers/mobile");
        for (text, code) in [
            ("170512", "BAD_LENGTH"),
            ("170512a", "BAD_CHAR"),
            ("1380000", "NOT_MVNO"),
            ("1200000", "BAD_PREFIX"),
        ] {
            assert_eq!(Prefix::parse(text).expect_err("refused").code, code);
        }
    }

    proptest! {
        #[test]
        fn a_number_read_is_read_again(text in "\\PC{0,20}") {
            if let Ok(number) = Msisdn::parse(&text) {
                prop_assert_eq!(Msisdn::parse(&number.e164()), Ok(number));
            }
        }
    }
}
