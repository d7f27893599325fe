//! The composition root: builds every room from settings, joins them, and takes them down in order. The only file
//! that knows all of them.

pub mod metrics;
mod ops;
mod rounds;

use std::{
    io,
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use aws_lc_rs::hmac;
use thiserror::Error;
use tokio::runtime::Handle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tonic_health::server::HealthReporter;

use crate::{
    authority::{
        Authority,
        answers::{Answers, CacheShelf, Holds, MemoryShelf, Shelf as Decisions},
        desk::Nobody,
        remote::{self, Remote},
    },
    cache::{self, Cache, NoCache, RedisCache},
    domain::{rules::RuleBook, time::Clock},
    layer::{Gate, access, audit, deadline, limit, observe},
    net::{
        self, Limits, Server,
        tls::{ConfigError, Current, LoadError, Material, Paths},
    },
    rpc::routes::{self, Routes},
    service::{
        Gateway,
        board::{self, Board},
        command::{settler::Settler, signal::Signals},
        evidence::Evidence,
        feed::Feed,
        page::Pages,
        persons::Persons,
        receipt::Signer,
        shelf::Shelf,
    },
    store::{Store, StoreError, postgres, sqlite},
    vault::{self, Vault, VaultError},
};

/// Everything that a node is made of.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where partners connect.
    pub listen: SocketAddr,
    /// Where the operator's probes connect, in plain HTTP.
    pub ops: SocketAddr,
    /// The system of record.
    pub database: Database,
    /// The cache that nodes share, where there is one.
    pub cache: Option<cache::Settings>,
    /// Certificates, anchors and revocation lists.
    pub tls: Paths,
    /// The Ed25519 key that signs receipts, PKCS#8 DER.
    pub receipt_key: PathBuf,
    /// The keys by which names and numbers are kept; `None`: none are.
    pub vault: Option<vault::Files>,
    /// The identity authority; `None`: whatever is asked is NOT_AVAILABLE.
    pub authority: Option<remote::Settings>,
    /// Limits of connections.
    pub limits: Limits,
    /// How much each organisation may ask.
    pub quota: limit::Settings,
    /// Threads that serve; 0 for one per core.
    pub workers: usize,
    /// The time of a call that names none.
    pub default_deadline: Duration,
    /// No unary call gets more.
    pub longest_deadline: Duration,
    /// How long calls under way may take when the node stops.
    pub drain: Duration,
}

/// Which engine keeps the record, and how it is reached.
#[derive(Clone, Debug)]
pub enum Database {
    /// One file, one node.
    Sqlite(PathBuf, sqlite::Options),
    /// As many nodes as like.
    Postgres(postgres::Options),
}

/// Why a node does not start. Each says what to do.
#[derive(Debug, Error)]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {error}; is another process there?")]
    Listen {
        /// Which address.
        address: SocketAddr,
        /// Why.
        error: io::Error,
    },
    /// The file cannot be opened.
    #[error("store.url: {0}")]
    File(#[from] sqlite::OpenError),
    /// The database cannot be used.
    #[error("{key}: {0}", key = .0.key())]
    Database(#[from] postgres::OpenError),
    /// The cache is set up wrongly. One that is merely out of reach keeps no node from starting.
    #[error(transparent)]
    Cache(#[from] cache::redis::Fault),
    /// The database cannot be read.
    #[error("the database cannot be read: {0}")]
    Store(#[from] StoreError),
    /// A file of the TLS material cannot be used.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The TLS material makes no configuration.
    #[error(transparent)]
    Tls(#[from] ConfigError),
    /// The signing key cannot be used.
    #[error("{0}: not an Ed25519 key in PKCS#8 DER; make one with `greenlane cert receipt-key`")]
    ReceiptKey(PathBuf),
    /// A key by which names and numbers are kept cannot be used.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The identity authority is set up wrongly. One that is merely out of reach keeps no node from starting.
    #[error("authority: {0}")]
    Authority(#[from] remote::SettingsError),
    /// The threads cannot be started.
    #[error("cannot start threads: {0}")]
    Threads(io::Error),
}

/// A running node.
pub struct App {
    /// The use cases, for whoever seeds or inspects a node from inside.
    pub gateway: Arc<Gateway>,
    server: Arc<Server>,
    ops: SocketAddr,
    ready: Arc<Ready>,
    reporter: HealthReporter,
    limit: limit::Shared,
    stop: CancellationToken,
    tasks: TaskTracker,
    settings: Settings,
}

/// Whether the node answers, and if not, why.
pub struct Ready {
    gateway: Arc<Gateway>,
    draining: AtomicBool,
}

// === impl StartError ===

impl StartError {
    /// Whether somebody has to change the configuration, or what it names; otherwise a second try may do.
    pub fn is_mistake(&self) -> bool {
        match self {
            Self::Database(_)
            | Self::Cache(_)
            | Self::Load(_)
            | Self::Tls(_)
            | Self::ReceiptKey(_)
            | Self::Vault(_)
            | Self::Authority(_) => true,
            Self::File(error) => !matches!(error, sqlite::OpenError::InUse(_)),
            Self::Listen { .. } | Self::Store(_) | Self::Threads(_) => false,
        }
    }
}

// === impl App ===

impl App {
    /// Builds and starts a node. It answers from the moment this returns.
    pub async fn start(settings: Settings, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        let store = match &settings.database {
            Database::Sqlite(path, options) => sqlite::open(path, *options, clock.now())?,
            Database::Postgres(options) => postgres::open(options.clone(), clock.now()).await?,
        };
        Self::on(store, settings, clock).await
    }

    /// The same on a store that is open already.
    pub async fn on(store: Store, settings: Settings, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        let metrics = metrics::install();
        let cache = cache(&settings, &clock).await?;
        let persons = persons(&settings, &cache, &clock)?;
        let (gateway, feed) = gateway(store, cache, persons, &settings, clock.clone())?;
        gateway.store.refresh().await?;
        let (services, reporter) = Routes::new(gateway.clone(), feed);
        let gate = gate(&gateway, &settings);
        let services = gate.guard(services);
        let material = Material::load(&settings.tls)?;
        let current = Arc::new(ArcSwap::from_pointee(Current::new(&material, clock.clone())?));
        let listener = listen(settings.listen)?;
        let probes = listen(settings.ops)?;
        let workers = match settings.workers {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            workers => workers,
        };
        let limits = settings.limits.clone();
        let server = Server::start(listener, limits, current, clock, workers, services)
            .map_err(StartError::Threads)?;
        let app = Self {
            ready: Arc::new(Ready { gateway: gateway.clone(), draining: AtomicBool::new(false) }),
            ops: probes.local_addr().map_err(StartError::Threads)?,
            server: Arc::new(server),
            gateway,
            reporter,
            limit: gate.limit,
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            settings,
        };
        routes::report(&app.reporter, true).await;
        app.spawn(rounds::upkeep(metrics.clone()));
        app.spawn(ops::serve(probes, metrics, app.ready.clone()));
        app.spawn(rounds::hints(app.gateway.clone()));
        app.spawn(rounds::limits(app.limit.clone(), app.gateway.store.clone()));
        app.spawn(rounds::evidence(app.gateway.clone()));
        app.spawn(rounds::turns(app.gateway.clone()));
        app.spawn(rounds::prune(app.gateway.clone()));
        app.spawn(rounds::plans(app.gateway.clone()));
        app.spawn(rounds::ladders(app.gateway.clone()));
        app.spawn(rounds::appeals(app.gateway.clone()));
        app.spawn(rounds::overdue(app.gateway.clone()));
        app.spawn(rounds::erasure(app.gateway.clone()));
        app.spawn(rounds::orders(app.gateway.clone()));
        app.spawn(rounds::rewrap(app.gateway.clone()));
        app.spawn(rounds::health(app.ready.clone(), app.reporter.clone()));
        app.spawn(rounds::material(app.server.clone(), app.settings.tls.clone()));
        Ok(app)
    }

    fn spawn(&self, round: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = round => {}
            }
        });
    }

    /// Where partners connect.
    pub fn address(&self) -> SocketAddr {
        self.server.local_addr()
    }

    /// Where probes connect.
    pub fn ops_address(&self) -> SocketAddr {
        self.ops
    }

    /// The server of partners' connections.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Reads certificates, anchors and revocation lists again. Connections that they would not let in are ended.
    pub fn reload(&self) -> Result<usize, String> {
        rounds::reload(&self.server, &self.settings.tls)
    }

    /// Stops: not ready any more, no new connections, calls under way finished or cut, counts written.
    pub async fn stop(self) {
        self.ready.draining.store(true, Ordering::Release);
        routes::report(&self.reporter, false).await;
        self.gateway.closing.cancel();
        self.server.drain(self.settings.drain).await;
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        if let Err(refusal) = self.gateway.evidence.flush(&self.gateway.store).await {
            tracing::error!(%refusal, "the last counts of checks were not written");
        }
        if let Err(refusal) = self.limit.flush(&self.gateway.store).await {
            tracing::error!(%refusal, "the last counts of calls over their limits were not entered");
        }
    }
}

// === impl Ready ===

impl Ready {
    /// What is wrong without keeping the node from answering, in one line.
    pub fn degraded(&self) -> Option<String> {
        match self.gateway.cache.state() {
            cache::State::Absent | cache::State::Connected => None,
            cache::State::OutOfReach { since, why } => {
                Some(format!("the cache is out of reach since {since}: {why}"))
            }
        }
    }

    /// `Ok`, or why not.
    pub fn check(&self) -> Result<(), String> {
        if self.draining.load(Ordering::Acquire) {
            return Err("draining".to_owned());
        }
        self.gateway.board.fresh().map_err(|_| match self.gateway.board.seen_time() {
            Some(seen) => format!("the record is out of reach, or the feed behind it; last seen at {seen}"),
            None => "the record has not been seen yet".to_owned(),
        })?;
        self.gateway.evidence.ready().map_err(|_| "counts of checks cannot be written".to_owned())
    }

    /// The same for who reads the metrics, the revision that is answered from, and the streams that nobody reads.
    fn measure(&self) {
        let flag = |so: bool| if so { 1.0 } else { 0.0 };
        ::metrics::gauge!("greenlane_ready").set(flag(self.check().is_ok()));
        ::metrics::gauge!("greenlane_degraded").set(flag(self.degraded().is_some()));
        ::metrics::gauge!("greenlane_revision").set(self.gateway.board.last_known().revision as f64);
        let stalled = *self.gateway.signals.stalled().borrow();
        ::metrics::gauge!("greenlane_command_streams_stalled").set(stalled as f64);
    }
}

fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    net::listen(address).map_err(|error| StartError::Listen { address, error })
}

/// The cache, tried once: a mistake is told now, and what may pass by itself is waited for while the node answers.
async fn cache(settings: &Settings, clock: &Arc<dyn Clock>) -> Result<Arc<dyn Cache>, StartError> {
    let Some(settings) = &settings.cache else { return Ok(Arc::new(NoCache::new())) };
    match cache::redis::check(settings, clock.as_ref()).await {
        Err(fault) if fault.is_mistake() => return Err(fault.into()),
        Err(fault) => tracing::warn!(%fault, "starting without the cache"),
        Ok(_) => {}
    }
    let cache = RedisCache::open(settings, Handle::current(), clock.clone())?;
    cache.tried().await;
    Ok(Arc::new(cache))
}

/// The vault and the authority. Decisions are kept where all nodes find them, where there is such a place.
fn persons(
    settings: &Settings,
    cache: &Arc<dyn Cache>,
    clock: &Arc<dyn Clock>,
) -> Result<Option<Arc<Persons>>, StartError> {
    let Some(files) = &settings.vault else { return Ok(None) };
    let vault = Arc::new(Vault::open(files)?);
    let authority: Arc<dyn Authority> = match &settings.authority {
        None => Arc::new(Nobody),
        Some(settings) => {
            let remote = Arc::new(Remote::new(settings, clock.clone())?);
            let shelf: Arc<dyn Decisions> = match cache.state() {
                cache::State::Absent => Arc::new(MemoryShelf::new()),
                cache::State::Connected | cache::State::OutOfReach { .. } => {
                    Arc::new(CacheShelf::new(cache.clone()))
                }
            };
            Arc::new(Answers::new(remote, shelf, vault.index().clone(), Holds::default(), clock.clone()))
        }
    };
    Ok(Some(Arc::new(Persons::new(vault, authority, cache.clone(), clock.clone()))))
}

/// The use cases and their feed, on that store.
fn gateway(
    store: Store,
    cache: Arc<dyn Cache>,
    persons: Option<Arc<Persons>>,
    settings: &Settings,
    clock: Arc<dyn Clock>,
) -> Result<(Arc<Gateway>, Arc<Feed>), StartError> {
    let key = || StartError::ReceiptKey(settings.receipt_key.clone());
    let document = std::fs::read(&settings.receipt_key).map_err(|_| key())?;
    let signer = Signer::from_pkcs8(&document).ok_or_else(key)?;
    // Tokens must hold across restarts and nodes, so their key comes from the one that is kept.
    let pages = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &document), b"greenlane page tokens v1");
    let rules = Arc::new(RuleBook::shipped());
    // One process has the file for itself; a database may be written by other nodes.
    let (bound, shelf) = match settings.database {
        Database::Sqlite(..) => (None, Shelf::new(Arc::new(NoCache::new()))),
        Database::Postgres(_) => (Some(board::HOLDS), Shelf::new(cache.clone())),
    };
    let board = Arc::new(Board::new(bound, clock.clone()));
    let feed = Arc::new(Feed::new(board.clone(), rules.clone(), clock.clone(), shelf));
    store.follow(feed.clone());
    let signals = Arc::new(Signals::default());
    store.follow(signals.clone());
    let gateway = Gateway {
        evidence: Arc::new(Evidence::new(clock.clone())),
        store,
        clock,
        rules,
        board,
        cache,
        signer: Arc::new(signer),
        closing: CancellationToken::new(),
        pages: Pages::new(pages.as_ref()),
        signals,
        settler: Settler::default(),
        persons,
    };
    Ok((Arc::new(gateway), feed))
}

fn gate(gateway: &Arc<Gateway>, settings: &Settings) -> Gate {
    let clock = gateway.clock.clone();
    let board = gateway.board.clone();
    let cache = gateway.cache.clone();
    let share: Option<limit::Share> = (cache.state() != cache::State::Absent).then(|| -> limit::Share {
        Arc::new(move |organisation, asked, rate| cache.spend(&format!("calls/{organisation}"), asked, rate))
    });
    Gate {
        observe: observe::Shared::new(clock.clone()),
        limit: limit::Shared::new(settings.quota, clock.clone(), share),
        audit: audit::Shared { store: gateway.store.clone(), clock: clock.clone() },
        access: access::Shared {
            clock: clock.clone(),
            suspended: Arc::new(move |organisation| board.is_suspended(organisation)),
        },
        deadline: deadline::Shared {
            clock,
            default: settings.default_deadline,
            longest: settings.longest_deadline,
        },
    }
}
