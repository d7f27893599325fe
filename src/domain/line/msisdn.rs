//! The number of a line that is to be registered: of an MVNO range, and of a person's kind.

use crate::domain::{
    fault::{Code, Fault},
    normal,
    number::{self, Msisdn, NumberKind},
    personal::Personal,
};

const MOST_BYTES: usize = 96;

/// Reads the number of a line, as people type it.
pub fn read(text: Personal) -> Result<Msisdn, Fault> {
    if text.reveal().len() > MOST_BYTES {
        return Err(Fault::new(Code::TooLong, "at most 96 bytes"));
    }
    let text = normal::number(text);
    if text.is_empty() {
        return Err(Fault::new(Code::Required, "the number, 11 digits"));
    }
    let number = Msisdn::parse(text.reveal())
        .map_err(|bad| Fault::new(Code::parse(bad.code).unwrap_or(Code::BadChar), bad.text))?;
    match number::classify(&number).kind {
        NumberKind::Mvno => Ok(number),
        NumberKind::Iot => Err(Fault::new(Code::IotNumber, "a number of persons; this range is of things")),
        NumberKind::Ordinary | NumberKind::Satellite => {
            Err(Fault::new(Code::NotMvno, "a number of the ranges 170, 171, 162, 165 and 167"))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn code(text: &str) -> Result<String, Code> {
        read(text.into()).map(|number| number.e164()).map_err(|fault| fault.code)
    }

    /// `domain.md` 5.3, as a registration sees it.
    #[test]
    fn vectors() {
        for same in [
            "17000000001",
            "+86 170-0000-0001",
            "008617000000001",
            "8617000000001",
            "１７００００００００１",
            "＋86 17000000001",
            "170\u{200B}0000\u{3000}0001",
        ] {
            assert_eq!(code(same), Ok("+8617000000001".to_owned()), "{same}");
        }
        for mvno in [
            "17020000001",
            "16200000001",
            "17030000001",
            "17050000001",
            "17060000001",
            "16500000001",
            "17040000001",
            "17070000001",
            "17080000001",
            "17090000001",
            "17100000001",
            "16700000001",
        ] {
            assert_eq!(code(mvno), Ok(format!("+86{mvno}")));
        }
        for (text, expected) in [
            ("13800000001", Code::NotMvno),
            ("17400000001", Code::NotMvno),
            ("13490000001", Code::NotMvno),
            ("16190000001", Code::NotMvno),
            ("19200000001", Code::NotMvno),
            ("1700000001", Code::BadLength),
            ("170000000012", Code::BadLength),
            ("07000000001", Code::BadPrefix),
            ("12000000001", Code::BadPrefix),
            ("+85291234567", Code::NotMainland),
            ("+8617000000001#1", Code::BadChar),
            ("1064800000001", Code::IotNumber),
            ("14600000001", Code::IotNumber),
            ("", Code::Required),
        ] {
            assert_eq!(code(text), Err(expected), "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,40}", digits in "[+0-9 -]{0,16}") {
            for text in [text, digits] {
                if let Ok(number) = code(&text) {
                    prop_assert_eq!(code(&number), Ok(number));
                }
            }
        }
    }
}
