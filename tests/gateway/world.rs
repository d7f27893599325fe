//! A gateway on a folder of its own, and short words for its use cases.

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
        decision::Action,
        fact::{AssessmentCriterion, AssessmentOutcome, FindingSeverity, InspectionMethod, LicenceKind},
        identity::outcome::AuthorityMatch,
        name::ParticipantName,
        participant::{Participant, ParticipantState},
        refusal::Refusal,
        rules::RuleBook,
        standing::Standing,
        time::{Clock, DAY, Time},
    },
    service::{
        Gateway,
        board::Board,
        check_status::{Finding, Question},
        command::{settler::Settler, signal::Signals},
        context::Context,
        evidence::Evidence,
        feed::Feed,
        page::Pages,
        persons::Persons,
        receipt::Signer,
        record::Recorded,
        shelf::Shelf,
        supervise::{
            open_finding, record_assessment::Assessment, record_inspection::Inspection,
            record_licence::Licence,
        },
    },
    store::{Abort, BoxFuture, Store, Tx, postgres, sql, sqlite},
    vault::{
        Files, Vault,
        keyfile::{KeyLine, Purpose},
    },
};

use tokio_util::sync::CancellationToken;

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

pub fn outlets(mvno: &str, checked: i32, breach: i32, inspect_time: Time) -> Inspection {
    Inspection {
        mvno: name(mvno),
        method: InspectionMethod::OutletCovert,
        outlets_checked: checked,
        outlets_breach: breach,
        sample_size: 0,
        sample_ok: 0,
        inspect_time,
        evidence_hashes: Vec::new(),
        supersedes: None,
    }
}

pub fn sample(mvno: &str, size: i32, ok: i32, inspect_time: Time) -> Inspection {
    Inspection {
        method: InspectionMethod::DataSample,
        outlets_checked: 0,
        outlets_breach: 0,
        sample_size: size,
        sample_ok: ok,
        ..outlets(mvno, 0, 0, inspect_time)
    }
}

pub fn finding(mvno: &str, severity: FindingSeverity, cure_by_time: Time) -> open_finding::Finding {
    open_finding::Finding {
        mvno: name(mvno),
        severity,
        text: "what was found".to_owned(),
        cure_by_time,
        effective_time: None,
        supersedes: None,
    }
}

pub fn assessment(mvno: &str, criterion: AssessmentCriterion, assess_time: Time) -> Assessment {
    let own = criterion == AssessmentCriterion::RealNameRegistration;
    Assessment {
        mvno: name(mvno),
        criterion,
        outcome: AssessmentOutcome::Met,
        assess_time,
        completion_bp: own.then_some(10_000),
        supersedes: None,
    }
}

pub fn licence(mvno: &str) -> Licence {
    Licence {
        mvno: name(mvno),
        kind: LicenceKind::Formal,
        valid_from_time: Time::of_date(2018, 5, 1),
        valid_to_time: None,
        supersedes: None,
    }
}

pub fn question(mvno: &str, action: Action) -> Question {
    Question { mvno: name(mvno), action, min_revision: 0, as_of_time: None, known_time: None }
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

    /// Every file of the database, as it lies there now.
    pub fn files(&self) -> Vec<Vec<u8>> {
        let listed = fs::read_dir(self._folder.path()).expect("the folder");
        let paths = listed.map(|entry| entry.expect("a file").path());
        let files: Vec<_> = paths
            .filter(|path| path.extension().is_none_or(|end| end != "key"))
            .map(|path| fs::read(path).expect("read"))
            .collect();
        assert!(files.iter().map(Vec::len).sum::<usize>() > 100_000, "a database");
        files
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

    /// Lets a participant in, without the two persons.
    pub async fn join(&self, participant: &str) {
        let now = self.now();
        let participant = Participant {
            name: name(participant),
            display_name: participant.to_owned(),
            level: None,
            area: String::new(),
            state: ParticipantState::Proposed,
            proposed_by: "operators/gw/o-1".to_owned(),
            approved_by: None,
            create_time: now,
            update_time: now,
        };
        let name = participant.name.clone();
        let added = self.store().write(working(move |tx| {
            let participant = participant.clone();
            Box::pin(async move { Ok(sql::participant::add(tx, &participant).await?) })
        }));
        added.await.expect("added");
        self.gateway.approve_participant(context(), name).await.expect("approved");
    }

    /// A licence, a clean round, and real names for all.
    pub async fn make_compliant(&self, mvno: &str) {
        let now = self.now();
        self.gateway.record_licence(context(), licence(mvno)).await.expect("recorded");
        self.inspect(outlets(mvno, 40, 0, now)).await;
        self.assess(mvno, AssessmentCriterion::RealNameRegistration).await;
        assert_eq!(self.standing(mvno).await, Standing::Compliant);
    }

    /// All that the green channel asks for.
    pub async fn make_green(&self, mvno: &str) {
        let now = self.now();
        self.gateway.record_licence(context(), licence(mvno)).await.expect("recorded");
        self.inspect(outlets(mvno, 40, 0, now.minus(DAY * 30))).await;
        self.inspect(outlets(mvno, 40, 1, now)).await;
        self.inspect(sample(mvno, 10_000, 9_900, now)).await;
        for criterion in AssessmentCriterion::ALL {
            self.assess(mvno, *criterion).await;
        }
        assert_eq!(self.standing(mvno).await, Standing::GreenChannel);
    }

    pub async fn assess(&self, mvno: &str, criterion: AssessmentCriterion) -> Recorded {
        let assessment = assessment(mvno, criterion, self.now());
        self.gateway.record_assessment(context(), assessment).await.expect("recorded").answer
    }

    pub async fn inspect(&self, inspection: Inspection) -> Recorded {
        self.gateway.record_inspection(context(), inspection).await.expect("recorded").answer
    }

    pub async fn open(&self, mvno: &str, severity: FindingSeverity) -> Recorded {
        let finding = finding(mvno, severity, self.now().plus(DAY * 30));
        self.gateway.open_finding(context(), finding).await.expect("recorded").answer
    }

    /// Time passes, and the counts of checks are written meanwhile as a node does.
    pub async fn pass(&self, span: Duration) {
        self.clock.pass(span);
        self.gateway.evidence.flush(self.store()).await.expect("written");
    }

    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// Takes the record out of reach, or brings it back: for whoever looks, what is new is told by a table that is gone.
    pub fn hide_record(&self, hidden: bool) {
        let (from, to) = if hidden { ("counter", "gone") } else { ("gone", "counter") };
        let beside = rusqlite::Connection::open(&self.path).expect("the file");
        beside.execute_batch(&format!("ALTER TABLE {from} RENAME TO {to}")).expect("renamed");
    }

    /// A column of a table as it lies in the file, by id.
    pub fn column(&self, table: &str, column: &str) -> Vec<(String, Vec<u8>)> {
        let beside = rusqlite::Connection::open(&self.path).expect("the file");
        let mut query =
            beside.prepare(&format!("SELECT id, {column} FROM {table} ORDER BY id")).expect("a query");
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("rows");
        rows.map(|row| row.expect("bytes")).collect()
    }

    /// Puts others in their place, behind the node's back.
    pub fn put(&self, table: &str, column: &str, values: &[(String, Vec<u8>)]) {
        let beside = rusqlite::Connection::open(&self.path).expect("the file");
        for (id, bytes) in values {
            let done =
                beside.execute(&format!("UPDATE {table} SET {column} = ?2 WHERE id = ?1"), (id, bytes));
            assert_eq!(done, Ok(1));
        }
    }

    pub fn store(&self) -> &Store {
        &self.gateway.store
    }

    pub async fn check(&self, mvno: &str, action: Action) -> Result<Finding, Refusal> {
        self.gateway.check_status(&carrier(), &question(mvno, action)).await
    }

    /// As a check says it.
    pub async fn standing(&self, mvno: &str) -> Standing {
        let found = self.check(mvno, Action::SignAgreement).await.expect("answered");
        found.decided().standing
    }

    /// The number that a query answers.
    pub async fn number(&self, sql: &'static str) -> i64 {
        let found = self.store().read(working(move |tx| {
            Box::pin(async move { Ok(tx.query(sql, &[]).await?.first().expect("one row").int(0)?) })
        }));
        found.await.expect("a read")
    }

    /// Every row of the tables that acts write to, as one number each: nothing may differ where nothing was done.
    pub async fn rows(&self) -> Vec<i64> {
        let mut counts = Vec::new();
        for sql in [
            "SELECT COUNT(*) FROM fact",
            "SELECT COUNT(*) FROM entry",
            "SELECT COUNT(*) FROM change_log",
            "SELECT COUNT(*) FROM request",
            "SELECT COUNT(*) FROM allocation",
            "SELECT COUNT(*) FROM allocation WHERE return_time IS NULL",
            "SELECT COUNT(*) FROM participant",
            "SELECT COUNT(*) FROM participant WHERE state = 'ACTIVE'",
            "SELECT n FROM counter WHERE name = 'revision'",
        ] {
            counts.push(self.number(sql).await);
        }
        counts
    }
}
