//! The IMEI of the device that an industry line is bound to (3GPP TS 23.003): 15 digits, the last a check digit. It leads
//! to whoever carries the device, so it is personal: never printed, and sealed where it is kept.

use std::fmt;

use crate::domain::{
    fault::{Code, Fault},
    normal,
    personal::Personal,
};

/// An IMEI in normal form.
#[derive(Clone, Eq, PartialEq)]
pub struct Imei(Personal);

const MOST_BYTES: usize = 96;
const DIGITS: usize = 15;
const TOO_LONG: Fault = Fault::new(Code::TooLong, "at most 96 bytes");
const CHAR: Fault =
    Fault::new(Code::BadChar, "digits alone; a device's older identifier with letters is no IMEI");
const NO_CHECK: Fault = Fault::new(
    Code::BadLength,
    "14 digits lack the check digit; send all 15, as the device tells when *#06# is dialled",
);
const VERSION: Fault = Fault::new(
    Code::BadLength,
    "16 digits are an IMEISV, which has the software's version for a check digit; send the IMEI of 15 digits",
);
const LENGTH: Fault = Fault::new(Code::BadLength, "an IMEI has 15 digits, the check digit among them");
const NOBODY: Fault = Fault::new(Code::BadChar, "the IMEI of a device; fifteen zeros are nobody's");
const CHECKSUM: Fault = Fault::new(
    Code::BadChecksum,
    "the check digit does not fit the others; read the IMEI from the device again",
);

// === impl Imei ===

impl Imei {
    /// Reads one, as it is printed on a device or a box: spaces and hyphens may part it. `None` where there is none.
    pub fn read(text: Personal) -> Result<Option<Self>, Fault> {
        if text.reveal().len() > MOST_BYTES {
            return Err(TOO_LONG);
        }
        let text = normal::number(text);
        if text.is_empty() {
            return Ok(None);
        }
        let digits = text.reveal().as_bytes();
        if !digits.iter().all(u8::is_ascii_digit) {
            return Err(CHAR);
        }
        match digits.len() {
            DIGITS => {}
            14 => return Err(NO_CHECK),
            16 => return Err(VERSION),
            _ => return Err(LENGTH),
        }
        if digits.iter().all(|digit| *digit == b'0') {
            return Err(NOBODY);
        }
        if !checks(digits) {
            return Err(CHECKSUM);
        }
        Ok(Some(Self(text)))
    }

    /// The digits themselves.
    pub fn reveal(&self) -> &str {
        self.0.reveal()
    }
}

impl fmt::Debug for Imei {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Imei")
    }
}

/// Luhn's sum: from the last but one on, every second digit counts twice, digit by digit.
fn checks(digits: &[u8]) -> bool {
    let sum: u32 = (digits.iter().rev().enumerate())
        .map(|(place, digit)| {
            let twice = u32::from(digit - b'0') * if place % 2 == 1 { 2 } else { 1 };
            twice / 10 + twice % 10
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<Option<String>, Code> {
        Imei::read(text.into())
            .map(|read| read.map(|imei| imei.reveal().to_owned()))
            .map_err(|fault| fault.code)
    }

    #[test]
    fn vectors() {
        for same in [
            "001010123456780",
            "00-101012-345678-0",
            "00 101012 345678 0",
            "００１０１０１２３４５６７８０",
            "001010\u{200B}123456780",
        ] {
            assert_eq!(read(same), Ok(Some("001010123456780".to_owned())), "{same}");
        }
        assert_eq!(read(""), Ok(None));
        assert_eq!(read(" - "), Ok(None));
        for (text, expected) in [
            ("001010123456781", Code::BadChecksum),
            ("001010123546780", Code::BadChecksum),
            ("000000000000000", Code::BadChar),
            ("00101012345678", Code::BadLength),
            ("0010101234567801", Code::BadLength),
            ("0010101234567", Code::BadLength),
            ("00101012345678034", Code::BadLength),
            ("A10000009296F2", Code::BadChar),
            ("00101012345678X", Code::BadChar),
            ("+01010123456780", Code::BadChar),
        ] {
            assert_eq!(read(text), Err(expected), "{text}");
        }
        assert_eq!(read(&"0".repeat(97)), Err(Code::TooLong));
    }

    /// What is sent in its place by mistake is told by name.
    #[test]
    fn what_to_send_is_told() {
        let text = |sent: &str| Imei::read(sent.into()).expect_err("refused").text;
        assert!(text("00101012345678").contains("check digit; send all 15"));
        assert!(text("0010101234567801").contains("IMEISV"));
    }

    #[test]
    fn nothing_is_printed() {
        let imei = Imei::read("001010123456780".into()).expect("read");
        assert_eq!(format!("{imei:?}"), "Some(Imei)");
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,40}", digits in "[0-9 -]{0,20}") {
            for text in [text, digits] {
                if let Ok(Some(imei)) = read(&text) {
                    prop_assert_eq!(imei.len(), DIGITS);
                    prop_assert_eq!(read(&imei), Ok(Some(imei)));
                }
            }
        }

        /// One digit mistyped is always found.
        #[test]
        fn one_wrong_digit_is_found(digits in "[1-9][0-9]{13}", place in 0_usize..15, by in 1_u8..10) {
            let imei = (0..10).map(|check| format!("{digits}{check}")).find(|imei| checks(imei.as_bytes()));
            let mut wrong = imei.expect("one of ten checks").into_bytes();
            wrong[place] = b'0' + (wrong[place] - b'0' + by) % 10;
            prop_assert!(!checks(&wrong));
        }
    }
}
