//! `kill -9`, again and again, under mutations: nothing acknowledged is lost, and acts and entries are the same set.
//! The ordinary run is short; `KILLS=100 MUTATIONS=10000` makes it the full one.

use std::{
    collections::{BTreeMap, HashSet},
    env,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use greenlane::rpc::pb::{self, supervision_service_client::SupervisionServiceClient};
use prost_types::Timestamp;
use tokio::sync::Notify;

use super::world::World;

fn asked(name: &str, default: usize) -> usize {
    env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// What was acknowledged: the fact's name by request id.
type Acknowledged = Arc<Mutex<BTreeMap<String, String>>>;

struct Load {
    acknowledged: Acknowledged,
    next: AtomicUsize,
    /// Told after every acknowledgement.
    progress: Notify,
    stop: AtomicBool,
}

fn talk(number: usize) -> pb::RecordTalkRequest {
    pb::RecordTalkRequest {
        mvno: format!("mvnos/m{:02}", number % 42 + 1),
        talk_time: Some(Timestamp { seconds: 1_469_000_000, nanos: 0 }),
        parties: vec!["mvnos/m01".to_owned()],
        minutes_sha256: "0".repeat(64),
        request_id: format!("kill-{number}"),
        ..Default::default()
    }
}

/// Records talks until told to stop or the gateway is gone. A call that failed is left: what became of it is for the
/// record to say.
async fn drive(load: Arc<Load>, world: Arc<World>) {
    let mut client = SupervisionServiceClient::new(world.lazy("regulator-miit"));
    while !load.stop.load(Ordering::Acquire) {
        let number = load.next.fetch_add(1, Ordering::Relaxed);
        match client.record_talk(talk(number)).await {
            Ok(answer) => {
                let name = answer.into_inner().talk.expect("a talk").name;
                load.acknowledged.lock().expect("whole").insert(format!("kill-{number}"), name);
                load.progress.notify_one();
            }
            Err(_) => return,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost() {
    let (kills, mutations) = (asked("KILLS", 5), asked("MUTATIONS", 400));
    let folder = tempfile::tempdir().expect("a folder");
    let acknowledged = Acknowledged::default();
    let mut world = World::at(folder.path());
    let mut number = 0;
    for round in 0..kills {
        let shared = Arc::new(world);
        let load = Arc::new(Load {
            acknowledged: acknowledged.clone(),
            next: AtomicUsize::new(number),
            progress: Notify::new(),
            stop: AtomicBool::new(false),
        });
        let drivers: Vec<_> = (0..8).map(|_| tokio::spawn(drive(load.clone(), shared.clone()))).collect();
        // In the midst of work: so many acknowledgements into the round, never the same.
        let goal = (mutations * (round + 1)) / kills;
        while acknowledged.lock().expect("whole").len() < goal {
            load.progress.notified().await;
        }
        let pid = nix::unistd::Pid::from_raw(i32::try_from(shared.pid()).expect("a pid"));
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).expect("it was alive");
        load.stop.store(true, Ordering::Release);
        for driver in drivers {
            driver.await.expect("no panic");
        }
        number = load.next.load(Ordering::Relaxed);
        drop(shared);
        world = World::at(folder.path());
    }
    let acknowledged = acknowledged.lock().expect("whole").clone();
    let lost = check(&world, &acknowledged);
    println!(
        "kills {kills}, acknowledged {}, started {number}, lost {}, acts without entry {}, entries without act {}",
        acknowledged.len(),
        lost.0,
        lost.1,
        lost.2
    );
    assert_eq!(lost, (0, 0, 0));
    replayed(&world, &acknowledged).await;
    world.kill();
}

/// Acknowledged but lost, acts without an entry, ACT entries without their act.
fn check(world: &World, acknowledged: &BTreeMap<String, String>) -> (usize, usize, usize) {
    let database = world.database();
    let names = |sql: &str| -> HashSet<String> {
        let mut statement = database.prepare(sql).expect("SQL");
        let rows = statement.query_map([], |row| row.get(0)).expect("rows");
        rows.collect::<Result<_, _>>().expect("names")
    };
    let facts = names("SELECT name FROM fact WHERE kind = 'TALK'");
    let entries = names("SELECT subject FROM entry WHERE kind = 'ACT' AND method LIKE '%RecordTalk'");
    let lost = acknowledged.values().filter(|name| !facts.contains(*name)).count();
    // The revision of every act is in the change log, once and without a gap.
    let log: (i64, i64, i64) = database
        .query_row("SELECT COUNT(*), MIN(revision), MAX(revision) FROM change_log", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .expect("the log");
    assert_eq!((log.0, log.1), (log.2, 1), "revisions are dense");
    (lost, facts.difference(&entries).count(), entries.difference(&facts).count())
}

/// An acknowledged request that is sent again gets its first answer.
async fn replayed(world: &World, acknowledged: &BTreeMap<String, String>) {
    let mut client = SupervisionServiceClient::new(world.connect("regulator-miit").await);
    for (id, name) in acknowledged.iter().step_by(acknowledged.len() / 20 + 1) {
        let number = id.trim_start_matches("kill-").parse().expect("a number");
        let answer = client.record_talk(talk(number)).await.expect("the same answer").into_inner();
        assert!(answer.replayed);
        assert_eq!(&answer.talk.expect("a talk").name, name);
    }
}
