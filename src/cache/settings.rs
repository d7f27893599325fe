//! Where the shared cache is, and how long it may take. Secrets are named by file and never held here.

use std::{fmt, path::PathBuf, time::Duration};

/// How Redis is reached.
#[derive(Clone)]
pub struct Settings {
    /// `redis://HOST:PORT/DB`, or `rediss://` for TLS. Without a password in it.
    pub url: String,
    /// The CA that vouches for Redis's certificate, PEM; unset: the machine's own anchors.
    pub ca: Option<PathBuf>,
    /// Our client certificate and its chain, PEM.
    pub certificate: Option<PathBuf>,
    /// The client certificate's key, PEM.
    pub key: Option<PathBuf>,
    /// The ACL user; unset: Redis's `default`.
    pub username: Option<String>,
    /// The file with its password.
    pub password: Option<PathBuf>,
    /// The file with the key of the seals: at least 32 random bytes, the same on every node.
    pub seal_key: PathBuf,
    /// Begins every key, so that several gateways can share one Redis. Take another after the database was restored
    /// from a backup: its revisions begin to count again, and mean other things.
    pub prefix: String,
    /// No command takes longer. 40 ms: longer than Redis ever needs, shorter than anybody notices.
    pub command_limit: Duration,
    /// Connecting, with TLS and password, takes no longer. 1 s.
    pub connect_limit: Duration,
    /// How soon a lost connection is tried again, give or take a fifth. 1 s.
    pub retry: Duration,
    /// A quiet connection is tried so often, so that a dead one is noticed. 1 s.
    pub heartbeat: Duration,
    /// Values are forgotten after so long, give or take a tenth. 1 h.
    pub ttl: Duration,
}

// === impl Settings ===

impl Settings {
    /// The defaults for that Redis and that file with the key of the seals.
    pub fn new(url: impl Into<String>, seal_key: impl Into<PathBuf>) -> Self {
        Self {
            url: url.into(),
            ca: None,
            certificate: None,
            key: None,
            username: None,
            password: None,
            seal_key: seal_key.into(),
            prefix: "greenlane".to_owned(),
            command_limit: Duration::from_millis(40),
            connect_limit: Duration::from_secs(1),
            retry: Duration::from_secs(1),
            heartbeat: Duration::from_secs(1),
            ttl: Duration::from_secs(60 * 60),
        }
    }

    /// The URL as it may be shown: what stands before an `@` may be a password.
    pub fn shown_url(&self) -> String {
        match (self.url.find("://"), self.url.rfind('@')) {
            (Some(scheme), Some(at)) if scheme < at => {
                format!("{}://***{}", &self.url[..scheme], &self.url[at..])
            }
            (None, Some(at)) => format!("***{}", &self.url[at..]),
            _ => self.url.clone(),
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("url", &self.shown_url())
            .field("ca", &self.ca)
            .field("certificate", &self.certificate)
            .field("key", &self.key)
            .field("username", &self.username)
            .field("password", &self.password)
            .field("seal_key", &self.seal_key)
            .field("prefix", &self.prefix)
            .field("command_limit", &self.command_limit)
            .field("connect_limit", &self.connect_limit)
            .field("retry", &self.retry)
            .field("heartbeat", &self.heartbeat)
            .field("ttl", &self.ttl)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_shown() {
        for url in
            ["redis://:hunter2@h:1/0", "redis://u:hunter2@h:1", "u:hunter2@h", "rediss://a:hunter2@b@h"]
        {
            let shown = format!("{:?}", Settings::new(url, "seal.key"));
            assert!(!shown.contains("hunter2"), "{shown}");
        }
        assert_eq!(Settings::new("redis://h:6379/1", "k").shown_url(), "redis://h:6379/1");
    }
}
