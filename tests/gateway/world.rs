//! A gateway on a folder of its own, and short words for its use cases.

#[path = "world/facts.rs"]
mod facts;
#[path = "world/record.rs"]
mod record;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use greenlane::{
    authority::{self, Authority, Question as Asked},
    cache::{Cache, none::NoCache},
    domain::{
        caller::Caller,
        identity::outcome::AuthorityMatch,
        name::ParticipantName,
        rules::RuleBook,
        time::{Clock, Time},
    },
    service::{
        Gateway,
        board::Board,
        command::{settler::Settler, signal::Signals},
        context::Context,
        evidence::Evidence,
        feed::Feed,
        page::Pages,
        persons::Persons,
        receipt::Signer,
        shelf::Shelf,
    },
    store::{Abort, BoxFuture, Store, Tx, postgres, sqlite},
    vault::{
        Files, Vault,
        keyfile::{KeyLine, Purpose},
    },
};

use tokio_util::sync::CancellationToken;

pub use self::facts::{assessment, finding, licence, outlets, question, sample};
use crate::{clock::TestClock, support::postgres::Cluster};

/// A gateway and what it stands on.
#[derive(Clone)]
pub struct World {
    pub gateway: Arc<Gateway>,
    pub feed: Arc<Feed>,
    pub clock: Arc<TestClock>,
    pub authority: Arc<Said>,
    path: PathBuf,
    /// The database, where it is one of PostgreSQL.
    url: Option<String>,
    _folder: Arc<tempfile::TempDir>,
}

/// An authority that says what the test told it to, and counts how often.
pub struct Said {
    answer: Mutex<AuthorityMatch>,
    asked: AtomicUsize,
}

/// When every world begins.
pub fn start() -> Time {
    Time::of_date(2026, 3, 1)
}

pub fn name(text: &str) -> ParticipantName {
    ParticipantName::parse(text).expect("a name")
}

pub fn caller(path: &str) -> Caller {
    Caller::parse("test", &format!("spiffe://test/{path}")).expect("an identity")
}

pub fn officer() -> Caller {
    caller("regulator/miit/officer-1")
}

pub fn carrier() -> Caller {
    caller("carrier/unicom")
}

/// A call of a regulator's officer, each another payload.
pub fn context() -> Context {
    context_of(officer())
}

pub fn context_of(caller: Caller) -> Context {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    Context {
        caller,
        certificate_sha256: "c".repeat(64),
        method: "/test/Act",
        request_sha256: format!("{:064}", NEXT.fetch_add(1, Ordering::Relaxed)),
        request_id: None,
        validate_only: false,
        reason: "as ordered".to_owned(),
        faults: Vec::new(),
        until: None,
    }
}

/// Gives a closure the shape that the store wants.
pub fn working<T, W>(work: W) -> W
where
    W: for<'t> Fn(&'t mut dyn Tx) -> BoxFuture<'t, Result<T, Abort>> + Send + Sync,
{
    work
}

/// The files of a vault in that folder, the same ones again where they are there.
fn keys(folder: &Path) -> Files {
    let key = |name, purpose| {
        let path = folder.join(name);
        if !path.exists() {
            fs::write(&path, format!("{}\n", *KeyLine::fresh(purpose).line())).expect("written");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("its owner's");
        }
        path
    };
    Files { kek: key("kek.key", Purpose::Kek), index: key("index.key", Purpose::Index) }
}

// === impl Said ===

impl Said {
    /// From now on it says that.
    pub fn says(&self, answer: AuthorityMatch) {
        *self.answer.lock().expect("short") = answer;
    }

    /// How often it was asked.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Authority for Said {
    fn ask(&self, _: Asked) -> authority::BoxFuture<AuthorityMatch> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let answer = *self.answer.lock().expect("short");
        Box::pin(std::future::ready(answer))
    }
}

// === impl World ===

impl World {
    /// Nobody takes part yet.
    pub async fn empty() -> Self {
        Self::with(sqlite::Options::default()).await
    }

    pub async fn with(options: sqlite::Options) -> Self {
        let folder = Arc::new(tempfile::tempdir().expect("a folder"));
        let path = folder.path().join("test.db");
        Self::on(path, folder, Arc::new(TestClock::at(start())), options).await
    }

    async fn on(
        path: PathBuf,
        folder: Arc<tempfile::TempDir>,
        clock: Arc<TestClock>,
        options: sqlite::Options,
    ) -> Self {
        let store = sqlite::open(&path, options, clock.now()).expect("opened");
        Self::stand(store, path, None, folder, clock).await
    }

    /// On an empty database of PostgreSQL.
    pub async fn postgres() -> Self {
        let folder = Arc::new(tempfile::tempdir().expect("a folder"));
        let clock = Arc::new(TestClock::at(start()));
        let url = Cluster::shared().fresh_database();
        let options = postgres::Options::new(&url, None, None).expect("options");
        let store = postgres::open(options, clock.now()).await.expect("opened");
        Self::stand(store, folder.path().join("none"), Some(url), folder, clock).await
    }

    /// Another node on the same database, with the same keys and the same clock.
    pub async fn beside(&self) -> Self {
        let url = self.url.clone().expect("a database that nodes share");
        let options = postgres::Options::new(&url, None, None).expect("options");
        let store = postgres::open(options, self.clock.now()).await.expect("opened");
        let path = self.path.clone();
        Self::stand(store, path, Some(url), self._folder.clone(), self.clock.clone()).await
    }

    /// The same node as one that keeps nobody's name.
    pub fn without_vault(&self) -> Self {
        self.another(self.gateway.cache.clone(), None)
    }

    /// Another node on the same record, which counts guesses in that cache.
    pub fn counting_in(&self, cache: &Arc<dyn Cache>) -> Self {
        let vault = Arc::new(Vault::open(&keys(self._folder.path())).expect("a vault"));
        let persons = Persons::new(vault, self.authority.clone(), cache.clone(), self.clock.clone());
        self.another(cache.clone(), Some(Arc::new(persons)))
    }

    fn another(&self, cache: Arc<dyn Cache>, persons: Option<Arc<Persons>>) -> Self {
        let gateway = Gateway {
            store: self.gateway.store.clone(),
            clock: self.gateway.clock.clone(),
            rules: self.gateway.rules.clone(),
            board: self.gateway.board.clone(),
            cache,
            evidence: self.gateway.evidence.clone(),
            signer: self.gateway.signer.clone(),
            closing: self.gateway.closing.clone(),
            pages: Pages::new(b"a key of the test"),
            persons,
            signals: self.gateway.signals.clone(),
            settler: Settler::default(),
        };
        Self { gateway: Arc::new(gateway), ..self.clone() }
    }

    /// A newer key-encryption key; in force from the next start.
    pub fn add_kek(&self) {
        let path = self._folder.path().join("kek.key");
        let mut text = fs::read_to_string(&path).expect("the keys");
        text.push_str(&KeyLine::fresh(Purpose::Kek).line());
        fs::write(&path, text).expect("written");
    }

    /// As a node that has read its keys again.
    pub async fn with_new_keys(&self) -> Self {
        match self.url {
            Some(_) => self.beside().await,
            None => {
                let (path, url) = (self.path.clone(), None);
                let store = self.gateway.store.clone();
                Self::stand(store, path, url, self._folder.clone(), self.clock.clone()).await
            }
        }
    }

    async fn stand(
        store: Store,
        path: PathBuf,
        url: Option<String>,
        folder: Arc<tempfile::TempDir>,
        clock: Arc<TestClock>,
    ) -> Self {
        let rules = Arc::new(RuleBook::shipped());
        let cache: Arc<dyn Cache> = Arc::new(NoCache::new());
        let board = Arc::new(Board::new(None, clock.clone()));
        let feed =
            Arc::new(Feed::new(board.clone(), rules.clone(), clock.clone(), Shelf::new(cache.clone())));
        store.follow(feed.clone());
        let signals = Arc::new(Signals::default());
        store.follow(signals.clone());
        store.refresh().await.expect("followed");
        let authority =
            Arc::new(Said { answer: Mutex::new(AuthorityMatch::Match), asked: AtomicUsize::new(0) });
        let vault = Arc::new(Vault::open(&keys(folder.path())).expect("a vault"));
        let persons = Persons::new(vault, authority.clone(), cache.clone(), clock.clone());
        let gateway = Gateway {
            store,
            clock: clock.clone(),
            rules,
            board,
            cache,
            evidence: Arc::new(Evidence::new(clock.clone())),
            signer: Arc::new(Signer::from_pkcs8(&Signer::generate()).expect("a key")),
            closing: CancellationToken::new(),
            pages: Pages::new(b"a key of the test"),
            signals,
            settler: Settler::default(),
            persons: Some(Arc::new(persons)),
        };
        Self { gateway: Arc::new(gateway), feed, clock, authority, path, url, _folder: folder }
    }

    /// One MVNO per name, none with a fact.
    pub async fn of(mvnos: &[&str]) -> Self {
        let world = Self::empty().await;
        for mvno in mvnos {
            world.join(mvno).await;
        }
        world
    }

    /// `mvnos/m01`, compliant.
    pub async fn compliant() -> Self {
        let world = Self::of(&["mvnos/m01"]).await;
        world.make_compliant("mvnos/m01").await;
        world
    }

    /// The node stops, and starts again on the same file after that time.
    pub async fn restart_after(self, span: Duration) -> Self {
        let Self { gateway, feed, clock, path, _folder, .. } = self;
        drop(feed);
        drop(Arc::into_inner(gateway).expect("nobody else uses it"));
        clock.pass(span);
        Self::on(path, _folder, clock, sqlite::Options::default()).await
    }

    /// Time passes, and the counts of checks are written meanwhile as a node does.
    pub async fn pass(&self, span: Duration) {
        self.clock.pass(span);
        self.gateway.evidence.flush(self.store()).await.expect("written");
    }

    pub fn now(&self) -> Time {
        self.clock.now()
    }

    pub fn store(&self) -> &Store {
        &self.gateway.store
    }
}
