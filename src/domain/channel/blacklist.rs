//! The blacklist that all operators share: outlets by their unit code, persons by the keyed pseudonym of their document.
//! Neither a name nor a number is on it in clear.

use serde::{Deserialize, Serialize};

use crate::domain::{
    fault::{Code, Fault},
    time::Time,
    word::words,
};

words! {
    /// Who is on it.
    Listed {
        /// An outlet, wherever it sells.
        Outlet "OUTLET";
        /// A person, wherever they work.
        Person "PERSON";
    }
}

/// One entry.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Listing {
    /// Who.
    pub listed: Listed,
    /// From when.
    pub from: Time,
    /// Until when; `None` for ever.
    pub until: Option<Time>,
}

// === impl Listing ===

impl Listing {
    /// Whether it is in force at a moment.
    pub fn is_in_force(&self, at: Time) -> bool {
        self.from <= at && self.until.is_none_or(|until| at < until)
    }
}

/// Judges the people and the outlet by what is listed of them.
pub fn judge<'l>(listings: impl IntoIterator<Item = &'l Listing>, at: Time) -> Result<(), Fault> {
    match listings.into_iter().find(|listing| listing.is_in_force(at)).map(|listing| listing.listed) {
        None => Ok(()),
        Some(Listed::Outlet) => {
            Err(Fault::new(Code::ChannelBlacklisted, "an outlet that is not on the blacklist of all"))
        }
        Some(Listed::Person) => {
            Err(Fault::new(Code::PersonBlacklisted, "a person who is not on the blacklist of all"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::DAY;

    #[test]
    fn in_force_between() {
        let start = Time::of_date(2026, 1, 1);
        let until = Some(start.plus(DAY));
        let listing = Listing { listed: Listed::Person, from: start, until };
        assert_eq!(judge([&listing], start.minus(DAY)), Ok(()));
        assert_eq!(judge([&listing], start).map_err(|fault| fault.code), Err(Code::PersonBlacklisted));
        assert_eq!(judge([&listing], start.plus(DAY)), Ok(()));
        let ever = Listing { listed: Listed::Outlet, until: None, ..listing };
        assert_eq!(judge([&ever], Time::MAX).map_err(|fault| fault.code), Err(Code::ChannelBlacklisted));
        assert_eq!(judge([], start), Ok(()));
    }
}
