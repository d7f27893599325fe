//! Who is calling: an identity read from one URI SAN, `spiffe://<trust-domain>/<class>/<id>[/<person>]`.
//! Knows nothing of certificates; refuses whatever is not exactly of that form.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::name::{ParticipantName, Slug};

/// The kinds of participants. Each has a trust anchor of its own.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// Reads everything, changes nothing.
    Auditor,
    /// A base telecom carrier.
    Carrier,
    /// A mobile virtual network operator.
    Mvno,
    /// Runs the gateway; sees no subscriber and decides nothing.
    Operator,
    /// Public security.
    Police,
    /// The public's own door: appeals, reports, own lines.
    Portal,
    /// The Ministry or a provincial communications administration.
    Regulator,
}

/// An authenticated caller.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct Caller {
    /// The organisation.
    pub organisation: ParticipantName,
    /// The person in it; always present for regulator, police and operator.
    pub person: Option<Slug>,
}

/// Why a URI is not an identity here. Never repeats the URI: it is the peer's text.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum IdentityError {
    /// Not `spiffe://<our trust domain>/...`.
    #[error("the URI is not in this gateway's trust domain")]
    ForeignTrustDomain,
    /// Not of the form `<class>/<id>[/<person>]`, or with characters outside the grammar.
    #[error("the path is not <class>/<id>[/<person>] in lower-case ASCII")]
    BadPath,
    /// The class is none of ours.
    #[error("the class is unknown")]
    UnknownClass,
    /// Regulator, police and operator certificates name a person.
    #[error("this class needs a person in its identity")]
    PersonMissing,
}

// === impl Class ===

impl Class {
    /// Every class, in alphabetical order.
    pub const ALL: [Self; 7] = [
        Self::Auditor,
        Self::Carrier,
        Self::Mvno,
        Self::Operator,
        Self::Police,
        Self::Portal,
        Self::Regulator,
    ];

    /// The word in an identity's path, in `access.proto` roles and in log fields.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auditor => "auditor",
            Self::Carrier => "carrier",
            Self::Mvno => "mvno",
            Self::Operator => "operator",
            Self::Police => "police",
            Self::Portal => "portal",
            Self::Regulator => "regulator",
        }
    }

    /// The collection in resource names.
    pub const fn collection(self) -> &'static str {
        match self {
            Self::Auditor => "auditors",
            Self::Carrier => "carriers",
            Self::Mvno => "mvnos",
            Self::Operator => "operators",
            Self::Police => "police",
            Self::Portal => "portals",
            Self::Regulator => "regulators",
        }
    }

    /// Whether an identity of this class must name a person: two officers are two persons.
    pub const fn needs_person(self) -> bool {
        matches!(self, Self::Operator | Self::Police | Self::Regulator)
    }

    /// The class of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.as_str() == word)
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

// === impl Caller ===

impl Caller {
    /// Reads an identity. Strict ASCII, no percent-decoding, no query, no fallback.
    pub fn parse(trust_domain: &str, uri: &str) -> Result<Self, IdentityError> {
        let path = uri
            .strip_prefix("spiffe://")
            .and_then(|rest| rest.strip_prefix(trust_domain))
            .and_then(|rest| rest.strip_prefix('/'))
            .ok_or(IdentityError::ForeignTrustDomain)?;
        if uri.len() > 2048 {
            return Err(IdentityError::BadPath);
        }
        let segments: Vec<&str> = path.split('/').collect();
        let (class, id, person) = match segments[..] {
            [class, id] => (class, id, None),
            [class, id, person] => (class, id, Some(person)),
            _ => return Err(IdentityError::BadPath),
        };
        let slug = |text| Slug::parse(text).map_err(|_| IdentityError::BadPath);
        let (id, person) = (slug(id)?, person.map(slug).transpose()?);
        let class = Class::parse(class).ok_or(IdentityError::UnknownClass)?;
        if class.needs_person() && person.is_none() {
            return Err(IdentityError::PersonMissing);
        }
        Ok(Self { organisation: ParticipantName { class, id }, person })
    }

    /// The caller's class, which is its role.
    pub fn class(&self) -> Class {
        self.organisation.class
    }
}

impl fmt::Display for Caller {
    /// `regulators/miit/officer-1`: for logs and the ledger.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.organisation.fmt(f)?;
        self.person.iter().try_for_each(|person| write!(f, "/{person}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_form_and_no_other() {
        let ok = |uri: &str| Caller::parse("gw.test", uri).map(|c| c.to_string());
        assert_eq!(ok("spiffe://gw.test/mvno/m07"), Ok("mvnos/m07".to_owned()));
        assert_eq!(ok("spiffe://gw.test/regulator/miit/wang"), Ok("regulators/miit/wang".to_owned()));
        assert_eq!(ok("spiffe://gw.test/regulator/miit"), Err(IdentityError::PersonMissing));
        assert_eq!(ok("spiffe://gw.test/king/a"), Err(IdentityError::UnknownClass));
        for foreign in
            ["spiffe://gw.test.evil/mvno/m07", "spiffe://GW.test/mvno/m07", "https://gw.test/mvno/m07", ""]
        {
            assert_eq!(ok(foreign), Err(IdentityError::ForeignTrustDomain), "{foreign}");
        }
        for path in [
            "mvno",
            "mvno/",
            "mvno//m07",
            "mvno/m07/",
            "mvno/m%2f07",
            "mvno/../m07",
            "mvno/m07?x",
            "mvno/m07#x",
            "mvno/m07/a/b",
            "mvno/M07",
        ] {
            assert_eq!(ok(&format!("spiffe://gw.test/{path}")), Err(IdentityError::BadPath), "{path}");
        }
        assert_eq!(ok("spiffe://gw.test:443/mvno/m07"), Err(IdentityError::ForeignTrustDomain));
    }
}
