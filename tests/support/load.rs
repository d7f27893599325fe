//! Writes over any number of nodes that come and go, and what was acknowledged of them. Each write has a mark and a
//! request id of its own, and is sent again, to the next node, until somebody acknowledges it.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use greenlane::{
    host,
    rpc::pb::{self, supervision_service_client::SupervisionServiceClient},
};
use prost_types::Timestamp;
use tokio::{sync::watch, task::JoinHandle};
use tonic::{Code, Request, Status, transport::Channel};

/// Writers at work.
pub struct Load {
    shared: Arc<Shared>,
    drivers: Vec<JoinHandle<()>>,
}

/// What was acknowledged.
#[derive(Clone, Debug)]
pub struct Acknowledged {
    /// What every write of this load has in it, beside its number.
    pub mark: String,
    /// How many writes were begun.
    pub begun: u64,
    /// By number.
    pub writes: BTreeMap<u64, Write>,
}

/// A write that was acknowledged.
#[derive(Clone, Debug)]
pub struct Write {
    /// The name of the fact.
    pub name: String,
    /// The revision it made.
    pub revision: i64,
    /// When it was first sent, on the load's own clock, which counts.
    pub began: u64,
    /// When it was acknowledged.
    pub ended: u64,
    /// Whether it had been written by an attempt before.
    pub replayed: bool,
}

struct Shared {
    mark: String,
    next: AtomicU64,
    clock: AtomicU64,
    stop: AtomicBool,
    acknowledged: Mutex<BTreeMap<u64, Write>>,
    /// How many that are.
    count: watch::Sender<usize>,
}

/// No write takes so long, but one at a node that is frozen, or beyond a link that is.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between two attempts of a writer: nodes that are down are not to be kept from coming up.
const PAUSE: Duration = Duration::from_millis(20);

// === impl Load ===

impl Load {
    /// So many writers, each beginning at another of these nodes, as a regulator.
    pub fn start(nodes: &[Channel], writers: usize) -> Self {
        let mark = host::random::<16>().iter().map(|byte| format!("{byte:02x}")).collect();
        let shared = Arc::new(Shared {
            mark,
            next: AtomicU64::new(0),
            clock: AtomicU64::new(0),
            stop: AtomicBool::new(false),
            acknowledged: Mutex::default(),
            count: watch::Sender::new(0),
        });
        let drive = |writer: usize| {
            let mut nodes: Vec<_> = nodes.iter().cloned().map(SupervisionServiceClient::new).collect();
            let first = writer % nodes.len();
            nodes.rotate_left(first);
            tokio::spawn(drive(shared.clone(), nodes))
        };
        let drivers = (0..writers).map(drive).collect();
        Self { shared, drivers }
    }

    /// Waits until so many are acknowledged.
    pub async fn until(&self, count: usize) {
        let mut counts = self.shared.count.subscribe();
        let enough = counts.wait_for(|acknowledged| *acknowledged >= count);
        enough.await.expect("the load lives");
    }

    /// How many are acknowledged.
    pub fn acknowledged(&self) -> usize {
        *self.shared.count.borrow()
    }

    /// Lets every writer end the attempt that is under way, and no more.
    pub async fn stop(self) -> Acknowledged {
        self.shared.stop.store(true, Ordering::Release);
        for driver in self.drivers {
            driver.await.expect("no writer was refused");
        }
        Acknowledged {
            mark: self.shared.mark.clone(),
            begun: self.shared.next.load(Ordering::Acquire),
            writes: self.shared.acknowledged.lock().expect("whole").clone(),
        }
    }
}

async fn drive(shared: Arc<Shared>, mut nodes: Vec<SupervisionServiceClient<Channel>>) {
    while !shared.stop.load(Ordering::Acquire) {
        let number = shared.next.fetch_add(1, Ordering::AcqRel);
        let began = shared.tick();
        let mut attempt = write(&mut nodes[0], &shared.mark, number).await;
        while let Err(status) = &attempt {
            assert!(may_pass(status), "write {number}: {status:?}");
            if shared.stop.load(Ordering::Acquire) {
                return; // what became of it is for the record to say
            }
            nodes.rotate_left(1);
            tokio::time::sleep(PAUSE).await;
            attempt = write(&mut nodes[0], &shared.mark, number).await;
        }
        let (name, revision, replayed) = attempt.expect("just looked");
        let write = Write { name, revision, began, ended: shared.tick(), replayed };
        shared.acknowledged.lock().expect("whole").insert(number, write);
        shared.count.send_modify(|count| *count += 1);
    }
}

/// Whether a write that failed so is to be sent again.
fn may_pass(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::Unknown | Code::Aborted
    )
}

/// A talk or an inspection: name, revision, whether it had been written before.
async fn write(
    node: &mut SupervisionServiceClient<Channel>,
    mark: &str,
    number: u64,
) -> Result<(String, i64, bool), Status> {
    let mvno = format!("mvnos/m{:02}", number % 42 + 1);
    let time = Some(Timestamp { seconds: 1_469_000_000, nanos: 0 });
    let (hash, request_id) = (format!("{mark}{number:032x}"), format!("{mark}-{number}"));
    if number.is_multiple_of(2) {
        let talk = pb::RecordTalkRequest {
            mvno,
            talk_time: time,
            parties: vec!["regulators/miit".to_owned()],
            minutes_sha256: hash,
            request_id,
            ..Default::default()
        };
        let answer = node.record_talk(patient(talk)).await?.into_inner();
        return Ok((answer.talk.expect("a talk").name, answer.revision, answer.replayed));
    }
    let inspection = pb::Inspection {
        mvno,
        method: pb::InspectionMethod::OutletCovert.into(),
        outlets_checked: 100,
        outlets_breach: 1,
        inspect_time: time,
        evidence_hashes: vec![hash],
        ..Default::default()
    };
    let request =
        pb::RecordInspectionRequest { inspection: Some(inspection), request_id, ..Default::default() };
    let answer = node.record_inspection(patient(request)).await?.into_inner();
    Ok((answer.inspection.expect("an inspection").name, answer.revision, answer.replayed))
}

fn patient<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(PATIENCE);
    request
}

// === impl Shared ===

impl Shared {
    fn tick(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::SeqCst)
    }
}

// === impl Acknowledged ===

impl Acknowledged {
    /// How many had been written by an attempt that was not answered.
    pub fn replayed(&self) -> usize {
        self.writes.values().filter(|write| write.replayed).count()
    }

    /// Sends some twenty of them again: each must get its first answer.
    pub async fn replay(&self, node: Channel) {
        let mut node = SupervisionServiceClient::new(node);
        for (number, first) in self.writes.iter().step_by(self.writes.len() / 20 + 1) {
            let again = write(&mut node, &self.mark, *number).await.expect("the first answer");
            assert_eq!(again, (first.name.clone(), first.revision, true), "write {number}");
        }
    }
}
