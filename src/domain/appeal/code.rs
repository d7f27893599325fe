//! The code by which a subscriber appeals, as people type it from a text message: in any case, with or without its
//! hyphens, in full width, and with look-alikes: its alphabet has no I, L, O and U, so what looks like one of its
//! digits is that digit.

use crate::domain::{
    fault::{Code, Fault},
    normal,
    personal::Personal,
};

/// Letters and digits of a code, in three groups.
const LENGTH: usize = 12;
/// Of a group.
const GROUP: usize = 4;

/// The code in the form that the notice has it: `K7Q2-M4TX-9RBD`.
pub fn read(text: Personal) -> Result<Personal, Fault> {
    if text.reveal().is_empty() {
        return Err(Fault::new(Code::Required, "the code of the notice, like K7Q2-M4TX-9RBD"));
    }
    let normal = normal::number(text);
    if normal.reveal().chars().count() != LENGTH {
        return Err(Fault::new(Code::BadLength, "12 letters and digits, like K7Q2-M4TX-9RBD"));
    }
    let mut code = String::with_capacity(LENGTH + LENGTH / GROUP - 1);
    for (at, c) in normal.reveal().chars().enumerate() {
        if at > 0 && at % GROUP == 0 {
            code.push('-');
        }
        code.push(match c {
            'O' => '0',
            'I' | 'L' => '1',
            '0'..='9' | 'A'..='H' | 'J' | 'K' | 'M' | 'N' | 'P'..='T' | 'V'..='Z' => c,
            _ => return Err(Fault::new(Code::BadChar, "letters and digits only, and no U")),
        });
    }
    Ok(Personal::new(code))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ok(text: &str) -> String {
        read(Personal::from(text)).expect("a code").reveal().to_owned()
    }

    #[test]
    fn as_people_type_it() {
        for typed in [
            "K7Q2-M4TX-9RBD",
            "k7q2m4tx9rbd",
            " K7Q2 M4TX 9RBD ",
            "k7q2—m4tx–9rbd",
            "Ｋ７Ｑ２－Ｍ４ＴＸ－９ＲＢＤ",
            "K7Q2\u{200B}-M4TX-9RBD\n",
        ] {
            assert_eq!(ok(typed), "K7Q2-M4TX-9RBD", "{typed}");
        }
        assert_eq!(ok("oOiI-lL00-1111"), "0011-1100-1111");
    }

    #[test]
    fn what_is_none() {
        for (typed, code) in [
            ("", Code::Required),
            ("K7Q2-M4TX-9RB", Code::BadLength),
            ("K7Q2-M4TX-9RBDD", Code::BadLength),
            ("K7Q2-M4TX-9RBU", Code::BadChar),
            ("K7Q2_M4TX9RBD", Code::BadLength),
            ("K7Q2_M4T9RBD", Code::BadChar),
            ("申诉申诉申诉申诉申诉申诉", Code::BadChar),
        ] {
            assert_eq!(read(Personal::from(typed)).map_err(|fault| fault.code).err(), Some(code), "{typed}");
        }
    }

    proptest! {
        #[test]
        fn a_code_is_read_as_itself_however_it_is_typed(
            code in "[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}",
            lower: bool,
            bare: bool,
            looks: bool,
        ) {
            let mut typed = code.clone();
            if looks {
                typed = typed.replace('0', "O").replace('1', "l");
            }
            if lower {
                typed = typed.to_lowercase();
            }
            if bare {
                typed = typed.replace('-', "");
            }
            prop_assert_eq!(ok(&typed), code);
        }

        #[test]
        fn no_text_is_read_as_anything_but_a_code(text in "\\PC{0,40}") {
            if let Ok(code) = read(Personal::from(text.as_str())) {
                prop_assert_eq!(ok(code.reveal()), code.reveal());
                prop_assert_eq!(code.reveal().len(), 14);
            }
        }
    }
}
