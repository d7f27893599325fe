//! Resource names: `mvnos/m07`, `mvnos/m07/findings/<uuid7>`. Parsed once at the edge, never re-checked inside.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::caller::Class;

/// The last segment of a participant's name: 1 to 63 of `a-z 0-9 -`, starting with a letter or digit.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Slug(String);

/// A participant: its class and its id within the class. Prints as `mvnos/m07`.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct ParticipantName {
    /// Which kind of participant.
    pub class: Class,
    /// Its id within the class.
    pub id: Slug,
}

/// Why a text is not a resource name. The text itself is not repeated: it may be anything.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum NameError {
    /// The id is empty, too long or has other characters.
    #[error("the id must be 1 to 63 of a-z, 0-9 and '-', starting with a letter or digit")]
    BadId,
    /// The collection is not the one expected here.
    #[error("expected a name like {0}")]
    BadCollection(&'static str),
}

// === impl Slug ===

impl Slug {
    /// Checks and takes an id.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let first = text.bytes().next().is_some_and(|b| b != b'-');
        let all = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if first && all && text.len() <= 63 { Ok(Self(text.to_owned())) } else { Err(NameError::BadId) }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

// === impl ParticipantName ===

impl ParticipantName {
    /// Parses `mvnos/m07`, `carriers/unicom`, `regulators/miit` and so on.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        const EXAMPLE: NameError = NameError::BadCollection("mvnos/m07 or carriers/unicom");
        let (collection, id) = text.split_once('/').ok_or(EXAMPLE)?;
        let class = Class::ALL.into_iter().find(|c| c.collection() == collection).ok_or(EXAMPLE)?;
        Ok(Self { class, id: Slug::parse(id)? })
    }

    /// Parses the name of an MVNO and nothing else.
    pub fn parse_mvno(text: &str) -> Result<Self, NameError> {
        let id = text.strip_prefix("mvnos/").ok_or(NameError::BadCollection("mvnos/m07"))?;
        Ok(Self { class: Class::Mvno, id: Slug::parse(id)? })
    }
}

impl fmt::Display for ParticipantName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.class.collection(), self.id)
    }
}

impl TryFrom<String> for ParticipantName {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        Self::parse(&text)
    }
}

impl From<ParticipantName> for String {
    fn from(name: ParticipantName) -> Self {
        name.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_strict() {
        assert_eq!(ParticipantName::parse("mvnos/m07").expect("name").to_string(), "mvnos/m07");
        for bad in
            ["", "m07", "mvnos/", "mvnos/M07", "mvnos/m07/x", "mvno/m07", "mvnos/-a", "mvnos/m 7", "mvnos/名"]
        {
            assert!(ParticipantName::parse(bad).is_err(), "{bad}");
        }
        assert!(Slug::parse(&"a".repeat(64)).is_err());
        assert!(ParticipantName::parse_mvno("carriers/unicom").is_err());
    }
}
