//! Blocks allocated while the same MVNO is being suspended, by way of different nodes: no allocation is committed
//! between a suspension and its lift, in the order of the ledger and in the order in which the database committed.
//! `RACES=10000` for the full figure.

use std::collections::HashMap;

use greenlane::{
    domain::{
        allocation::Allocation,
        decision::{self, Action, Decision},
        entry::Entry,
        name::ParticipantName,
        number::Prefix,
        refusal::{Reason, Refusal},
        standing,
    },
    host,
    service::{act::Done, supervise::lift_suspension::Lift},
    store::sql,
};
use tokio::task::JoinSet;

use crate::{
    support::{
        figure::{asked, chance},
        postgres::{Cluster, Options},
    },
    world::{Node, Nodes, block, context, working},
};

const ALLOCATE: &str = "/test/Allocate";
const SUSPEND: &str = "/test/Suspend";
const LIFT: &str = "/test/Lift";

/// Races that go on at the same time, each about MVNOs of its own.
const LANES: usize = 8;
/// MVNOs of each lane: what is on record about one is read by every act about it.
const OWN: usize = 10;

/// How an allocation is done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Way {
    /// As the product does.
    Locked,
    /// By the same statements, but for the lock of the MVNO's row.
    Unlocked,
}

/// What the races came to.
#[derive(Clone, Copy, Debug, Default)]
struct Outcomes {
    allocated: usize,
    denied: usize,
}

async fn allocate(node: &Node, mvno: &ParticipantName, prefix: &Prefix, way: Way) -> Result<(), Refusal> {
    let (gateway, mvno, prefix) = (&node.gateway, mvno.clone(), prefix.clone());
    if way == Way::Locked {
        return gateway.allocate_numbers(context(ALLOCATE), mvno, prefix).await.map(drop);
    }
    let rules = gateway.rules.clone();
    let done = gateway.act(context(ALLOCATE), move |tx, now| {
        let (rules, mvno, prefix) = (rules.clone(), mvno.clone(), prefix.clone());
        Box::pin(async move {
            let facts = sql::fact::list_of(tx, &mvno).await?;
            let evaluation = standing::evaluate(&facts, &rules, now, now).expect("there are rules");
            let set = rules.at(now).expect("there are rules");
            let decided = decision::decide(&evaluation, Action::AllocateNumbers, set);
            if decided.decision == Decision::Deny {
                return Err(Refusal::standing_denies(&mvno, decided).into());
            }
            let allocation = Allocation {
                id: host::new_id(now),
                prefix: prefix.as_str().to_owned(),
                mvno: mvno.clone(),
                carrier: prefix.carrier().clone(),
                allocate_time: now,
                return_time: None,
                allocated_by: "the control".to_owned(),
                reason: String::new(),
            };
            sql::allocation::add(tx, &allocation).await?;
            let detail = serde_json::json!({ "mvno": mvno.to_string() });
            Ok(Done { answer: allocation, subject: "allocations/control".to_owned(), detail, revision: None })
        })
    });
    done.await.map(drop)
}

/// Lets others go first, now and then.
async fn perhaps_later<W: Future>(work: W) -> W::Output {
    for _ in 0..chance(3) {
        tokio::task::yield_now().await;
    }
    work.await
}

/// One suspension against two allocations, each by way of another node; then all is as before.
async fn race(nodes: &[Node; 3], mvno: &ParticipantName, way: Way) -> Outcomes {
    let [one, other, third] = nodes;
    let blocks = [block(), block()];
    let (_, first, second) = tokio::join!(
        perhaps_later(one.suspend(mvno)),
        perhaps_later(allocate(other, mvno, &blocks[0], way)),
        perhaps_later(allocate(third, mvno, &blocks[1], way)),
    );
    let lift = Lift { mvno: mvno.clone(), effective_time: None };
    one.gateway.lift_suspension(context(LIFT), lift).await.expect("lifted");
    let mut outcomes = Outcomes::default();
    for (prefix, answer) in blocks.into_iter().zip([first, second]) {
        match answer {
            Ok(()) => {
                outcomes.allocated += 1;
                let returned = one.gateway.return_numbers(context("/test/Return"), mvno.clone(), prefix);
                returned.await.expect("returned");
            }
            Err(refusal) => {
                assert_eq!(refusal.reason, Reason::StandingDenies);
                outcomes.denied += 1;
            }
        }
    }
    outcomes
}

async fn races(nodes: &Nodes, mvnos: &[ParticipantName], races: usize, way: Way) -> Outcomes {
    let mut lanes = JoinSet::new();
    for lane in 0..LANES {
        let nodes = [0, 1, 2].map(|nth| nodes.node(lane + nth).clone());
        let own: Vec<_> = mvnos.iter().skip(lane).step_by(LANES).cloned().collect();
        lanes.spawn(async move {
            let mut all = Outcomes::default();
            for turn in 0..races.div_ceil(LANES) {
                all = all.and(race(&nodes, &own[turn % own.len()], way).await);
            }
            all
        });
    }
    lanes.join_all().await.into_iter().fold(Outcomes::default(), Outcomes::and)
}

/// Every entry, in the order of the ledger.
async fn ledger(node: &Node) -> Vec<Entry> {
    let entries = working(|tx| Box::pin(async move { Ok(sql::entry::list_after(tx, 0, i64::MAX).await?) }));
    node.gateway.store.read(entries).await.expect("read").into_iter().map(|(_, entry)| entry).collect()
}

/// The same entries in the order in which their transactions were committed, as the database noted it.
fn committed(cluster: &Cluster, database: &str, entries: &[Entry]) -> Vec<Entry> {
    let order = "SELECT entry_id FROM entry ORDER BY pg_xact_commit_timestamp(xmin), seq";
    let by_id: HashMap<&str, &Entry> = entries.iter().map(|entry| (&*entry.entry_id, entry)).collect();
    cluster.sql(database, order).lines().map(|id| by_id[id].clone()).collect()
}

/// Allocations between a suspension of their MVNO and its lift.
fn while_suspended(entries: &[Entry]) -> usize {
    let mut suspended: HashMap<&str, bool> = HashMap::new();
    let mut found = 0;
    for entry in entries {
        let text = if entry.method == ALLOCATE { &entry.detail } else { &entry.subject };
        let Some(at) = text.find("mvnos/") else { continue };
        let mvno = text[at..].split(['"', '/']).nth(1).expect("a name");
        match &*entry.method {
            SUSPEND | LIFT => drop(suspended.insert(mvno, entry.method == SUSPEND)),
            ALLOCATE => found += usize::from(suspended.get(mvno) == Some(&true)),
            _ => {}
        }
    }
    found
}

/// A database that notes when each transaction was committed.
fn noting() -> Cluster {
    Cluster::start_with(Options { settings: &[("track_commit_timestamp", "on")], ..Options::default() })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_allocated_while_suspended() {
    let many = asked("RACES", 200);
    let cluster = noting();
    let nodes = Nodes::on(&cluster.create_database("races"), 3).await;
    let mvnos = nodes.compliant("race", LANES * OWN.min(many.div_ceil(LANES))).await;
    let outcomes = races(&nodes, &mvnos, many, Way::Locked).await;
    let entries = ledger(nodes.node(0)).await;
    let committed = committed(&cluster, "races", &entries);
    let found = (while_suspended(&entries), while_suspended(&committed));
    println!("races {many} on PostgreSQL, {outcomes:?}: allocated while suspended {found:?}");
    assert_eq!(found, (0, 0), "by the ledger, by the commits");
    assert!(outcomes.allocated > 0 && outcomes.denied > 0, "they raced: {outcomes:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_allocated_while_suspended_on_a_file() {
    let many = asked("RACES", 200);
    let folder = tempfile::tempdir().expect("a folder");
    let nodes = Nodes::alone(&folder.path().join("db"));
    let mvnos = nodes.compliant("race", LANES * OWN.min(many.div_ceil(LANES))).await;
    let outcomes = races(&nodes, &mvnos, many, Way::Locked).await;
    let found = while_suspended(&ledger(nodes.node(0)).await);
    println!("races {many} on SQLite, {outcomes:?}: allocated while suspended {found}");
    assert_eq!(found, 0);
    assert!(outcomes.allocated > 0 && outcomes.denied > 0, "they raced: {outcomes:?}");
}

/// The control: work that does not lock the MVNO's row is found out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_lock_some_is() {
    let cluster = noting();
    let nodes = Nodes::on(&cluster.create_database("races"), 3).await;
    let mvnos = nodes.compliant("race", LANES).await;
    let (mut raced, mut found) = (0, (0, 0));
    while found.0 == 0 || found.1 == 0 {
        races(&nodes, &mvnos, LANES, Way::Unlocked).await;
        raced += LANES;
        let entries = ledger(nodes.node(0)).await;
        found = (while_suspended(&entries), while_suspended(&committed(&cluster, "races", &entries)));
    }
    println!("races {raced} without the lock: allocated while suspended {found:?}");
}

// === impl Outcomes ===

impl Outcomes {
    fn and(self, other: Self) -> Self {
        Self { allocated: self.allocated + other.allocated, denied: self.denied + other.denied }
    }
}
