//! A made-up identity authority for `dev` and the tests: its persons are those of regions that do not exist, and what
//! it says follows from the question alone. It knows nobody real.

pub mod server;

/// What a simulated authority does about a question.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reaction {
    /// Says that it is that person's.
    Match,
    /// Says that it is not.
    Mismatch,
    /// Says that it cannot say.
    NotAvailable,
    /// Fails.
    OutOfReach,
    /// Says nothing at all.
    Silent,
    /// Says yes to something else.
    Odd,
}

/// How to be answered in which way: what `greenlane authority simulate --help` prints.
pub const TABLE: &str = "\
What it says follows from the number, the name and the photo:
  a number of 18 digits whose region ends in 9999,
  or whose holder would be born before 1910          MATCH, unless a line below says otherwise
  another number with 0000 in it, as E00000001       the same
  a name that ends in 某                             MISMATCH
  a photo whose SHA-256 begins with 00000000         MISMATCH: another face
  the sequence (digits 15 to 17 of 18, else the last three):
    900 to 919                                       MISMATCH, whatever the name
    920 to 939                                       NOT_AVAILABLE, in so many words
    940 to 959                                       the call fails: UNAVAILABLE
    960 to 979                                       nothing, until the caller gives up
    980 to 999                                       MATCH, but to another question
  any other number                                   NOT_AVAILABLE: nobody real is known";

/// What follows from a number, a name and a photo, which is empty where there is none.
pub fn reaction(number: &str, name: &str, photo_sha256: &str) -> Reaction {
    let is_card = number.len() == 18 && number.bytes().take(17).all(|byte| byte.is_ascii_digit());
    let made_up = if is_card {
        &number[2..6] == "9999" || ("1900".."1910").contains(&&number[6..10])
    } else {
        number.contains("0000")
    };
    if !made_up {
        return Reaction::NotAvailable;
    }
    let sequence = if is_card { &number[14..17] } else { number.get(number.len() - 3..).unwrap_or_default() };
    match sequence.parse() {
        Ok(920..=939) => Reaction::NotAvailable,
        Ok(940..=959) => Reaction::OutOfReach,
        Ok(960..=979) => Reaction::Silent,
        Ok(980..=999) => Reaction::Odd,
        Ok(900..=919) => Reaction::Mismatch,
        Ok(_) | Err(_) if name.ends_with('某') || photo_sha256.starts_with("00000000") => Reaction::Mismatch,
        Ok(_) | Err(_) => Reaction::Match,
    }
}

/// The first words of the line by which the process says where it listens.
pub const READY: &str = "identity authority (simulated) ready on ";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_says_follows_from_the_question() {
        for (number, name, wanted) in [
            ("119999199003070019", "某甲", Reaction::Match),
            ("11999919900307006X", "某甲", Reaction::Match),
            ("119999199003070019", "张某", Reaction::Mismatch),
            ("119999199003079000", "某甲", Reaction::Mismatch),
            ("119999199003079200", "某甲", Reaction::NotAvailable),
            ("119999199003079400", "某甲", Reaction::OutOfReach),
            ("119999199003079600", "某甲", Reaction::Silent),
            ("119999199003079800", "某甲", Reaction::Odd),
            ("810000190909090011", "某甲", Reaction::Match),
            ("932682190909090034", "NOBODY", Reaction::Match),
            ("E00000001", "某甲", Reaction::Match),
            ("E00000905", "某甲", Reaction::Mismatch),
            ("H00000001", "某甲", Reaction::Match),
            // Nobody real, not even a published example.
            ("11010519491231002X", "某甲", Reaction::NotAvailable),
            ("X1234567", "NOBODY", Reaction::NotAvailable),
            ("某", "某甲", Reaction::NotAvailable),
            ("", "", Reaction::NotAvailable),
        ] {
            assert_eq!(reaction(number, name, ""), wanted, "{number} {name}");
        }
        let (own, another) = ("a".repeat(64), format!("00000000{}", "a".repeat(56)));
        assert_eq!(reaction("119999199003070019", "某甲", &own), Reaction::Match);
        assert_eq!(reaction("119999199003070019", "某甲", &another), Reaction::Mismatch);
    }
}
