//! Units: their unified social credit code (GB 32100-2015), and their name. Real codes whose check character does not fit
//! are known, so that such a code is for a person to look at, and no end.

use std::fmt;

use super::{
    fault::{Code, Fault},
    normal,
    personal::Personal,
};

/// A unit's code in normal form. A sole trader's leads to a person, so it is not printed either.
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct UnitCode {
    text: Personal,
    checks: bool,
}

/// The name of a unit.
#[derive(Clone, Eq, PartialEq)]
pub struct UnitName(Personal);

/// No I, O, S, V and Z; the place of a character is its value.
const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// Powers of 3, modulo 31.
const WEIGHTS: [u32; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];

/// Why a code is for a person to look at.
pub const UNCHECKED: Fault = Fault::new(
    Code::BadChecksum,
    "the check character does not fit; compare with the unit's own certificate",
);

const MOST_BYTES: usize = 96;
const TOO_LONG: Fault = Fault::new(Code::TooLong, "at most 96 bytes");
const LENGTH: Fault = Fault::new(Code::BadLength, "a unified social credit code has 18 characters");
const CHAR: Fault = Fault::new(
    Code::BadChar,
    "digits and letters without I, O, S, V and Z; digits alone from the 3rd to the 8th",
);
const REQUIRED: Fault = Fault::new(Code::Required, "the unified social credit code, 18 characters");

// === impl UnitCode ===

impl UnitCode {
    /// Reads a code. One whose check character does not fit is read too: ask `checks`.
    pub fn read(text: Personal) -> Result<Self, Fault> {
        if text.reveal().len() > MOST_BYTES {
            return Err(TOO_LONG);
        }
        let text = normal::number(text);
        if text.is_empty() {
            return Err(REQUIRED);
        }
        if text.reveal().chars().count() != 18 {
            return Err(LENGTH);
        }
        let mut sum = 0;
        let mut last = 0;
        for (at, byte) in text.reveal().bytes().enumerate() {
            let value = ALPHABET.iter().position(|known| *known == byte).ok_or(CHAR)?;
            if (2..8).contains(&at) && value > 9 {
                return Err(CHAR);
            }
            last = u32::try_from(value).unwrap_or(u32::MAX);
            sum += WEIGHTS.get(at).map_or(0, |weight| weight * last);
        }
        Ok(Self { text, checks: (31 - sum % 31) % 31 == last })
    }

    /// The code itself.
    pub fn reveal(&self) -> &str {
        self.text.reveal()
    }

    /// Whether its check character fits; where not, a person looks at it.
    pub fn checks(&self) -> bool {
        self.checks
    }
}

impl fmt::Debug for UnitCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UnitCode")
    }
}

// === impl UnitName ===

impl UnitName {
    /// Reads a unit's name: 2 to 100 characters.
    pub fn read(text: Personal) -> Result<Self, Fault> {
        const LONGEST: Fault = Fault::new(Code::BadLength, "2 to 100 characters");
        if text.reveal().len() > 1_000 {
            return Err(LONGEST);
        }
        let text = normal::name(text);
        match text.reveal().chars().count() {
            0 => Err(Fault::new(Code::Required, "the unit's name, as on its certificate")),
            2..=100 if text.reveal().chars().any(char::is_control) => {
                Err(Fault::new(Code::BadChar, "no control characters"))
            }
            2..=100 => Ok(Self(text)),
            _ => Err(LONGEST),
        }
    }

    /// The name itself.
    pub fn reveal(&self) -> &str {
        self.0.reveal()
    }
}

impl fmt::Debug for UnitName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UnitName")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<bool, Code> {
        UnitCode::read(text.into()).map(|code| code.checks()).map_err(|fault| fault.code)
    }

    /// `domain.md` 5.2, and ruling 41.
    #[test]
    fn vectors() {
        for fine in [
            "91999999MA00TE5T09",
            "93999999MA00TE5T16",
            "12999999TE5T00001Y",
            "51999999TE5T000021",
            "92999999MA00TE5TX0",
            "91512081MA62K0260E",
            "91350100M000100Y43",
            "９１３５０１００M000100y43",
            "91350100-M000100Y-43",
        ] {
            assert_eq!(read(fine), Ok(true), "{fine}");
        }
        assert_eq!(read("91999999MA00TE5T00"), Ok(false));
        for (text, code) in [
            ("91350100M000100Y4Z", Code::BadChar),
            ("91999999MA00TESTO9", Code::BadChar),
            ("9199999AMA00TE5T00", Code::BadChar),
            ("91999999MA00TE5T0", Code::BadLength),
            ("91999999MA00TE5T091", Code::BadLength),
            ("", Code::Required),
            (&*"9".repeat(97), Code::TooLong),
        ] {
            assert_eq!(read(text), Err(code), "{text}");
        }
    }

    #[test]
    fn one_wrong_character_never_checks() {
        let right = "91999999MA00TE5T09";
        for at in 0..18 {
            for other in ALPHABET.iter().filter(|other| **other != right.as_bytes()[at]) {
                let mut text = right.as_bytes().to_vec();
                text[at] = *other;
                let text = String::from_utf8(text).expect("ASCII");
                assert_ne!(read(&text), Ok(true), "{text}");
            }
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,30}", close in "[0-9A-Z]{18}") {
            let _ = (read(&text), read(&close), UnitName::read(text.as_str().into()));
        }
    }
}
