//! One session with the database: made safe before anybody gets it, with its statements, and with an ear for what the
//! server says beside its answers.

use std::{
    collections::HashMap,
    future::poll_fn,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::Notify,
};
use tokio_postgres::{
    AsyncMessage, Client, Config, NoTls, Socket, Statement,
    error::{Severity, SqlState},
};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{OpenError, Options, safety};

/// The channel on which commits that changed something are told.
pub(super) const CHANNEL: &str = "greenlane_change";

/// A session.
pub(super) struct Connection {
    pub(super) client: Client,
    /// What was prepared: the house has a few dozen statements.
    statements: Mutex<HashMap<&'static str, Statement>>,
    /// How many warnings the server sent.
    warnings: Arc<AtomicU64>,
    /// Whether a transaction may be open on it: then nobody else gets it.
    open: AtomicBool,
}

// === impl Connection ===

impl Connection {
    /// Connects to the first host that takes writes, makes the session safe, and refuses one that is not.
    pub(super) async fn open(options: &Options, told: Arc<Notify>) -> Result<Self, OpenError> {
        let warnings = Arc::new(AtomicU64::new(0));
        let client = connect(&options.config, options.tls.as_ref(), warnings.clone(), told).await?;
        safety::settle(&client).await?;
        Ok(Self { client, statements: Mutex::default(), warnings, open: AtomicBool::new(false) })
    }

    /// The statement, prepared once.
    pub(super) async fn statement(&self, sql: &'static str) -> Result<Statement, tokio_postgres::Error> {
        let known = self.statements.lock().expect("nobody panics holding it").get(sql).cloned();
        if let Some(statement) = known {
            return Ok(statement);
        }
        let statement = self.client.prepare(&numbered(sql)).await?;
        self.statements.lock().expect("nobody panics holding it").insert(sql, statement.clone());
        Ok(statement)
    }

    pub(super) fn warnings(&self) -> u64 {
        self.warnings.load(Ordering::Acquire)
    }

    /// Marks that a transaction may be open, or that none is.
    pub(super) fn set_open(&self, open: bool) {
        self.open.store(open, Ordering::Release);
    }

    /// Whether the next one may have it.
    pub(super) fn is_usable(&self) -> bool {
        !self.client.is_closed() && !self.open.load(Ordering::Acquire)
    }
}

/// Our parameters ?1 to ?n in PostgreSQL's words. No text of the house has a question mark of its own.
fn numbered(sql: &str) -> String {
    sql.replace('?', "$")
}

/// A session as the server gives it, not made safe yet.
pub(super) async fn connect(
    config: &Config,
    tls: Option<&MakeRustlsConnect>,
    warnings: Arc<AtomicU64>,
    told: Arc<Notify>,
) -> Result<Client, OpenError> {
    match tls {
        None => {
            let (client, driver) = config.connect(NoTls).await.map_err(|error| unopened(config, &error))?;
            tokio::spawn(drive(driver, warnings, told));
            Ok(client)
        }
        Some(tls) => {
            let (client, driver) =
                config.connect(tls.clone()).await.map_err(|error| unopened(config, &error))?;
            tokio::spawn(drive(driver, warnings, told));
            Ok(client)
        }
    }
}

/// Why no session came about, told apart by what is to be done.
fn unopened(config: &Config, error: &tokio_postgres::Error) -> OpenError {
    const IDENTITY: [SqlState; 2] =
        [SqlState::INVALID_PASSWORD, SqlState::INVALID_AUTHORIZATION_SPECIFICATION];
    let (hosts, text) = (hosts(config), told(error));
    // Before the user is looked at: the server's list of who may come has nobody of this way.
    if text.contains("no pg_hba.conf entry") && text.contains("no encryption") {
        return OpenError::Clear { hosts, error: text };
    }
    if error.code().is_some_and(|code| IDENTITY.contains(code)) || text.contains("password missing") {
        return OpenError::Identity { hosts, error: text };
    }
    // The TLS library says more in its text than in its types, once the driver has had it.
    if text.contains("does not support TLS") {
        return OpenError::NotTls { hosts };
    }
    match text.split_once("invalid peer certificate: ") {
        Some((_, why)) => OpenError::Untrusted { hosts, error: why.to_owned() },
        None => OpenError::Unreachable { hosts, error: text },
    }
}

/// Where the database is looked for, without user or password.
pub(super) fn hosts(config: &Config) -> String {
    let ports = config.get_ports();
    let port = |at: usize| ports.get(at).or(ports.first()).copied().unwrap_or(5432);
    let host = |host: &tokio_postgres::config::Host| match host {
        tokio_postgres::config::Host::Tcp(name) => name.clone(),
        tokio_postgres::config::Host::Unix(path) => path.display().to_string(),
    };
    let named =
        config.get_hosts().iter().enumerate().map(|(at, name)| format!("{}:{}", host(name), port(at)));
    named.collect::<Vec<_>>().join(",")
}

/// An error of the driver with its cause, in one line.
pub(super) fn told(error: &tokio_postgres::Error) -> String {
    match (error.as_db_error(), std::error::Error::source(error)) {
        (Some(answer), _) => format!("{} ({})", answer.message(), answer.code().code()),
        (None, Some(cause)) => format!("{error}: {cause}"),
        (None, None) => error.to_string(),
    }
}

/// Moves bytes until the session ends. Hears warnings before the answer that they came with is handed out.
async fn drive<T>(
    mut driver: tokio_postgres::Connection<Socket, T>,
    warnings: Arc<AtomicU64>,
    told_change: Arc<Notify>,
) where
    T: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        match poll_fn(|context| driver.poll_message(context)).await {
            Some(Ok(AsyncMessage::Notification(_))) => told_change.notify_one(),
            Some(Ok(AsyncMessage::Notice(notice))) => {
                if notice.parsed_severity() == Some(Severity::Warning) {
                    tracing::warn!(message = notice.message(), "the database warns");
                    warnings.fetch_add(1, Ordering::AcqRel);
                }
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                tracing::warn!(error = %told(&error), "a connection to the database ended");
                return;
            }
            None => return,
        }
    }
}
