//! What is wrong with Redis, in one line for the operator that names the key of the configuration and what to do.
//! Never the server's or the driver's own text: it may hold anything.

use std::{io, path::PathBuf};

use redis::{ErrorKind, RedisError, ServerErrorKind};
use thiserror::Error;

/// Why Redis cannot be used.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum Fault {
    /// The URL is none.
    #[error("cache.url: {0} is not redis://HOST:PORT/DB, or rediss:// for TLS")]
    Url(String),
    /// The URL has a user or a password in it.
    #[error("cache.url: no user and no password may stand in it; use cache.username and cache.password_file")]
    SecretInUrl,
    /// A file of the settings cannot be used.
    #[error("{key}: {}: {what}", path.display())]
    File {
        /// The key of the configuration.
        key: &'static str,
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// Settings that do not go together.
    #[error("{0}")]
    Settings(&'static str),
    /// No password was sent.
    #[error("cache.password_file: Redis needs a password; name the file that has it")]
    PasswordMissing,
    /// The password, or the user, is wrong.
    #[error("cache.password_file: Redis does not take this user and password; see cache.username too")]
    PasswordWrong,
    /// An older server, or one that stands in for Redis.
    #[error("cache.url: this Redis speaks RESP2 only; Redis 6.2 or later is needed")]
    OldProtocol,
    /// Its certificate is not vouched for.
    #[error("cache.ca_file: Redis shows a certificate that nobody here trusts; name the CA that issued it")]
    Untrusted,
    /// Its certificate is for another name, or not in force.
    #[error(
        "cache.url: Redis shows a certificate that is not in force for this host; issue one for its name"
    )]
    CertificateUnfit,
    /// It wants a client certificate, or another one.
    #[error("cache.certificate_file: Redis does not take our client certificate, or misses one")]
    ClientCertificate,
    /// Plain where TLS was asked for.
    #[error("cache.url: what answers there does not speak TLS; use redis://, or another port")]
    NotTls,
    /// Something else answers, perhaps TLS where plain was asked for.
    #[error("cache.url: what answers there is not Redis, or wants TLS; check the port, or use rediss://")]
    NotRedis,
    /// The user may not do what we need.
    #[error("cache.username: this user may not use {0}; grant it, see README.md")]
    Forbidden(&'static str),
    /// A replica.
    #[error("cache.url: this Redis is a read-only replica; name the primary")]
    ReadOnly,
    /// Nobody answers; this may pass by itself.
    #[error("cache.url: Redis is out of reach: {0}")]
    OutOfReach(String),
}

// === impl Fault ===

impl Fault {
    /// Whether somebody has to change the configuration; otherwise it may pass by itself.
    pub fn is_mistake(&self) -> bool {
        !matches!(self, Self::OutOfReach(_) | Self::ReadOnly)
    }

    pub(super) fn file(key: &'static str, path: &std::path::Path, what: impl ToString) -> Self {
        Self::File { key, path: path.to_owned(), what: what.to_string() }
    }

    /// Why a connection was not made, or a command not done; `what` names the command.
    pub(super) fn of(error: &RedisError, what: &'static str) -> Self {
        match error.kind() {
            ErrorKind::RESP3NotSupported => return Self::OldProtocol,
            ErrorKind::AuthenticationFailed => return Self::PasswordWrong,
            ErrorKind::Parse => return Self::NotRedis,
            ErrorKind::Server(ServerErrorKind::NoPerm) => return Self::Forbidden(what),
            ErrorKind::Server(ServerErrorKind::ReadOnly) => return Self::ReadOnly,
            ErrorKind::Server(ServerErrorKind::BusyLoading) => {
                return Self::OutOfReach("it is loading its data".to_owned());
            }
            _ => {}
        }
        let code = error.code().unwrap_or_default();
        let text = error.to_string();
        match code {
            "NOAUTH" => return Self::PasswordMissing,
            "WRONGPASS" => return Self::PasswordWrong,
            "NOPROTO" => return Self::OldProtocol,
            "ERR" if text.contains("unknown command") && text.contains("HELLO") => return Self::OldProtocol,
            _ => {}
        }
        if let Some(fault) = Self::of_tls(&text) {
            return fault;
        }
        Self::OutOfReach(words(error))
    }

    /// The TLS library says more in its text than in its types, once the driver has had it.
    fn of_tls(text: &str) -> Option<Self> {
        if text.contains("invalid peer certificate") {
            let unfit = ["NotValidForName", "not valid for name", "Expired", "expired", "NotValidYet"];
            return Some(match unfit.iter().any(|word| text.contains(word)) {
                true => Self::CertificateUnfit,
                false => Self::Untrusted,
            });
        }
        if text.contains("CertificateRequired") || text.contains("received fatal alert") {
            return Some(Self::ClientCertificate);
        }
        text.contains("corrupt message").then_some(Self::NotTls)
    }
}

/// A failure in our own words.
fn words(error: &RedisError) -> String {
    if error.is_connection_refusal() {
        return "nobody listens there".to_owned();
    }
    if error.is_timeout() {
        return "it does not answer in time".to_owned();
    }
    if error.is_connection_dropped() {
        return "it ended the connection".to_owned();
    }
    match error.code() {
        // A code of Redis is one word in capitals.
        Some(code) if code.len() < 24 && code.bytes().all(|b| b.is_ascii_uppercase()) => {
            format!("it says {code}")
        }
        _ => match std::error::Error::source(error).and_then(|source| source.downcast_ref::<io::Error>()) {
            Some(fault) => format!("{}", fault.kind()),
            None => error.category().to_owned(),
        },
    }
}
