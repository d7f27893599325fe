//! The list of an order in normal form: each number once, in the order of their digits, however they were written, how
//! often and in whatever order. A number's place in it is its name within the order.

use crate::domain::{normal, number::Msisdn, personal::Personal, refusal::Violation};

/// Numbers of one order at most.
pub const MOST: usize = 100_000;
/// Numbers of one message at most.
pub const MOST_IN_MESSAGE: usize = 10_000;

/// Bytes of a number as it is sent, at most.
pub const MOST_BYTES: usize = 96;

/// The list.
#[derive(Clone, Debug, Default)]
pub struct List(Vec<Listed>);

/// One number of it.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The number.
    pub msisdn: Msisdn,
    /// Named more than once.
    pub twice: bool,
}

/// A text that is to be a number, and whether it may be one by its length. Of one that may not no more is kept than
/// shows that: a list waits in memory until its last message has come.
pub fn held(text: String) -> (Personal, bool) {
    let text = Personal::new(text);
    if text.reveal().len() <= MOST_BYTES {
        return (text, true);
    }
    let end = text.reveal().char_indices().map(|(at, _)| at).find(|at| *at > MOST_BYTES);
    let kept = end.map(|end| Personal::from(&text.reveal()[..end]));
    (kept.unwrap_or(text), false)
}

// === impl List ===

impl List {
    /// Reads numbers as people write them. Every fault is told by its place, never by what stands there.
    pub fn read(texts: Vec<Personal>) -> Result<Self, Vec<Violation>> {
        if texts.len() > MOST {
            let text = format!("at most {MOST} numbers, these are {}", texts.len());
            return Err(vec![Violation::new("msisdns", "TOO_MANY", text)]);
        }
        let mut faults = Vec::new();
        let mut list = Vec::with_capacity(texts.len());
        for (at, text) in texts.into_iter().enumerate() {
            let read = if text.reveal().len() > MOST_BYTES {
                Err(("TOO_LONG", "at most 96 bytes"))
            } else {
                Msisdn::parse(normal::number(text).reveal()).map_err(|bad| (bad.code, bad.text))
            };
            match read {
                Ok(msisdn) => list.push(Listed { msisdn, twice: false }),
                Err((code, text)) => faults.push(Violation::new(format!("msisdns[{at}]"), code, text)),
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        list.sort_unstable_by(|one, other| one.msisdn.reveal().cmp(other.msisdn.reveal()));
        list.dedup_by(|next, kept| {
            let same = next.msisdn == kept.msisdn;
            kept.twice |= same;
            same
        });
        Ok(Self(list))
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each, in order. The first one's place is 1.
    pub fn iter(&self) -> impl Iterator<Item = &Listed> {
        self.0.iter()
    }
}

impl IntoIterator for List {
    type Item = Listed;
    type IntoIter = std::vec::IntoIter<Listed>;

    /// Each, in order.
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn list(texts: &[&str]) -> Result<Vec<(String, bool)>, Vec<String>> {
        let read = List::read(texts.iter().map(|text| Personal::from(*text)).collect());
        read.map(|list| list.iter().map(|one| (one.msisdn.e164(), one.twice)).collect())
            .map_err(|faults| faults.into_iter().map(|f| format!("{} {}", f.field, f.description)).collect())
    }

    #[test]
    fn one_number_however_written() {
        let same = ["17000000002", "+86 170-0000-0002", "８６１７００００００００２", "17000000001"];
        let expected = vec![("+8617000000001".to_owned(), false), ("+8617000000002".to_owned(), true)];
        assert_eq!(list(&same), Ok(expected));
    }

    #[test]
    fn of_what_is_too_long_no_more_is_kept_than_shows_it() {
        for (sent, kept, fine) in [
            ("1".repeat(96), 96, true),
            ("1".repeat(97), 97, false),
            ("1".repeat(100_000), 97, false),
            ("１".repeat(32), 96, true),
            ("１".repeat(50_000), 99, false),
        ] {
            let (text, may_be) = held(sent);
            assert_eq!((text.reveal().len(), may_be), (kept, fine));
            let faults = List::read(vec![text]).expect_err("no number");
            assert_eq!(faults[0].description.starts_with("TOO_LONG"), !fine);
        }
    }

    #[test]
    fn more_than_an_order_has_is_one_fault() {
        let faults = List::read(vec![Personal::default(); MOST + 1]).expect_err("too many");
        assert_eq!((faults.len(), faults[0].field.as_str()), (1, "msisdns"));
    }

    #[test]
    fn faults_are_told_by_their_place() {
        let long = "1".repeat(97);
        let faults = list(&["17000000001", "1700", "+85291234567", &long]).expect_err("faults");
        assert_eq!(faults.len(), 3);
        assert!(faults[0].starts_with("msisdns[1] BAD_LENGTH: "), "{faults:?}");
        assert!(faults[1].starts_with("msisdns[2] NOT_MAINLAND: "), "{faults:?}");
        assert!(faults[2].starts_with("msisdns[3] TOO_LONG: "), "{faults:?}");
        assert!(faults.iter().all(|fault| !fault.contains("85291234567")));
    }

    proptest! {
        #[test]
        fn order_and_doubles_change_nothing(
            numbers in proptest::collection::vec(17_000_000_000_u64..17_000_000_050, 1..80),
            turn in 0_usize..80,
        ) {
            let texts: Vec<String> = numbers.iter().map(u64::to_string).collect();
            let mut turned = texts.clone();
            turned.rotate_left(turn % texts.len());
            turned.push(texts[0].clone());
            let read = |texts: &[String]| -> Vec<String> {
                let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
                list(&texts).expect("numbers").into_iter().map(|(number, _)| number).collect()
            };
            let distinct: std::collections::BTreeSet<&u64> = numbers.iter().collect();
            prop_assert_eq!(read(&texts).len(), distinct.len());
            prop_assert_eq!(read(&texts), read(&turned));
        }
    }
}
