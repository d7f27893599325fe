//! Settles acknowledgements: in one transaction, whatever becomes of them, and nothing of a session that is over.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    advance,
    judge::{self, Ack, Move},
    session::Claim,
    stream::sent_entry,
};
use crate::{
    domain::{
        command::fold::Step,
        entry::{Entry, EntryKind},
        name::ParticipantName,
        refusal::{Reason, Refusal},
        shutdown::{AlarmKind, CommandKind, ResultOutcome, Side},
        time::Time,
    },
    host,
    service::{
        Gateway,
        context::Context,
        refusal,
        shutdown::{
            alarm::{self, Raised},
            follow,
        },
    },
    store::{
        Abort, StoreError, Tx,
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

/// Orders that this transaction has locked, the youngest first.
type Locked = BTreeMap<Reverse<String>, (OrderRow, BTreeSet<i64>)>;

impl Gateway {
    /// Settles acknowledgements of a receiver. Refused as a whole where its session is over; otherwise each is durable or
    /// refused by itself.
    pub async fn settle(&self, context: &Context, claim: &Claim, acks: Vec<Ack>) -> Result<Settled, Refusal> {
        let index = self.persons()?.vault.index().clone();
        let (acks, clock) = (Arc::new(acks), self.clock.clone());
        let (claim, context) = (claim.clone(), context.clone());
        let settled = self.store.write(move |tx| {
            let (acks, index, now) = (acks.clone(), index.clone(), clock.now());
            let (claim, context) = (claim.clone(), context.clone());
            Box::pin(async move {
                claim.hold(tx, now).await?;
                let (settled, alarms) = settle(tx, &index, &claim.receiver, &acks, now).await?;
                sql::entry::append(tx, &entered(&context, &claim.receiver, &acks, &settled, now)).await?;
                Ok((settled, alarms))
            })
        });
        let (settled, alarms) = settled.await.map_err(refusal)?;
        alarms.into_iter().for_each(Raised::sound);
        Ok(settled)
    }

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
        written.await.map_err(refusal)
    }
}

/// Writes down that commands were sent for the first time.
pub async fn deliver(
    tx: &mut dyn Tx,
    receiver: &ParticipantName,
    sequences: &[i64],
    now: Time,
) -> Result<(), StoreError> {
    let (mut orders, commands) = locked(tx, receiver, sequences).await?;
    for mut command in commands.into_iter().filter(|command| command.deliver_time.is_none()) {
        let Some((order, _)) = orders.get_mut(&Reverse(command.order_id.clone())) else { continue };
        let moves = judge::arrived(tx, order.kind, &command, Step::Delivered).await?;
        shift(tx, &command, &moves, now).await?;
        command.deliver_time = Some(now);
        sql::command::save(tx, &command).await?;
    }
    Ok(())
}

/// What one acknowledgement after the other adds to.
struct Sitting<'i> {
    index: &'i Index,
    now: Time,
    alarms: Vec<Raised>,
}

async fn settle(
    tx: &mut dyn Tx,
    index: &Index,
    receiver: &ParticipantName,
    acks: &[Ack],
    now: Time,
) -> Result<(Settled, Vec<Raised>), Abort> {
    let sequences: Vec<i64> = acks.iter().map(|ack| ack.sequence).collect();
    let (mut orders, commands) = locked(tx, receiver, &sequences).await?;
    let mut commands: BTreeMap<i64, CommandRow> =
        commands.into_iter().map(|command| (command.sequence, command)).collect();
    let mut settled = Vec::with_capacity(acks.len());
    let mut sitting = Sitting { index, now, alarms: Vec::new() };
    for ack in acks {
        let Some(command) = commands.get_mut(&ack.sequence) else {
            settled.push(Err(unknown(ack.sequence)));
            continue;
        };
        let Some((order, touched)) = orders.get_mut(&Reverse(command.order_id.clone())) else {
            settled.push(Err(unknown(ack.sequence)));
            continue;
        };
        let one = sitting.one(tx, order, command, ack).await?;
        settled.push(one.map(|answered| {
            if answered {
                touched.insert(command.batch);
            }
        }));
    }
    for (order, touched) in orders.values_mut().filter(|(_, touched)| !touched.is_empty()) {
        advance::advance(tx, order, touched, now, &mut sitting.alarms).await?;
    }
    Ok((settled, sitting.alarms))
}

// === impl Sitting ===

impl Sitting<'_> {
    /// Settles one of them; says whether numbers were answered.
    async fn one(
        &mut self,
        tx: &mut dyn Tx,
        order: &OrderRow,
        command: &mut CommandRow,
        ack: &Ack,
    ) -> Result<Result<bool, Refusal>, Abort> {
        // It was answered to the last number: what comes again changes nothing.
        if command.done_time.is_some() {
            return Ok(Ok(false));
        }
        let moves = if ack.results.is_empty() && ack.outcome.is_none() {
            judge::arrived(tx, order.kind, command, Step::Acked).await?
        } else {
            match judge::answered(tx, self.index, order.kind, command, ack).await? {
                Ok(moves) => moves,
                Err(refusal) => return Ok(Err(refusal)),
            }
        };
        shift(tx, command, &moves, self.now).await?;
        command.deliver_time.get_or_insert(self.now);
        command.ack_time.get_or_insert(self.now);
        command.next_time = Some(command.due.next(true, command.tries, self.now));
        sql::command::save(tx, command).await?;
        self.follow(tx, order, command, &moves).await?;
        self.alarm(tx, order, command, &moves).await?;
        Ok(Ok(moves.iter().any(|step| step.outcome.is_some())))
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

/// The receiver's commands of these sequences, and their orders, locked: with those that a restoration among them
/// restores.
async fn locked(
    tx: &mut dyn Tx,
    receiver: &ParticipantName,
    sequences: &[i64],
) -> Result<(Locked, Vec<CommandRow>), StoreError> {
    let wanted: BTreeSet<i64> = sequences.iter().copied().collect();
    let mut ids = BTreeSet::new();
    for sequence in &wanted {
        let found = sql::command::lookup(tx, receiver, *sequence).await?;
        ids.extend(found.map(|command| command.order_id));
    }
    let mut orders = Locked::new();
    while let Some(id) = ids.pop_last() {
        if let Some(order) = sql::shutdown::lookup_locked(tx, &id).await? {
            ids.extend(order.restores.clone());
            orders.insert(Reverse(id), (order, BTreeSet::new()));
        }
    }
    // Read again: whoever held an order until now may have changed its commands.
    let mut commands = Vec::with_capacity(wanted.len());
    for sequence in wanted {
        commands.extend(sql::command::lookup(tx, receiver, sequence).await?);
    }
    Ok((orders, commands))
}

async fn shift(tx: &mut dyn Tx, command: &CommandRow, moves: &[Move], now: Time) -> Result<(), StoreError> {
    for step in moves {
        let chosen = Chosen { order_id: &command.order_id, batch: command.batch, ns: step.ns.as_deref() };
        let left = Left { code: step.code.as_deref(), ..Left::at(now) };
        sql::shutdown_place::shift(tx, chosen, step.from, step.to, left).await?;
    }
    Ok(())
}

fn unknown(sequence: i64) -> Refusal {
    let text = format!("Your sequence has no command {sequence}, or it is no longer kept.");
    Refusal::new(Reason::CommandNotFound, text).with("sequence", sequence)
}

fn entered(
    context: &Context,
    receiver: &ParticipantName,
    acks: &[Ack],
    settled: &Settled,
    now: Time,
) -> Entry {
    let acks: Vec<_> = acks
        .iter()
        .zip(settled)
        .map(|(ack, settled)| {
            serde_json::json!({
                "sequence": ack.sequence,
                "outcome": ack.outcome.map(ResultOutcome::as_str),
                "results": ack.results.len(),
                "refused": settled.as_ref().err().map(|refusal| refusal.reason.as_str()),
            })
        })
        .collect();
    Entry {
        entry_id: host::new_id(now),
        kind: EntryKind::Act,
        entry_time: now,
        caller: context.caller.to_string(),
        certificate_sha256: context.certificate_sha256.clone(),
        method: context.method.to_owned(),
        subject: receiver.to_string(),
        request_sha256: context.request_sha256.clone(),
        outcome: "DONE".to_owned(),
        detail: serde_json::json!({ "acks": acks }).to_string(),
        revision: None,
    }
}
