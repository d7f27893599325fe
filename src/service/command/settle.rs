//! Settles acknowledgements: in one transaction, whatever becomes of them, and nothing of a session that is over.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    advance,
    judge::{self, Ack, Move},
    places::Places,
    settler::Asked,
    stream::sent_entry,
};
use crate::{
    domain::{
        command::fold::Step,
        entry::{Entry, EntryKind},
        name::ParticipantName,
        refusal::{Reason, Refusal},
        shutdown::{AlarmKind, CommandKind, ResultOutcome, Side},
        time::{Clock, Time},
    },
    host,
    service::{
        Gateway,
        context::Context,
        persons::Persons,
        refusal,
        shutdown::{
            alarm::{self, Raised},
            follow,
        },
    },
    store::{
        Abort, Store, StoreError, Tx,
        sql::{
            self,
            command::CommandRow,
            shutdown::OrderRow,
            shutdown_place::{Chosen, Left},
        },
    },
    vault::index::Index,
};

/// What became of each acknowledgement, in their order.
pub type Settled = Vec<Result<(), Refusal>>;

/// Commands by their receivers and sequences.
type Commands = BTreeMap<(ParticipantName, i64), CommandRow>;
/// Orders that this transaction has locked, the youngest first.
type Locked = BTreeMap<Reverse<String>, (OrderRow, BTreeSet<i64>)>;

/// Settles what several receivers say in one transaction; what each is answered, in their order.
pub(super) async fn together(
    store: &Store,
    clock: &Arc<dyn Clock>,
    persons: &Arc<Persons>,
    asked: Vec<Asked>,
) -> Result<Vec<Result<Settled, Refusal>>, Abort> {
    let (clock, persons, asked) = (clock.clone(), persons.clone(), Arc::new(asked));
    let settled = store.write(move |tx| {
        let (asked, persons, now) = (asked.clone(), persons.clone(), clock.now());
        Box::pin(async move { settle(tx, &persons, &asked, now).await })
    });
    let (settled, alarms) = settled.await?;
    alarms.into_iter().for_each(Raised::sound);
    Ok(settled)
}

impl Gateway {
    /// Writes down that these commands of the caller were sent.
    pub async fn delivered(&self, context: &Context, sequences: Vec<i64>) -> Result<(), Refusal> {
        let (context, clock) = (context.clone(), self.clock.clone());
        let written = self.store.write(move |tx| {
            let (context, sequences, now) = (context.clone(), sequences.clone(), clock.now());
            Box::pin(async move {
                deliver(tx, &context.caller.organisation, &sequences, now).await?;
                Ok(sql::entry::append(tx, &sent_entry(&context, &sequences, now)).await?)
            })
        });
        written.await.map_err(refusal)?;
        self.signals.stir();
        Ok(())
    }
}

/// Writes down that commands were sent for the first time.
pub async fn deliver(
    tx: &mut dyn Tx,
    receiver: &ParticipantName,
    sequences: &[i64],
    now: Time,
) -> Result<(), StoreError> {
    let wanted = BTreeMap::from([(receiver.clone(), sequences.iter().copied().collect())]);
    let (orders, commands) = locked(tx, &wanted).await?;
    let mut places = Places::default();
    for mut command in commands.into_values().filter(|command| command.deliver_time.is_none()) {
        let Some((order, _)) = orders.get(&Reverse(command.order_id.clone())) else { continue };
        let moves = judge::arrived(tx, &mut places, order.kind, &command, Step::Delivered, now).await?;
        shift(tx, &mut places, &command, &moves, now).await?;
        command.deliver_time = Some(now);
        sql::command::save(tx, &command).await?;
    }
    places.write_all(tx, now).await
}

/// What an acknowledgement did.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Did {
    /// Nothing: it was said before.
    Nothing,
    /// The command has arrived.
    Arrived,
    /// Numbers were answered.
    Answered,
}

/// What one acknowledgement after the other adds to.
struct Sitting<'i> {
    index: &'i Index,
    now: Time,
    places: Places,
    alarms: Vec<Raised>,
}

async fn settle(
    tx: &mut dyn Tx,
    persons: &Persons,
    asked: &[Asked],
    now: Time,
) -> Result<(Vec<Result<Settled, Refusal>>, Vec<Raised>), Abort> {
    let over = held(tx, asked, now).await?;
    let mut wanted: BTreeMap<ParticipantName, BTreeSet<i64>> = BTreeMap::new();
    for (asked, _) in asked.iter().zip(&over).filter(|(_, over)| over.is_none()) {
        let sequences = asked.acks.iter().map(|ack| ack.sequence);
        wanted.entry(asked.claim.receiver.clone()).or_default().extend(sequences);
    }
    let (mut orders, mut commands) = locked(tx, &wanted).await?;
    let mut sitting =
        Sitting { index: persons.vault.index(), now, places: Places::default(), alarms: Vec::new() };
    let mut answers = Vec::with_capacity(asked.len());
    for (asked, over) in asked.iter().zip(over) {
        if let Some(refusal) = over {
            answers.push(Err(refusal));
            continue;
        }
        let receiver = &asked.claim.receiver;
        let mut settled = Vec::with_capacity(asked.acks.len());
        for ack in asked.acks.iter() {
            let command = commands.get_mut(&(receiver.clone(), ack.sequence));
            let found = command
                .and_then(|command| Some((orders.get_mut(&Reverse(command.order_id.clone()))?, command)));
            let Some(((order, touched), command)) = found else {
                settled.push(Err(unknown(ack.sequence)));
                continue;
            };
            settled.push(sitting.one(tx, order, command, ack).await?.inspect(|did| {
                if *did == Did::Answered {
                    touched.insert(command.batch);
                }
            }));
        }
        let entry = entered(&asked.context, receiver, &asked.acks, &settled, now);
        sql::entry::append(tx, &entry).await?;
        answers.push(Ok(settled.into_iter().map(|settled| settled.map(drop)).collect()));
    }
    sitting.places.write_all(tx, now).await?;
    for (order, touched) in orders.values_mut().filter(|(_, touched)| !touched.is_empty()) {
        advance::advance(tx, persons, order, touched, now, &mut sitting.alarms).await?;
    }
    Ok((answers, sitting.alarms))
}

/// Holds every session that counts; why each of the others does not. In the order of their receivers, as everywhere.
async fn held(tx: &mut dyn Tx, asked: &[Asked], now: Time) -> Result<Vec<Option<Refusal>>, Abort> {
    let mut by_receiver: Vec<usize> = (0..asked.len()).collect();
    by_receiver.sort_by_key(|at| &asked[*at].claim.receiver);
    let mut over = vec![None; asked.len()];
    for at in by_receiver {
        match asked[at].claim.hold(tx, now).await {
            Ok(()) => {}
            Err(Abort::Refused(refusal)) => over[at] = Some(refusal),
            Err(abort) => return Err(abort),
        }
    }
    Ok(over)
}

// === impl Sitting ===

impl Sitting<'_> {
    /// Settles one of them.
    async fn one(
        &mut self,
        tx: &mut dyn Tx,
        order: &OrderRow,
        command: &mut CommandRow,
        ack: &Ack,
    ) -> Result<Result<Did, Refusal>, Abort> {
        // It was answered to the last number: what comes again changes nothing.
        if command.done_time.is_some() {
            return Ok(Ok(Did::Nothing));
        }
        let is_first = command.ack_time.is_none();
        let moves = if ack.results.is_empty() && ack.outcome.is_none() {
            judge::arrived(tx, &mut self.places, order.kind, command, Step::Acked, self.now).await?
        } else {
            let about = (order.kind, &*command, ack);
            match judge::answered(tx, &mut self.places, self.index, about, self.now).await? {
                Ok(moves) => moves,
                Err(refusal) => return Ok(Err(refusal)),
            }
        };
        shift(tx, &mut self.places, command, &moves, self.now).await?;
        command.deliver_time.get_or_insert(self.now);
        command.ack_time.get_or_insert(self.now);
        command.next_time = Some(command.due.next(true, command.tries, self.now));
        sql::command::save(tx, command).await?;
        self.follow(tx, order, command, &moves).await?;
        self.alarm(tx, order, command, &moves).await?;
        Ok(Ok(match moves.iter().any(|step| step.outcome.is_some()) {
            true => Did::Answered,
            false if is_first || !moves.is_empty() => Did::Arrived,
            false => Did::Nothing,
        }))
    }

    /// The registry follows what the MVNO has done.
    async fn follow(
        &self,
        tx: &mut dyn Tx,
        order: &OrderRow,
        command: &CommandRow,
        moves: &[Move],
    ) -> Result<(), StoreError> {
        if command.side != Side::Mvno || command.kind == CommandKind::Verify {
            return Ok(());
        }
        // What another order decided since is that order's matter.
        let done = moves
            .iter()
            .filter(|step| step.outcome == Some(ResultOutcome::Executed) && !step.to.is_overlaid(order.kind));
        for step in done {
            follow::executed(tx, order, command.batch, step.ns.as_deref()).await?;
        }
        Ok(())
    }

    async fn alarm(
        &mut self,
        tx: &mut dyn Tx,
        order: &OrderRow,
        command: &CommandRow,
        moves: &[Move],
    ) -> Result<(), Abort> {
        let mut diverged = 0;
        for step in moves.iter().filter(|step| step.outcome == Some(ResultOutcome::Diverged)) {
            diverged += match &step.ns {
                Some(ns) => i64::try_from(ns.len()).unwrap_or(i64::MAX),
                None => command.number_count,
            };
        }
        if diverged > 0 {
            let receiver = Some(&command.receiver);
            let text = format!("{diverged} numbers are not as they were said to be.");
            let raised =
                alarm::raise(tx, AlarmKind::Diverged, order, receiver, diverged, &text, self.now).await?;
            self.alarms.push(raised);
        }
        Ok(())
    }
}

/// The receivers' commands of these sequences, and their orders, locked: with those that a restoration among them
/// restores.
async fn locked(
    tx: &mut dyn Tx,
    wanted: &BTreeMap<ParticipantName, BTreeSet<i64>>,
) -> Result<(Locked, Commands), StoreError> {
    let mut ids = BTreeSet::new();
    for (receiver, sequences) in wanted {
        ids.extend(sql::command::orders_of(tx, receiver, sequences).await?);
    }
    let mut orders = Locked::new();
    while let Some(id) = ids.pop_last() {
        if let Some(order) = sql::shutdown::lookup_locked(tx, &id).await? {
            ids.extend(order.restores.clone());
            orders.insert(Reverse(id), (order, BTreeSet::new()));
        }
    }
    // Read only now: whoever held an order until now may have changed its commands.
    let mut commands = Commands::new();
    for (receiver, sequences) in wanted {
        for command in sql::command::of_sequences(tx, receiver, sequences).await? {
            commands.insert((receiver.clone(), command.sequence), command);
        }
    }
    Ok((orders, commands))
}

async fn shift(
    tx: &mut dyn Tx,
    places: &mut Places,
    command: &CommandRow,
    moves: &[Move],
    now: Time,
) -> Result<(), StoreError> {
    for step in moves {
        let chosen = Chosen { order_id: &command.order_id, batch: command.batch, ns: step.ns.as_deref() };
        let left = Left { code: step.code.as_deref(), ..Left::at(now) };
        places.shift(tx, chosen, step.from, step.to, left).await?;
    }
    Ok(())
}

fn unknown(sequence: i64) -> Refusal {
    let text = format!("Your sequence has no command {sequence}, or it is no longer kept.");
    Refusal::new(Reason::CommandNotFound, text).with("sequence", sequence)
}

/// One entry: each that did something, and how many did nothing or were refused, and for what. An entry stays for ever,
/// so what is sent without end is told by counts.
fn entered(
    context: &Context,
    receiver: &ParticipantName,
    acks: &[Ack],
    settled: &[Result<Did, Refusal>],
    now: Time,
) -> Entry {
    let (mut done, mut again) = (Vec::new(), 0);
    let mut refused: BTreeMap<&str, usize> = BTreeMap::new();
    for (ack, settled) in acks.iter().zip(settled) {
        match settled {
            Ok(Did::Nothing) => again += 1,
            Ok(Did::Arrived | Did::Answered) => done.push(serde_json::json!({
                "sequence": ack.sequence,
                "outcome": ack.outcome.map(ResultOutcome::as_str),
                "results": ack.results.len(),
            })),
            Err(refusal) => *refused.entry(refusal.reason.as_str()).or_default() += 1,
        }
    }
    // Where nothing counted, the reason that came most often is the outcome.
    let most = refused.iter().max_by_key(|(_, count)| **count).map(|(reason, _)| *reason);
    let (kind, outcome) = match most.filter(|_| done.is_empty() && again == 0) {
        Some(reason) => (EntryKind::Refusal, reason),
        None => (EntryKind::Act, "DONE"),
    };
    let mut detail = serde_json::json!({ "acks": done });
    if again > 0 {
        detail["again"] = again.into();
    }
    if !refused.is_empty() {
        detail["refused"] = serde_json::json!(refused);
    }
    Entry {
        entry_id: host::new_id(now),
        kind,
        entry_time: now,
        caller: context.caller.to_string(),
        certificate_sha256: context.certificate_sha256.clone(),
        method: context.method.to_owned(),
        subject: receiver.to_string(),
        request_sha256: context.request_sha256.clone(),
        outcome: outcome.to_owned(),
        detail: detail.to_string(),
        revision: None,
    }
}
