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

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn a_ca_read_back_is_the_same_ca() {
        let now = Time::of_date(2026, 1, 1);
        let made = Authority::new(Scope::Class(Class::Mvno), "gw.test", now).expect("CA");
        let read = |pem: &str, key: &str| Authority::from_pem(Scope::Class(Class::Mvno), "gw.test", pem, key);
        let back = read(made.pem(), &made.key_pem()).expect("the same CA");
        assert_eq!(back.pem(), made.pem());
        let other = Authority::new(Scope::Class(Class::Mvno), "gw.test", now).expect("CA");
        assert!(matches!(read(made.pem(), &other.key_pem()), Err(PkiError::NotACa)));
        let identity = Identity { class: Class::Mvno, id: "m01".to_owned(), person: None };
        let issued = back.issue(&identity, Validity::starting(now, Duration::from_secs(60))).expect("leaf");
        assert_eq!(issued.serial.len(), 32);
        back.crl(&[&issued.serial], now, now.plus(Duration::from_secs(60)), 1).expect("list");
        assert!(matches!(back.crl(&["xy"], now, now, 1), Err(PkiError::Serial)));
        assert!(matches!(read(&issued.cert_pem, &issued.key_pem), Err(PkiError::NotACa | PkiError::Make(_))));
    }

    #[test]
    fn a_ca_stays_within_its_scope() {
        let now = Time::of_date(2026, 1, 1);
        let validity = Validity::starting(now, Duration::from_secs(60));
        let mvno = Authority::new(Scope::Class(Class::Mvno), "gw.test", now).expect("CA");
        let officer =
            Identity { class: Class::Regulator, id: "miit".to_owned(), person: Some("a".to_owned()) };
        assert!(matches!(mvno.issue(&officer, validity), Err(PkiError::WrongScope(_))));
        assert!(matches!(mvno.issue_server(&["localhost"], &[], validity), Err(PkiError::WrongScope(_))));
        assert!(matches!(mvno.issue_outgoing("gateway", validity), Err(PkiError::WrongScope(_))));
        let upper = Identity { class: Class::Mvno, id: "M01".to_owned(), person: None };
        assert!(matches!(mvno.issue(&upper, validity), Err(PkiError::Identity(_))));
    }
}
