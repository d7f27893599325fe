//! PostgreSQL 15 and later, and engines that speak its protocol: many nodes on one record. One transaction is one unit
//! of work on a session of a pool; the keeper follows what others commit. This file opens the database and hands work
//! to the engine's own threads, so that a handle works from any runtime. No rule, no table.

mod connection;
mod keeper;
mod migrate;
mod pool;
pub mod probe;
mod safety;
mod statistics;
mod tx;
mod value;

use std::{net::IpAddr, sync::Arc, time::Duration};

use thiserror::Error;
use tokio::sync::Semaphore;
use tokio_postgres::{
    Config,
    config::{Host, SslMode, TargetSessionAttrs},
};
use tokio_postgres_rustls::MakeRustlsConnect;

pub use self::safety::Found;
use self::{
    connection::Connection,
    keeper::Keeper,
    pool::Pool,
    statistics::Statistics,
    tx::{Mode, PgTx},
};
use super::{Abort, Answer, BoxFuture, Engine, Follower, Store, StoreError, Work};
use crate::domain::time::Time;

/// How the database is reached.
#[derive(Clone)]
pub struct Options {
    /// Boxed: it is by far the largest part of a node's settings.
    config: Box<Config>,
    tls: Option<MakeRustlsConnect>,
    /// Sessions that work, at most; one more follows.
    pub connections: usize,
    /// Work that waits or is under way at most; more is refused at once.
    pub queue: usize,
    /// How long followers are left alone when nothing is heard.
    pub poll: Duration,
}

/// Why a database is not opened. Each says what to do.
#[derive(Clone, Debug, Error)]
pub enum OpenError {
    /// The URL cannot be read.
    #[error("{0}; write postgresql://user@host:5432/database, several hosts with commas between them")]
    Url(String),
    /// No host answers, or none takes writes, or the server refuses the session.
    #[error("no database that takes writes at {hosts}: {error}; is it up, and is this its address?")]
    Unreachable {
        /// Where it was looked for.
        hosts: String,
        /// What the last host said.
        error: String,
    },
    /// The server does not take the user, the password or the way they came.
    #[error(
        "{hosts} does not take this user: {error}; see the user of store.url, and the server's pg_hba.conf"
    )]
    Identity {
        /// Where it was looked for.
        hosts: String,
        /// What the server said.
        error: String,
    },
    /// Its certificate is not vouched for, or is another host's.
    #[error("{hosts} shows a certificate that nobody here trusts: {error}; name the CA that issued it")]
    Untrusted {
        /// Where it was looked for.
        hosts: String,
        /// What is wrong with it.
        error: String,
    },
    /// TLS where a session in clear was asked for.
    #[error("{hosts} lets nobody in without TLS ({error}); name the CA of its certificate")]
    Clear {
        /// Where it was looked for.
        hosts: String,
        /// What the server said.
        error: String,
    },
    /// Plain where TLS was asked for.
    #[error("{hosts} does not speak TLS; give it a certificate, or take the key away for a session in clear")]
    NotTls {
        /// Where it was looked for.
        hosts: String,
    },
    /// Older than what is tested.
    #[error("the server's version is {0}, and PostgreSQL 15 or later is needed")]
    TooOld(String),
    /// A setting that would lose acknowledged writes.
    #[error("the server's {setting} is {found}, which loses acknowledged writes; set it to {needed}")]
    Unsafe {
        /// Which setting.
        setting: &'static str,
        /// As it is.
        found: String,
        /// As it must be.
        needed: &'static str,
    },
    /// Tables of another program.
    #[error("the database has tables of another program; name an empty database")]
    Foreign,
    /// Made by a newer greenlane.
    #[error("the schema is at {found}, newer than this program's {ours}; run the newer program")]
    Newer {
        /// In the database.
        found: i64,
        /// In this program.
        ours: i64,
    },
    /// A migration that was applied is not the one in this program.
    #[error("migration {0} in the database is not the one in this program; run the program that made it")]
    Changed(i64),
    /// The server refused a statement that every start needs.
    #[error("the database refused the start: {0}")]
    Sql(String),
}

/// How often work is tried that another transaction, or the end of a session, keeps from being done.
const ATTEMPTS: u32 = 5;
/// Between two tries, times the number of the try.
const PAUSE: Duration = Duration::from_millis(20);
/// Threads of the engine: they move bytes, the database does the work.
const THREADS: usize = 2;

struct Postgres {
    core: Arc<Core>,
    keeper: Keeper,
    room: Arc<Semaphore>,
    runtime: Option<tokio::runtime::Runtime>,
}

/// What work needs.
struct Core {
    pool: Pool,
    statistics: Statistics,
}

/// Opens the database and brings its schema up to date, under a lock: as many nodes as like may start at once.
pub async fn open(options: Options, now: Time) -> Result<Store, OpenError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .thread_name("store-postgres")
        .enable_all()
        .build()
        .map_err(|error| OpenError::Sql(error.to_string()))?;
    let (starting, woken) = (options.clone(), Arc::default());
    let hears = Arc::clone(&woken);
    let migrated = runtime.spawn(async move {
        let session = Connection::open(&starting, hears).await?;
        migrate::run(&session.client, now).await?;
        Ok(session)
    });
    let session = match migrated.await {
        Ok(Ok(session)) => session,
        Ok(Err(error)) => return Err(stopped(runtime, error)),
        Err(_) => return Err(stopped(runtime, OpenError::Sql("the start panicked".to_owned()))),
    };
    let core = Arc::new(Core { pool: pool::build(options.clone()), statistics: Statistics::start() });
    let room = Arc::new(Semaphore::new(options.queue.max(1)));
    let keeper = Keeper::start(options, session, woken, runtime.handle());
    Ok(Store::new(Postgres { core, keeper, room, runtime: Some(runtime) }))
}

/// A runtime must not be dropped where others are run.
fn stopped(runtime: tokio::runtime::Runtime, error: OpenError) -> OpenError {
    runtime.shutdown_background();
    error
}

fn unavailable(why: &str) -> StoreError {
    StoreError::Unavailable(why.to_owned())
}

// === impl OpenError ===

impl OpenError {
    /// The key of the configuration that it is about.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Identity { .. } => "store.password_file",
            Self::Untrusted { .. } | Self::Clear { .. } | Self::NotTls { .. } => "store.ca_file",
            Self::Url(_)
            | Self::Unreachable { .. }
            | Self::TooOld(_)
            | Self::Unsafe { .. }
            | Self::Foreign
            | Self::Newer { .. }
            | Self::Changed(_)
            | Self::Sql(_) => "store.url",
        }
    }
}

// === impl Options ===

impl Options {
    /// Reads a URL. `tls` is how a server's certificate is judged; without it the session is in clear, which only a
    /// loopback address or a private network is good for.
    pub fn new(url: &str, password: Option<&str>, tls: Option<MakeRustlsConnect>) -> Result<Self, OpenError> {
        let mut config: Config = url.parse().map_err(|error: tokio_postgres::Error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            OpenError::Url(cause.unwrap_or_else(|| error.to_string()))
        })?;
        if config.get_hosts().is_empty() || config.get_dbname().is_none() {
            return Err(OpenError::Url("a host and a database are needed".to_owned()));
        }
        if config.get_user().is_none() {
            return Err(OpenError::Url("a user is needed".to_owned()));
        }
        if let Some(password) = password {
            config.password(password);
        }
        if tls.is_none() && config.get_ssl_mode() == SslMode::Require {
            return Err(OpenError::Url("sslmode=require needs store.ca_file, the CA's file".to_owned()));
        }
        config
            .ssl_mode(if tls.is_some() { SslMode::Require } else { SslMode::Disable })
            .target_session_attrs(TargetSessionAttrs::ReadWrite)
            .application_name("greenlane")
            .connect_timeout(Duration::from_secs(1))
            .tcp_user_timeout(Duration::from_secs(2))
            .keepalives_idle(Duration::from_secs(2))
            .keepalives_interval(Duration::from_secs(1))
            .keepalives_retries(3);
        Ok(Self {
            config: Box::new(config),
            tls,
            connections: 8,
            queue: 4096,
            poll: Duration::from_millis(100),
        })
    }

    /// Whether every host is this machine.
    pub fn is_local(&self) -> bool {
        self.config.get_hosts().iter().all(|host| match host {
            Host::Unix(_) => true,
            Host::Tcp(name) => {
                name == "localhost" || name.parse().is_ok_and(|address: IpAddr| address.is_loopback())
            }
        })
    }

    /// Where the database is looked for, without user or password.
    pub fn hosts(&self) -> String {
        connection::hosts(&self.config)
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("hosts", &self.hosts()).field("tls", &self.tls.is_some()).finish()
    }
}

// === impl Core ===

impl Core {
    async fn run(&self, work: &Work, mode: Mode) -> Result<(Answer, bool), StoreError> {
        let mut attempt = 1;
        loop {
            let failure = match self.attempt(work, mode).await {
                (Err(Abort::Store(StoreError::Retry)), _) if attempt == ATTEMPTS => {
                    return Err(unavailable("other transactions or lost sessions were in the way"));
                }
                (Err(Abort::Store(StoreError::Retry)), _) => attempt,
                done => return Ok(done),
            };
            tokio::time::sleep(PAUSE * failure).await;
            attempt += 1;
        }
    }

    /// One try, and whether it changed something that followers follow.
    async fn attempt(&self, work: &Work, mode: Mode) -> (Answer, bool) {
        let session = match self.pool.get().await {
            Ok(session) => session,
            Err(error) => return (Err(Abort::Store(pool::refused(error))), false),
        };
        let mut tx = PgTx::begin(Arc::clone(&session), mode);
        let answer = work(&mut tx).await;
        if answer.is_err() {
            tx.roll_back().await;
            return (answer, false);
        }
        let changed = tx.changed;
        match tx.commit().await {
            Ok(rows) => {
                self.statistics.count(rows, &self.pool);
                (answer, changed)
            }
            Err(failure) => (Err(Abort::Store(failure)), false),
        }
    }
}

// === impl Postgres ===

impl Postgres {
    fn spawn(&self, work: Work, mode: Mode) -> BoxFuture<'static, Answer> {
        let Ok(room) = self.room.clone().try_acquire_owned() else {
            return Box::pin(std::future::ready(Err(Abort::Store(unavailable("too much work waits")))));
        };
        let (core, keeper) = (self.core.clone(), self.keeper.clone());
        let runtime = self.runtime.as_ref().expect("taken by drop alone");
        let done = runtime.spawn(async move {
            let _room = room;
            let (answer, changed) = core.run(&work, mode).await.map_err(Abort::Store)?;
            if changed || (mode == Mode::Write && keeper.is_behind()) {
                let _ = keeper.run(keeper::Cause::Commit).await; // who fails is told; the write is done
            }
            answer
        });
        Box::pin(
            async move { done.await.unwrap_or_else(|_| Err(Abort::Store(unavailable("work panicked")))) },
        )
    }
}

impl Engine for Postgres {
    fn write(&self, work: Work) -> BoxFuture<'static, Answer> {
        self.spawn(work, Mode::Write)
    }

    fn read(&self, work: Work) -> BoxFuture<'static, Answer> {
        self.spawn(work, Mode::Read)
    }

    fn follow(&self, follower: Arc<dyn Follower>) {
        self.keeper.follow(follower);
    }

    fn refresh(&self) -> BoxFuture<'static, Result<(), StoreError>> {
        let keeper = self.keeper.clone();
        Box::pin(async move { keeper.run(keeper::Cause::Asked).await })
    }

    fn wake(&self) {
        self.keeper.wake();
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
