//! Writes over any number of nodes that come and go, and what was acknowledged of them: talks, inspections, blocks of
//! numbers allocated and returned. Each write has a mark and a request id of its own, and is sent again, to the next
//! node, until somebody acknowledges it.

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
    rpc::pb::{
        self, numbering_service_client::NumberingServiceClient,
        supervision_service_client::SupervisionServiceClient,
    },
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
    /// What was asked for.
    act: Act,
    /// The name of the fact; of a block, its place in the record.
    pub name: String,
    /// The revision it made; 0 where it made none.
    pub revision: i64,
    /// When it was first sent, on the load's own clock, which counts.
    pub began: u64,
    /// When it was acknowledged.
    pub ended: u64,
    /// Whether it had been written by an attempt before.
    pub replayed: bool,
}

/// What a write asks for.
#[derive(Clone, Debug)]
enum Act {
    Talk,
    Inspect,
    Allocate(Block),
    Return(Block),
}

/// A block of numbers, in the hands of an MVNO from one write to another.
#[derive(Clone, Debug)]
struct Block {
    prefix: String,
    mvno: String,
    /// Has the marks of both writes.
    reason: String,
    /// The number of the write that returns it.
    returned_by: u64,
}

/// A node's services.
#[derive(Clone)]
struct Services {
    supervision: SupervisionServiceClient<Channel>,
    numbering: NumberingServiceClient<Channel>,
}

struct Shared {
    mark: String,
    next: AtomicU64,
    blocks: AtomicU64,
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
            blocks: AtomicU64::new(0),
            clock: AtomicU64::new(0),
            stop: AtomicBool::new(false),
            acknowledged: Mutex::default(),
            count: watch::Sender::new(0),
        });
        let drive = |writer: usize| {
            let mut nodes: Vec<_> = nodes.iter().cloned().map(Services::new).collect();
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

async fn drive(shared: Arc<Shared>, mut nodes: Vec<Services>) {
    let mut held = None;
    while !shared.stop.load(Ordering::Acquire) {
        // Who allocated a block returns it next: no MVNO comes to hold as many as it may.
        let (number, act) =
            held.take().map_or_else(|| shared.draw(), |block: Block| (block.returned_by, Act::Return(block)));
        let began = shared.tick();
        let mut attempt = nodes[0].write(&shared.mark, number, &act).await;
        while let Err(status) = &attempt {
            assert!(may_pass(status), "write {number}, {act:?}: {status:?}");
            if shared.stop.load(Ordering::Acquire) {
                return; // what became of it is for the record to say
            }
            nodes.rotate_left(1);
            tokio::time::sleep(PAUSE).await;
            attempt = nodes[0].write(&shared.mark, number, &act).await;
        }
        let (name, revision, replayed) = attempt.expect("just looked");
        if let Act::Allocate(block) = &act {
            held = Some(block.clone());
        }
        let write = Write { act, name, revision, began, ended: shared.tick(), replayed };
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

// === impl Services ===

impl Services {
    fn new(node: Channel) -> Self {
        Self {
            supervision: SupervisionServiceClient::new(node.clone()),
            numbering: NumberingServiceClient::new(node),
        }
    }

    /// Name, revision, whether it had been written before.
    async fn write(&mut self, mark: &str, number: u64, act: &Act) -> Result<(String, i64, bool), Status> {
        let mvno = format!("mvnos/m{:02}", number % 42 + 1);
        let time = Some(Timestamp { seconds: 1_469_000_000, nanos: 0 });
        let (hash, request_id) = (marked(mark, number), format!("{mark}-{number}"));
        match act {
            Act::Talk => {
                let talk = pb::RecordTalkRequest {
                    mvno,
                    talk_time: time,
                    parties: vec!["regulators/miit".to_owned()],
                    minutes_sha256: hash,
                    request_id,
                    ..Default::default()
                };
                let answer = self.supervision.record_talk(patient(talk)).await?.into_inner();
                Ok((answer.talk.expect("a talk").name, answer.revision, answer.replayed))
            }
            Act::Inspect => {
                let inspection = Some(pb::Inspection {
                    mvno,
                    method: pb::InspectionMethod::OutletCovert.into(),
                    outlets_checked: 100,
                    outlets_breach: 1,
                    inspect_time: time,
                    evidence_hashes: vec![hash],
                    ..Default::default()
                });
                let request = pb::RecordInspectionRequest { inspection, request_id, ..Default::default() };
                let answer = self.supervision.record_inspection(patient(request)).await?.into_inner();
                Ok((answer.inspection.expect("an inspection").name, answer.revision, answer.replayed))
            }
            Act::Allocate(Block { prefix, mvno, reason, .. }) => {
                let request = pb::AllocateNumbersRequest {
                    mvno: mvno.clone(),
                    prefix: prefix.clone(),
                    reason: reason.clone(),
                    request_id,
                    ..Default::default()
                };
                let answer = self.numbering.allocate_numbers(patient(request)).await?.into_inner();
                let allocated = answer.allocation.expect("an allocation").prefix;
                Ok((format!("allocations/{allocated}"), 0, answer.replayed))
            }
            Act::Return(Block { prefix, mvno, .. }) => {
                let request = pb::ReturnNumbersRequest {
                    mvno: mvno.clone(),
                    prefix: prefix.clone(),
                    reason: "by the load".to_owned(),
                    request_id,
                    ..Default::default()
                };
                let answer = self.numbering.return_numbers(patient(request)).await?.into_inner();
                let returned = answer.allocation.expect("an allocation").prefix;
                Ok((format!("returns/{returned}"), 0, answer.replayed))
            }
        }
    }
}

/// What the write of that number has in it, in 64 hex digits.
fn marked(mark: &str, number: u64) -> String {
    format!("{mark}{number:032x}")
}

fn patient<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(PATIENCE);
    request
}

// === impl Shared ===

impl Shared {
    /// The next write.
    fn draw(&self) -> (u64, Act) {
        let number = self.next.fetch_add(1, Ordering::AcqRel);
        let act = match number % 4 {
            1 => Act::Inspect,
            3 => Act::Allocate(self.block(number)),
            _ => Act::Talk,
        };
        (number, act)
    }

    /// A block that nobody held before, for one of the six MVNOs of the sample that may hold most.
    fn block(&self, number: u64) -> Block {
        let (nth, returned_by) =
            (self.blocks.fetch_add(1, Ordering::AcqRel), self.next.fetch_add(1, Ordering::AcqRel));
        assert!(nth < 20_000, "the ranges 165 and 167 are used up");
        Block {
            prefix: format!("16{}{:04}", 5 + nth / 10_000 * 2, nth % 10_000),
            mvno: format!("mvnos/m{:02}", nth % 6 + 1),
            reason: marked(&self.mark, number) + &marked(&self.mark, returned_by),
            returned_by,
        }
    }

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
        let mut node = Services::new(node);
        for (number, first) in self.writes.iter().step_by(self.writes.len() / 20 + 1) {
            let again = node.write(&self.mark, *number, &first.act).await.expect("the first answer");
            assert_eq!(again, (first.name.clone(), first.revision, true), "write {number}");
        }
    }
}
