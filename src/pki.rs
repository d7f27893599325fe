//! A small certificate authority: one CA for each class and one for the server, certificates of one identity each,
//! revocation lists. Keeps nothing: what it makes is handed back as PEM, and where it goes is the caller's matter.

mod authority;
mod crl;
pub mod folder;
mod issue;

use std::{fmt, time::Duration};

use thiserror::Error;

pub use self::{
    authority::Authority,
    issue::{Identity, Issued},
};
use crate::domain::{
    caller::{Class, IdentityError},
    time::Time,
};

/// What a CA may issue for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scope {
    /// Identities of one class.
    Class(Class),
    /// The server's own certificate.
    Server,
}

/// From when to when a certificate holds.
#[derive(Clone, Copy, Debug)]
pub struct Validity {
    /// The first moment, cut to its second.
    pub from: Time,
    /// The last moment, cut to its second.
    pub to: Time,
}

/// Why nothing could be made.
#[derive(Debug, Error)]
pub enum PkiError {
    /// The identity would be refused at the door.
    #[error("this is no identity of the gateway: {0}")]
    Identity(IdentityError),
    /// A CA of one scope was asked for a certificate of another.
    #[error("the {0} CA does not issue this; every class has a CA of its own, and so has the server")]
    WrongScope(Scope),
    /// A serial number that is not hex.
    #[error("a serial number is hex, two digits a byte")]
    Serial,
    /// The certificate is not a CA's, or the key is another one's.
    #[error("this is not a CA's certificate together with its key")]
    NotACa,
    /// Parsing or signing failed.
    #[error("certificates cannot be made: {0}")]
    Make(#[from] rcgen::Error),
}

/// Time since 1970 in whole seconds. rcgen's type for a moment has no name outside rcgen, so callers add this to
/// `date_time_ymd(1970, 1, 1)` on the spot.
fn since_epoch(time: Time) -> Duration {
    Duration::from_secs(u64::try_from(time.min(Time::MAX).micros() / 1_000_000).unwrap_or(0))
}

// === impl Scope ===

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Class(class) => class.fmt(f),
            Self::Server => f.write_str("server"),
        }
    }
}

// === impl Validity ===

impl Validity {
    /// From five minutes ago, since clocks differ, until `span` from now.
    pub fn starting(now: Time, span: Duration) -> Self {
        const LEEWAY: Duration = Duration::from_secs(5 * 60);
        Self { from: now.minus(LEEWAY), to: now.plus(span) }
    }
}
