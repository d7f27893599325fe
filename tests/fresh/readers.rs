//! Readers that ask one node again and again, and how late their answers were.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use greenlane::rpc::pb::{self, compliance_service_client::ComplianceServiceClient};
use tokio::task::JoinHandle;
use tonic::{Request, transport::Channel};

use super::nodes::{Acknowledged, MVNO, Nodes};

/// Readers at work.
pub struct Readers {
    shared: Arc<Shared>,
    all: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    /// Of each revision, the last moment at which an answer from it was decided.
    seen: Mutex<BTreeMap<i64, i64>>,
    answers: Mutex<Tally>,
}

/// What became of the questions.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    pub answered: usize,
    pub refused: usize,
}

/// How late: for each write, how long after its acknowledgement an answer from before it was decided.
#[derive(Clone, Debug)]
pub struct Lateness {
    /// In microseconds, the shortest first; 0 where none was.
    sorted: Vec<i64>,
    pub tally: Tally,
}

/// Between two questions of a reader: the nodes and the writer share the machine with all of them.
const PACE: Duration = Duration::from_millis(5);

// === impl Readers ===

impl Readers {
    /// So many at each node, each on a connection of its own.
    pub fn start(nodes: &Nodes, each: usize) -> Self {
        let shared = Arc::new(Shared::default());
        let mut all = Vec::new();
        for node in &nodes.all {
            for _ in 0..each {
                let client = ComplianceServiceClient::new(node.lazy("carrier-unicom"));
                all.push(tokio::spawn(read(shared.clone(), client)));
            }
        }
        Self { shared, all }
    }

    /// Waits until that many questions more were answered, or refused.
    pub async fn more(&self, count: usize) {
        let asked = || {
            let tally = self.shared.answers.lock().expect("whole");
            tally.answered + tally.refused
        };
        let goal = asked() + count;
        while asked() < goal {
            tokio::time::sleep(PACE).await;
        }
    }

    /// Forgets what was answered so far.
    pub fn only_from_now(self) -> Self {
        self.shared.seen.lock().expect("whole").clear();
        *self.shared.answers.lock().expect("whole") = Tally::default();
        self
    }

    /// Stops them, and says how late their answers were behind these writes.
    pub async fn stop(self, writes: &[Acknowledged]) -> Lateness {
        self.shared.stop.store(true, Ordering::Release);
        for reader in self.all {
            reader.await.expect("no panic");
        }
        let seen = self.shared.seen.lock().expect("whole").clone();
        let tally = *self.shared.answers.lock().expect("whole");
        assert!(tally.answered > 0, "nothing was answered at all");
        let late = |write: &Acknowledged| {
            let older = seen.range(..write.revision).map(|(_, decided)| decided - write.at);
            older.max().unwrap_or(0).max(0)
        };
        let mut sorted: Vec<i64> = writes.iter().map(late).collect();
        sorted.sort_unstable();
        Lateness { sorted, tally }
    }
}

async fn read(shared: Arc<Shared>, mut client: ComplianceServiceClient<Channel>) {
    while !shared.stop.load(Ordering::Acquire) {
        let mut request = Request::new(pb::CheckStatusRequest {
            mvno: MVNO.to_owned(),
            action: pb::Action::AllocateNumbers.into(),
            ..Default::default()
        });
        request.set_timeout(Duration::from_secs(20));
        let answer = client.check_status(request).await;
        match answer {
            Ok(answer) => shared.note(&answer.into_inner()),
            Err(_) => shared.answers.lock().expect("whole").refused += 1,
        }
        tokio::time::sleep(PACE).await;
    }
}

// === impl Shared ===

impl Shared {
    fn note(&self, answer: &pb::CheckStatusResponse) {
        self.answers.lock().expect("whole").answered += 1;
        let decided = answer.decide_time.expect("always");
        let decided = decided.seconds * 1_000_000 + i64::from(decided.nanos / 1000);
        let mut seen = self.seen.lock().expect("whole");
        let last = seen.entry(answer.revision).or_insert(decided);
        *last = decided.max(*last);
    }
}

// === impl Lateness ===

impl Lateness {
    pub fn p99_ms(&self) -> f64 {
        let at = (self.sorted.len() * 99).div_ceil(100).max(1) - 1;
        self.sorted[at] as f64 / 1000.0
    }

    pub fn max_ms(&self) -> f64 {
        *self.sorted.last().expect("writes") as f64 / 1000.0
    }

    /// How many writes had any answer from before them after they were acknowledged.
    pub fn late(&self) -> usize {
        self.sorted.iter().filter(|late| **late > 0).count()
    }
}

impl std::fmt::Display for Lateness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (writes, Tally { answered, refused }) = (self.sorted.len(), self.tally);
        let (p99, max) = (self.p99_ms(), self.max_ms());
        write!(
            f,
            "{writes} writes, {answered} answers, {refused} refused, last older answer p99 {p99:.1} ms, max {max:.1} ms"
        )
    }
}
