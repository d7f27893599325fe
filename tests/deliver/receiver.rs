//! A receiver that keeps account of everything that it is told: each command once, what came again, and whatever is not
//! as promised.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use greenlane::rpc::pb::{
    self, command_service_client::CommandServiceClient, stream_commands_request, stream_commands_response,
};
use tokio::{sync::mpsc, task::JoinHandle};
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::{Code, Status, transport::Channel};
use tonic_types::StatusExt;

/// How a receiver goes on after its connection was cut.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Habit {
    /// From the last sequence up to which everything is acknowledged.
    Careful,
    /// For controls: from the last one that it saw come, one further.
    Careless,
}

/// What a receiver was told.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// By sequence, when it came first.
    pub commands: BTreeMap<i64, Told>,
    /// Deliveries of what had come before.
    pub again: usize,
    /// Streams that were opened.
    pub streams: usize,
    /// What was not as promised.
    pub faults: Vec<String>,
    /// Sequences by command id.
    ids: HashMap<String, i64>,
}

/// A command.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Told {
    pub command_id: String,
    pub order: String,
    pub kind: pb::CommandKind,
    pub msisdns: Vec<String>,
}

/// A receiver at work.
pub struct Receiver {
    pub name: String,
    account: Arc<Mutex<Account>>,
    work: JoinHandle<()>,
}

struct Stream<'a> {
    account: &'a Mutex<Account>,
    heard: &'a AtomicUsize,
    acks: mpsc::UnboundedSender<pb::StreamCommandsRequest>,
    /// Acknowledgements under way: how many of a sequence, the last of which is its result.
    open: BTreeMap<i64, u32>,
    /// What came last, on this stream.
    seen: i64,
}

/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(10);

// === impl Receiver ===

impl Receiver {
    /// By that connection; counts each command that is new to it in `heard`.
    pub fn start(name: String, channel: Channel, habit: Habit, heard: Arc<AtomicUsize>) -> Self {
        let account = Arc::new(Mutex::new(Account::default()));
        let kept = account.clone();
        let work = tokio::spawn(async move {
            let (mut cursor, mut settled) = (0, BTreeSet::new());
            loop {
                let ended = stream(&kept, &heard, channel.clone(), &mut cursor, &mut settled).await;
                let status = ended.err().unwrap_or_else(|| Status::unavailable("ended"));
                let fenced = status
                    .get_error_details()
                    .error_info()
                    .is_some_and(|info| info.reason == "SESSION_FENCED");
                let passes = matches!(
                    status.code(),
                    Code::Unavailable
                        | Code::Cancelled
                        | Code::Unknown
                        | Code::DeadlineExceeded
                        | Code::Internal
                );
                {
                    let mut account = kept.lock().expect("whole");
                    // A careless one may be ahead of everything there is.
                    if !passes && !fenced && habit == Habit::Careful {
                        account.faults.push(format!("refused: {status:?}"));
                        return;
                    }
                    if habit == Habit::Careless {
                        cursor = account.commands.keys().next_back().map_or(0, |last| last + 1);
                    }
                }
                tokio::time::sleep(PAUSE).await;
            }
        });
        Self { name, account, work }
    }

    /// Whether something came without what stood before it.
    pub fn has_lost(&self) -> bool {
        let account = self.account.lock().expect("whole");
        account
            .commands
            .keys()
            .next_back()
            .is_some_and(|last| usize::try_from(*last) != Ok(account.commands.len()))
    }

    /// Ends it; what it was told.
    pub async fn stop(self) -> Account {
        self.work.abort();
        let _ = self.work.await; // aborted, or ended by a refusal that is in the account
        self.account.lock().expect("whole").clone()
    }
}

/// One stream, from its opening to its end.
async fn stream(
    account: &Mutex<Account>,
    heard: &AtomicUsize,
    channel: Channel,
    cursor: &mut i64,
    settled: &mut BTreeSet<i64>,
) -> Result<(), Status> {
    let (acks, requests) = mpsc::unbounded_channel();
    let open = pb::OpenCommands { after_sequence: *cursor };
    let mut stream = Stream { account, heard, acks, open: BTreeMap::new(), seen: *cursor };
    stream.send(stream_commands_request::Kind::Open(open));
    let mut client = CommandServiceClient::new(channel);
    let mut answers = client.stream_commands(UnboundedReceiverStream::new(requests)).await?.into_inner();
    account.lock().expect("whole").streams += 1;
    while let Some(answer) = answers.message().await? {
        match answer.kind.expect("one of them") {
            stream_commands_response::Kind::Command(command) => stream.take(command),
            stream_commands_response::Kind::Bookmark(bookmark) => {
                let missing = (*cursor + 1..=bookmark.sequence)
                    .find(|sequence| !account.lock().expect("whole").commands.contains_key(sequence));
                if let Some(missing) = missing {
                    stream.fault(format!("a bookmark at {} without {missing}", bookmark.sequence));
                }
            }
            stream_commands_response::Kind::Acked(acked) => {
                if stream.acked(&acked)? {
                    settled.insert(acked.sequence);
                    while settled.remove(&(*cursor + 1)) {
                        *cursor += 1;
                    }
                }
            }
        }
    }
    Ok(())
}

// === impl Stream ===

impl Stream<'_> {
    fn take(&mut self, command: pb::Command) {
        let sequence = command.sequence;
        if sequence > self.seen + 1 {
            self.fault(format!("{sequence} came after {}", self.seen));
        }
        self.seen = self.seen.max(sequence);
        let told = Told {
            command_id: command.command_id.clone(),
            order: command.order.clone(),
            kind: command.kind(),
            msisdns: command.msisdns.clone(),
        };
        self.note(sequence, told);
        let done = match command.kind() {
            pb::CommandKind::Verify => pb::ResultOutcome::Verified,
            _ => pb::ResultOutcome::Executed,
        };
        *self.open.entry(sequence).or_default() += 2;
        self.send(stream_commands_request::Kind::Ack(pb::CommandAck { sequence, ..Default::default() }));
        let result = pb::CommandAck { sequence, outcome: done.into(), ..Default::default() };
        self.send(stream_commands_request::Kind::Ack(result));
    }

    fn note(&self, sequence: i64, told: Told) {
        let mut account = self.account.lock().expect("whole");
        if let Some(known) = account.ids.insert(told.command_id.clone(), sequence).filter(|k| *k != sequence)
        {
            account.faults.push(format!("{} came as {known} and as {sequence}", told.command_id));
        }
        match account.commands.get(&sequence) {
            None => {
                account.commands.insert(sequence, told);
                self.heard.fetch_add(1, Ordering::AcqRel);
            }
            Some(known) if *known == told => account.again += 1,
            Some(known) => {
                let fault = format!("{sequence} came as {} and as {}", known.command_id, told.command_id);
                account.faults.push(fault);
            }
        }
    }

    /// Whether the result of a sequence is durable now.
    fn acked(&mut self, acked: &pb::CommandAcked) -> Result<bool, Status> {
        if let Some(error) = acked.error.as_ref().filter(|error| error.code != 0) {
            let status = Status::new(Code::from(error.code), error.message.clone());
            if matches!(status.code(), Code::InvalidArgument | Code::NotFound) {
                self.fault(format!("{} is not taken: {}", acked.sequence, error.message));
            }
            return Err(Status::unavailable("to be acknowledged again"));
        }
        let Some(open) = self.open.get_mut(&acked.sequence) else { return Ok(false) };
        *open -= 1;
        Ok(*open == 0)
    }

    fn fault(&self, text: String) {
        self.account.lock().expect("whole").faults.push(text);
    }

    fn send(&self, kind: stream_commands_request::Kind) {
        let _ = self.acks.send(pb::StreamCommandsRequest { kind: Some(kind) }); // a stream that ended says so itself
    }
}
