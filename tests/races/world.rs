//! Gateways on one database, and short words for their use cases.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use greenlane::{
    cache::{Cache, none::NoCache},
    domain::{
        caller::Caller,
        decision::Action,
        fact::{AssessmentCriterion, AssessmentOutcome, InspectionMethod, LicenceKind},
        name::ParticipantName,
        number::Prefix,
        participant::{Participant, ParticipantState},
        refusal::Refusal,
        rules::RuleBook,
        time::{Clock, Time},
    },
    host::SystemClock,
    service::{
        Gateway,
        board::{Board, HOLDS},
        check_status::{Finding, Question},
        command::{settler::Settler, signal::Signals},
        context::Context,
        evidence::Evidence,
        feed::Feed,
        page::Pages,
        receipt::Signer,
        record::Recorded,
        shelf::Shelf,
        supervise::{
            record_assessment::Assessment, record_inspection::Inspection, record_licence::Licence,
            suspend_mvno::Suspension,
        },
    },
    store::{Abort, BoxFuture, Store, Tx, postgres, sql, sqlite},
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// A gateway and what follows for it.
#[derive(Clone)]
pub struct Node {
    pub gateway: Arc<Gateway>,
    pub feed: Arc<Feed>,
}

/// All nodes of one record.
pub struct Nodes {
    pub each: Vec<Node>,
    /// Writes the counts of checks, as a node does; ends with this.
    _rounds: JoinSet<()>,
}

pub fn name(text: &str) -> ParticipantName {
    ParticipantName::parse(text).expect("a name")
}

fn caller(path: &str) -> Caller {
    Caller::parse("test", &format!("spiffe://test/{path}")).expect("an identity")
}

/// A call of a regulator's officer, each another payload.
pub fn context(method: &'static str) -> Context {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    Context {
        caller: caller("regulator/miit/officer-1"),
        certificate_sha256: "c".repeat(64),
        method,
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

/// A block of numbers that no other call of this gets.
pub fn block() -> Prefix {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let nth = NEXT.fetch_add(1, Ordering::Relaxed);
    let range = ["165", "167", "171"][nth / 10_000 % 3];
    Prefix::parse(&format!("{range}{:04}", nth % 10_000)).expect("a block")
}

// === impl Nodes ===

impl Nodes {
    /// So many on one database, each cold: nobody has looked at the record yet.
    pub async fn on(url: &str, many: usize) -> Self {
        let mut stores = Vec::new();
        for _ in 0..many {
            let options = postgres::Options::new(url, None, None).expect("a URL");
            stores.push(postgres::open(options, SystemClock::start().now()).await.expect("it opens"));
        }
        Self::of(stores, Some(HOLDS))
    }

    /// The only one on a file.
    pub fn alone(path: &Path) -> Self {
        let now = SystemClock::start().now();
        Self::of(vec![sqlite::open(path, sqlite::Options::default(), now).expect("it opens")], None)
    }

    fn of(stores: Vec<Store>, holds: Option<Duration>) -> Self {
        let each: Vec<Node> = stores.into_iter().map(|store| Node::new(store, holds)).collect();
        let mut rounds = JoinSet::new();
        for node in each.clone() {
            rounds.spawn(async move {
                loop {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    let _ = node.gateway.evidence.flush(&node.gateway.store).await; // checks tell of it
                }
            });
        }
        Self { each, _rounds: rounds }
    }

    /// One of them; the numbers go round.
    pub fn node(&self, nth: usize) -> &Node {
        &self.each[nth % self.each.len()]
    }

    /// All look at the record.
    pub async fn warm(&self) {
        for node in &self.each {
            node.gateway.store.refresh().await.expect("followed");
        }
    }

    /// So many MVNOs, `mvnos/<prefix>-0` and on, all of them compliant.
    pub async fn compliant(&self, prefix: &str, many: usize) -> Vec<ParticipantName> {
        let mvnos: Vec<_> = (0..many).map(|nth| name(&format!("mvnos/{prefix}-{nth}"))).collect();
        let node = self.node(0);
        node.join(mvnos.clone()).await;
        for mvno in &mvnos {
            node.make_compliant(mvno).await;
        }
        mvnos
    }
}

// === impl Node ===

impl Node {
    fn new(store: Store, holds: Option<Duration>) -> Self {
        let clock = Arc::new(SystemClock::start());
        let rules = Arc::new(RuleBook::shipped());
        let cache: Arc<dyn Cache> = Arc::new(NoCache::new());
        let board = Arc::new(Board::new(holds, clock.clone()));
        let shelf = Shelf::new(cache.clone());
        let feed = Arc::new(Feed::new(board.clone(), rules.clone(), clock.clone(), shelf));
        store.follow(feed.clone());
        let signals = Arc::new(Signals::default());
        store.follow(signals.clone());
        let gateway = Gateway {
            store,
            clock: clock.clone(),
            rules,
            board,
            cache,
            evidence: Arc::new(Evidence::new(clock)),
            signer: Arc::new(Signer::from_pkcs8(&Signer::generate()).expect("a key")),
            closing: CancellationToken::new(),
            pages: Pages::new(b"a key of the test"),
            signals,
            settler: Settler::default(),
            persons: None,
        };
        Self { gateway: Arc::new(gateway), feed }
    }

    /// Lets participants in, without the two persons.
    async fn join(&self, names: Vec<ParticipantName>) {
        let now = self.gateway.clock.now();
        let add = working(move |tx| {
            let names = names.clone();
            Box::pin(async move {
                for name in names {
                    let participant = Participant {
                        display_name: name.to_string(),
                        name,
                        level: None,
                        area: String::new(),
                        state: ParticipantState::Active,
                        proposed_by: "operators/gw/o-1".to_owned(),
                        approved_by: None,
                        create_time: now,
                        update_time: now,
                    };
                    sql::participant::add(tx, &participant).await?;
                }
                Ok(())
            })
        });
        self.gateway.store.write(add).await.expect("they joined");
    }

    /// A licence, a clean round, and real names for all.
    async fn make_compliant(&self, mvno: &ParticipantName) {
        let licence = Licence {
            mvno: mvno.clone(),
            kind: LicenceKind::Formal,
            valid_from_time: Time::of_date(2018, 5, 1),
            valid_to_time: None,
            supersedes: None,
        };
        self.gateway.record_licence(context("/test/Licence"), licence).await.expect("recorded");
        self.inspect(mvno, 0).await;
        let assessment = Assessment {
            mvno: mvno.clone(),
            criterion: AssessmentCriterion::RealNameRegistration,
            outcome: AssessmentOutcome::Met,
            assess_time: self.gateway.clock.now(),
            completion_bp: Some(10_000),
            supersedes: None,
        };
        self.gateway.record_assessment(context("/test/Assess"), assessment).await.expect("recorded");
    }

    /// A round of a hundred outlets, so many of them in breach.
    pub async fn inspect(&self, mvno: &ParticipantName, outlets_breach: i32) -> Recorded {
        let inspection = Inspection {
            mvno: mvno.clone(),
            method: InspectionMethod::OutletCovert,
            outlets_checked: 100,
            outlets_breach,
            sample_size: 0,
            sample_ok: 0,
            inspect_time: self.gateway.clock.now(),
            evidence_hashes: Vec::new(),
            supersedes: None,
        };
        let recorded = self.gateway.record_inspection(context("/test/Inspect"), inspection).await;
        recorded.expect("recorded").answer
    }

    pub async fn suspend(&self, mvno: &ParticipantName) -> Recorded {
        let suspension = Suspension { mvno: mvno.clone(), effective_time: None };
        let suspended = self.gateway.suspend_mvno(context("/test/Suspend"), suspension).await;
        suspended.expect("suspended").answer
    }

    /// As a carrier asks.
    pub async fn check(&self, mvno: &ParticipantName, min_revision: i64) -> Result<Finding, Refusal> {
        let question = Question {
            mvno: mvno.clone(),
            action: Action::AllocateNumbers,
            min_revision,
            as_of_time: None,
            known_time: None,
        };
        self.gateway.check_status(&caller("carrier/unicom"), &question).await
    }
}
