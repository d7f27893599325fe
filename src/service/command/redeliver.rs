//! What was not acknowledged or executed in time: it is put on its way again, its numbers are shown as late, and
//! somebody is told.

use std::collections::BTreeMap;

use crate::{
    domain::{
        command::{fold::Step, schedule::Late},
        name::ParticipantName,
        refusal::Refusal,
        shutdown::AlarmKind,
        time::Time,
    },
    service::{
        Gateway, refusal,
        shutdown::alarm::{self, Raised},
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
};

/// Orders looked at in a round, and commands of each in one transaction.
const ORDERS: i64 = 100;
const COMMANDS: i64 = 200;

impl Gateway {
    /// Puts on its way again what is due. Returns how many commands.
    pub async fn redeliver(&self) -> Result<u64, Refusal> {
        let now = self.clock.now();
        let due = self
            .store
            .read(move |tx| Box::pin(async move { Ok(sql::command::due_orders(tx, now, ORDERS).await?) }));
        let mut done = 0;
        for id in due.await.map_err(refusal)? {
            let clock = self.clock.clone();
            let settled = self.store.write(move |tx| {
                let (id, now) = (id.clone(), clock.now());
                Box::pin(async move { again(tx, &id, now).await })
            });
            let (many, alarms) = settled.await.map_err(refusal)?;
            alarms.into_iter().for_each(Raised::sound);
            done += many;
        }
        Ok(done)
    }
}

async fn again(tx: &mut dyn Tx, id: &str, now: Time) -> Result<(u64, Vec<Raised>), Abort> {
    let Some(order) = sql::shutdown::lookup_locked(tx, id).await? else { return Ok((0, Vec::new())) };
    let mut late: BTreeMap<(ParticipantName, Late), i64> = BTreeMap::new();
    let due = sql::command::due_of(tx, id, now, COMMANDS).await?;
    let many = u64::try_from(due.len()).unwrap_or(u64::MAX);
    for mut command in due {
        let how = command.due.late(command.ack_time.is_some(), now);
        if how.as_int() > command.late {
            command.late = how.as_int();
            *late.entry((command.receiver.clone(), how)).or_default() += command.open_count;
        }
        if how == Late::Done {
            show(tx, &order, &command, now).await?;
        }
        if how != Late::No {
            command.tries += 1;
            command.resend = Some(sql::receiver::resend(tx, &command.receiver).await?);
        }
        command.next_time = Some(command.due.next(command.ack_time.is_some(), command.tries, now));
        sql::command::save(tx, &command).await?;
    }
    tx.mark_changed();
    let mut alarms = Vec::new();
    for ((receiver, how), numbers) in late {
        let what = if how == Late::Done { "executed" } else { "acknowledged" };
        let text = format!("{receiver} has not {what} in time what it was ordered for {numbers} numbers.");
        let kind = AlarmKind::Overdue;
        alarms.push(alarm::raise(tx, kind, &order, Some(&receiver), numbers, &text, now).await?);
    }
    Ok((many, alarms))
}

/// Shows its numbers as late, those that are.
async fn show(tx: &mut dyn Tx, order: &OrderRow, command: &CommandRow, now: Time) -> Result<(), StoreError> {
    let chosen = Chosen { order_id: &order.id, batch: command.batch, ns: command.members.as_deref() };
    for (from, _) in sql::shutdown_place::tally(tx, chosen).await? {
        let to = from.after(order.kind, Step::Late).unwrap_or(from);
        if to != from {
            sql::shutdown_place::shift(tx, chosen, from, to, Left::at(now)).await?;
        }
    }
    Ok(())
}
