//! The name of a person. Names are as people have them: one character is a name, a middle dot stands between the parts
//! of many, and nobody's is refused for being unusual; only what cannot stand in a name is.

use std::fmt;

use super::mask;
use crate::domain::{
    fault::{Code, Fault},
    normal::{self, DOT, is_han},
    personal::Personal,
};

/// A person's name in normal form. Cannot be printed.
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct PersonName(Personal);

/// With Chinese characters in it, dots counted.
const LONGEST_HAN: usize = 30;

/// In letters, as passports and residence cards have them.
const LONGEST_LETTERS: usize = 120;

/// Bytes that are worth looking at; a name of as many characters as can be has fewer.
const MOST_BYTES: usize = 1_000;

const LENGTH: Fault =
    Fault::new(Code::BadLength, "at most 30 characters, or 120 where it is in letters alone");
const CHAR: Fault = Fault::new(
    Code::BadChar,
    "letters or Chinese characters; spaces, middle dots, hyphens and ' between them",
);
const REQUIRED: Fault = Fault::new(Code::Required, "the name on the document");

// === impl PersonName ===

impl PersonName {
    /// Reads a name.
    pub fn read(text: Personal) -> Result<Self, Fault> {
        if text.reveal().len() > MOST_BYTES {
            return Err(LENGTH);
        }
        let text = normal::name(text);
        if text.is_empty() {
            return Err(REQUIRED);
        }
        let (mut length, mut han, mut between) = (0_usize, false, true);
        for c in text.reveal().chars() {
            let joins = matches!(c, ' ' | DOT | '-' | '\'' | '\u{2019}' | '.');
            // What joins has a letter before it: but "Jr. " has a space after its dot.
            let fits = match c {
                ' ' => true,
                _ if joins || is_mark(c) => !between,
                _ => c.is_alphabetic(),
            };
            if !fits {
                return Err(CHAR);
            }
            (length, han, between) = (length + 1, han || is_han(c), joins);
        }
        if between && !text.reveal().ends_with('.') {
            return Err(CHAR);
        }
        if length > if han { LONGEST_HAN } else { LONGEST_LETTERS } {
            return Err(LENGTH);
        }
        Ok(Self(text))
    }

    /// The name itself: for the cipher and the authority.
    pub fn reveal(&self) -> &str {
        self.0.reveal()
    }

    /// Its first character alone; of a name of one, none.
    pub fn masked(&self) -> String {
        mask::name(self.reveal())
    }
}

impl fmt::Debug for PersonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonName")
    }
}

/// Marks that stay marks in the normal form, because no letter has them built in.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{34E}' | '\u{350}'..='\u{36F}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<String, Code> {
        PersonName::read(text.into()).map(|name| name.reveal().to_owned()).map_err(|fault| fault.code)
    }

    #[test]
    fn names_as_people_have_them() {
        for name in [
            "张三",
            "欧",
            "一",
            "阿布都热合曼·买买提",
            "赵C",
            "LI LEI",
            "Jean-Luc O'Brien Jr.",
            "Amélie",
            "Нина",
            "王〇",
            "𠮷田",
        ] {
            assert_eq!(read(name), Ok(name.to_owned()), "{name}");
        }
        assert_eq!(read("ＬＩ　ＬＥＩ"), Ok("LI LEI".to_owned()));
        assert_eq!(read("张\u{200D}三"), Ok("张三".to_owned()));
    }

    #[test]
    fn what_is_no_name() {
        let long = |c: &str, times| c.repeat(times);
        for (text, code) in [
            ("", Code::Required),
            (" \u{3000}\u{200D}", Code::Required),
            (&*long("张", 31), Code::BadLength),
            (&*long("张", 300), Code::BadLength),
            (&*long("a", 121), Code::BadLength),
            (&*long("a", 2_000), Code::BadLength),
            ("张3", Code::BadChar),
            ("张三!", Code::BadChar),
            ("·张三", Code::BadChar),
            ("张三·", Code::BadChar),
            ("张··三", Code::BadChar),
            ("张\u{202E}三", Code::BadChar),
            ("张\n三\u{0}", Code::BadChar),
            ("\u{E000}三", Code::BadChar),
            ("<b>", Code::BadChar),
        ] {
            assert_eq!(read(text), Err(code), "{text}");
        }
        assert!(read(&long("张", 30)).is_ok() && read(&long("a", 120)).is_ok());
    }

    proptest! {
        #[test]
        fn a_name_read_is_read_again(text in "\\PC{0,60}") {
            if let Ok(name) = read(&text) {
                prop_assert_eq!(read(&name), Ok(name));
            }
        }
    }
}
