//! A receiver: takes its stream, keeps what it must, does once what it is told, and acknowledges it.

use std::collections::{BTreeMap, HashMap, HashSet};

use greenlane::{
    domain::{
        caller::Caller,
        name::ParticipantName,
        refusal::{Reason, Refusal},
        shutdown::{CommandKind, ResultOutcome},
    },
    service::command::{
        judge::{Ack, NumberResult},
        session::Claim,
        sign::Signable,
        stream::{Event, Maker, Stream},
    },
};

use crate::world::{World, context_of, name};

/// How often it says what nobody could keep, before it gives up.
const TRIES: usize = 20;

/// A receiver, and its network.
pub struct Receiver {
    caller: Caller,
    open: Option<(Stream, Maker)>,
    /// The last sequence that it has dealt with.
    pub cursor: i64,
    /// Commands done, by their ids.
    done: HashMap<String, i64>,
    /// Each number's last command, and whether it is off.
    pub network: BTreeMap<String, (i64, bool)>,
    /// Sequences in the order in which they came, the first time.
    pub came: Vec<i64>,
    /// Ids that came more than once.
    pub again: HashSet<String>,
    /// Does whatever comes, in the order in which it came to hand: a broken one, for controls.
    pub heedless: bool,
    /// Answers of acknowledgements that were taken on the way.
    pub acked: Vec<(i64, Option<Refusal>)>,
}

/// An acknowledgement that a command has come.
pub fn arrived(sequence: i64) -> Ack {
    Ack { sequence, results: Vec::new(), outcome: None }
}

/// An acknowledgement with one outcome for all.
pub fn all(sequence: i64, outcome: ResultOutcome) -> Ack {
    Ack { sequence, results: Vec::new(), outcome: Some(outcome) }
}

/// An acknowledgement number by number.
pub fn each(sequence: i64, results: &[(&str, ResultOutcome, Option<&str>)]) -> Ack {
    let results = results.iter().map(|(msisdn, outcome, code)| NumberResult {
        msisdn: (*msisdn).to_owned(),
        outcome: *outcome,
        code: code.map(str::to_owned),
    });
    Ack { sequence, results: results.collect(), outcome: None }
}

// === impl Receiver ===

impl Receiver {
    pub fn of(text: &str) -> Self {
        let path = text.replace("mvnos/", "mvno/").replace("carriers/", "carrier/");
        Self {
            caller: crate::world::caller(&path),
            open: None,
            cursor: 0,
            done: HashMap::new(),
            network: BTreeMap::new(),
            came: Vec::new(),
            again: HashSet::new(),
            heedless: false,
            acked: Vec::new(),
        }
    }

    pub fn name(&self) -> ParticipantName {
        self.caller.organisation.clone()
    }

    /// Opens a stream where it was.
    pub async fn open(&mut self, world: &World) {
        let context = context_of(self.caller.clone());
        let stream = world.gateway.stream_commands(&context, self.cursor).await.expect("a stream");
        self.open = Some((stream, world.gateway.maker()));
    }

    /// The connection is cut.
    pub fn cut(&mut self) {
        self.open = None;
    }

    pub fn claim(&self) -> Claim {
        self.open.as_ref().expect("open").0.claim.clone()
    }

    /// The next event; a command as it is sent.
    pub async fn next(&mut self) -> Option<Result<Told, Refusal>> {
        let (stream, maker) = self.open.as_mut().expect("open");
        Some(match stream.events.recv().await? {
            Err(refusal) => Err(refusal),
            Ok(Event::Bookmark(sequence)) => Ok(Told::Bookmark(sequence)),
            Ok(Event::Acked(sequence, refused)) => Ok(Told::Acked(sequence, refused)),
            Ok(Event::Command(row)) => {
                let command = maker.make(*row).await.expect("made");
                stream.sent.send(command.row.sequence).expect("somebody writes it down");
                Ok(Told::Command(Box::new(command)))
            }
        })
    }

    /// Takes commands up to a bookmark of that sequence or a later one, in order and without a gap.
    pub async fn take_to(&mut self, sequence: i64) -> Vec<Signable> {
        let mut commands = Vec::new();
        loop {
            match self.next().await.expect("it goes on").expect("no refusal") {
                Told::Command(command) => {
                    self.note(&command);
                    commands.push(*command);
                }
                Told::Bookmark(at) => {
                    let last = self.came.last().copied().unwrap_or(self.cursor);
                    assert!(at <= last.max(self.cursor), "a bookmark {at} above the last command {last}");
                    if at >= sequence {
                        return commands;
                    }
                }
                Told::Acked(sequence, refused) => self.acked.push((sequence, refused)),
            }
        }
    }

    fn note(&mut self, command: &Signable) {
        let sequence = command.row.sequence;
        if self.came.last().is_none_or(|last| sequence > *last) {
            if let Some(last) = self.came.last() {
                assert_eq!(sequence, last + 1, "a gap");
            }
            self.came.push(sequence);
        } else {
            self.again.insert(command.row.command_id.clone());
        }
    }

    /// Does what it is told, once for each id; a number follows the highest sequence alone. Returns how it answers.
    pub fn execute(&mut self, command: &Signable) -> Ack {
        let sequence = command.row.sequence;
        let known = self.done.insert(command.row.command_id.clone(), sequence);
        assert!(known.is_none_or(|known| known == sequence), "an id has one sequence");
        self.cursor = self.cursor.max(sequence);
        let off = match command.row.kind {
            CommandKind::Shutdown => true,
            CommandKind::Restore => false,
            CommandKind::Verify => return all(sequence, ResultOutcome::Verified),
        };
        for told in &command.numbers {
            let line = self.network.entry(told.msisdn.clone()).or_insert((0, false));
            if line.0 < sequence || self.heedless {
                *line = (sequence, off);
            }
        }
        all(sequence, ResultOutcome::Executed)
    }

    pub async fn ack(&self, world: &World, ack: Ack) -> Result<(), Refusal> {
        let context = context_of(self.caller.clone());
        let settled = world.gateway.settle(&context, &self.claim(), vec![ack]).await?;
        settled.into_iter().next().expect("one")
    }

    /// Acknowledges as a client does: what is UNAVAILABLE is said again.
    async fn insist(&self, world: &World, ack: Ack) {
        for _ in 0..TRIES {
            match self.ack(world, ack.clone()).await {
                Err(refusal) if refusal.reason == Reason::StoreUnavailable => {}
                settled => return settled.expect("settled"),
            }
        }
        panic!("unavailable {TRIES} times");
    }

    /// Takes, executes and acknowledges until its sequence is at an end.
    pub async fn work(&mut self, world: &World, last: i64) {
        let mut commands = self.take_to(last).await;
        if self.heedless {
            commands.reverse();
        }
        for command in commands {
            let ack = self.execute(&command);
            self.insist(world, ack).await;
        }
    }
}

/// What a receiver is told.
pub enum Told {
    Command(Box<Signable>),
    Bookmark(i64),
    Acked(i64, Option<Refusal>),
}

/// The last sequence of a receiver.
pub async fn last(world: &World, receiver: &str) -> i64 {
    let receiver = name(receiver);
    let read = world.store().read(crate::world::working(move |tx| {
        let receiver = receiver.clone();
        Box::pin(async move { Ok(greenlane::store::sql::receiver::mark(tx, &receiver).await?.last) })
    }));
    read.await.expect("read")
}

/// Every receiver works until nobody has anything left to do.
pub async fn quiesce(world: &World, receivers: &mut [&mut Receiver]) {
    loop {
        let mut done = true;
        for receiver in receivers.iter_mut() {
            let last = last(world, &receiver.name().to_string()).await;
            if receiver.cursor < last {
                done = false;
                receiver.work(world, last).await;
            }
        }
        if done {
            return;
        }
    }
}

#[track_caller]
pub fn refused(result: Result<(), Refusal>, reason: Reason) {
    assert_eq!(result.expect_err("refused").reason, reason);
}
