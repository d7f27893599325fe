//! Texts about a person: a name, a document's number, an address, a subscriber's number. They cannot be printed or
//! serialised, and are wiped when dropped.

use std::{fmt, mem};

use zeroize::Zeroize;

/// A text about a person. `Debug` shows nothing and there is no `Display`: whoever needs the text asks to [`reveal`].
///
/// [`reveal`]: Personal::reveal
#[derive(Clone, Default, Eq, Hash, PartialEq)]
pub struct Personal(String);

// === impl Personal ===

impl Personal {
    /// Takes a text over, without a copy.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself: for the cipher, the blind index, the authority and the subscriber's own operator.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text, to be changed in place; whoever takes it out puts it back.
    pub(super) fn take(mut self) -> String {
        mem::take(&mut self.0)
    }
}

impl Drop for Personal {
    /// All of the buffer, what was once behind the text's end too.
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Personal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Personal")
    }
}

impl From<&str> for Personal {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_printed() {
        let text = Personal::from("119999199003070019");
        assert_eq!(format!("{text:?} {text:#?}"), "Personal Personal");
    }
}
