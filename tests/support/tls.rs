//! A certificate for a server on loopback, made on the spot.

use std::time::Duration;

use greenlane::{
    domain::time::Clock,
    host::SystemClock,
    pki::{Authority, Scope, Validity},
};

/// What a server shows, and the anchor to trust it by.
#[derive(Clone)]
pub struct Certificate {
    pub anchor: String,
    pub cert: String,
    pub key: String,
}

// === impl Certificate ===

impl Certificate {
    /// For `localhost` and 127.0.0.1, by a CA of its own.
    pub fn make() -> Self {
        let now = SystemClock::start().now();
        let authority = Authority::new(Scope::Server, "servers.test", now).expect("a CA");
        let validity = Validity::starting(now, Duration::from_secs(24 * 3600));
        let names = (&["localhost"], &["127.0.0.1".parse().expect("an address")]);
        let issued = authority.issue_server(names.0, names.1, validity).expect("a certificate");
        Self { anchor: authority.pem().to_owned(), cert: issued.cert_pem, key: issued.key_pem }
    }
}
