//! Readers of documents: each has a serial number, and belongs to one outlet at a time.

use crate::domain::fault::{Code, Fault};

/// The serial number of a reader: 4 to 40 of A-Z, 0-9 and -.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct ReaderSerial(String);

/// Whose a reader is, as seen from the outlet that used it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ownership {
    /// Of this outlet.
    Here,
    /// Of another.
    Elsewhere,
    /// Of none.
    Nowhere,
}

// === impl ReaderSerial ===

impl ReaderSerial {
    /// Reads a serial number.
    pub fn read(text: &str) -> Result<Self, Fault> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Fault::new(Code::Required, "the serial number of the reader"));
        }
        if !(4..=40).contains(&text.chars().count()) {
            return Err(Fault::new(Code::BadLength, "4 to 40 characters"));
        }
        if !text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            return Err(Fault::new(Code::BadChar, "letters A to Z, digits and hyphens"));
        }
        Ok(Self(text.to_ascii_uppercase()))
    }

    /// The number.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

// === impl Ownership ===

impl Ownership {
    /// Judges the use of a reader.
    pub fn judge(self) -> Result<(), Fault> {
        match self {
            Self::Here => Ok(()),
            Self::Elsewhere => Err(Fault::new(Code::ReaderOfAnother, "a reader of this outlet")),
            Self::Nowhere => Err(Fault::new(Code::ReaderNotBound, "a reader that is bound to this outlet")),
        }
    }

    /// Judges the binding of a reader to an outlet: again to the same is nothing new.
    pub fn bind(self) -> Result<(), Fault> {
        match self {
            Self::Here | Self::Nowhere => Ok(()),
            Self::Elsewhere => Err(Fault::new(Code::ReaderOfAnother, "a reader that is no other outlet's")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serials() {
        assert_eq!(ReaderSerial::read(" rd-000001 ").map(|serial| serial.0), Ok("RD-000001".to_owned()));
        for (text, code) in [
            ("", Code::Required),
            ("R1", Code::BadLength),
            (&*"9".repeat(41), Code::BadLength),
            ("RD 0001", Code::BadChar),
            ("读卡器1", Code::BadChar),
        ] {
            assert_eq!(ReaderSerial::read(text).map_err(|fault| fault.code), Err(code), "{text}");
        }
    }

    #[test]
    fn one_outlet_at_a_time() {
        assert!(Ownership::Here.judge().is_ok() && Ownership::Here.bind().is_ok());
        assert!(Ownership::Nowhere.judge().is_err() && Ownership::Nowhere.bind().is_ok());
        assert!(Ownership::Elsewhere.judge().is_err() && Ownership::Elsewhere.bind().is_err());
    }
}
