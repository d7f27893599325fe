//! The outbox: commands by receiver and sequence.

use std::{collections::BTreeSet, sync::LazyLock};

use super::{any, values};
use crate::{
    domain::{
        command::schedule::Due,
        name::ParticipantName,
        shutdown::{CommandKind, Side},
        time::Time,
    },
    store::{Row, StoreError, Tx},
};

/// A command.
#[derive(Clone, Debug, PartialEq)]
pub struct CommandRow {
    /// Whose.
    pub receiver: ParticipantName,
    /// Its place in that receiver's sequence.
    pub sequence: i64,
    /// By which the receiver knows it again.
    pub command_id: String,
    /// Of which order.
    pub order_id: String,
    /// About the numbers of this batch.
    pub batch: i64,
    /// Which of their two receivers it is.
    pub side: Side,
    /// What to do.
    pub kind: CommandKind,
    /// The numbers of the batch that are meant; `None` for all.
    pub members: Option<Vec<i64>>,
    /// How many.
    pub number_count: i64,
    /// How many were not answered.
    pub open_count: i64,
    /// When it must be acknowledged and executed.
    pub due: Due,
    /// First sent.
    pub deliver_time: Option<Time>,
    /// Acknowledged.
    pub ack_time: Option<Time>,
    /// Answered to the last number.
    pub done_time: Option<Time>,
    /// How often it was put on its way again.
    pub tries: i64,
    /// The receiver's count when it last was.
    pub resend: Option<i64>,
    /// How late it was found.
    pub late: i64,
    /// When it is looked at again.
    pub next_time: Option<Time>,
}

/// What every query here selects.
macro_rules! columns {
    () => {
        "receiver, sequence, command_id, order_id, batch, side, kind, members, number_count, open_count, release_time,
         ack_due_time, due_time, deliver_time, ack_time, done_time, tries, resend, late, next_time"
    };
}

/// Puts one into the outbox; a failure comes with a later call or the commit.
pub async fn send(tx: &mut dyn Tx, row: &CommandRow) -> Result<(), StoreError> {
    let members = row.members.as_ref().map(|members| serde_json::json!(members).to_string());
    tx.send(
        concat!(
            "INSERT INTO command (",
            columns!(),
            ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)"
        ),
        values![
            &row.receiver,
            row.sequence,
            row.command_id.as_str(),
            row.order_id.as_str(),
            row.batch,
            row.side.as_str(),
            row.kind.as_str(),
            members,
            row.number_count,
            row.open_count,
            row.due.released,
            row.due.ack,
            row.due.done,
            row.deliver_time,
            row.ack_time,
            row.done_time,
            row.tries,
            row.resend,
            row.late,
            row.next_time,
        ],
    )
    .await
}

/// Saves what changes of a command.
pub async fn save(tx: &mut dyn Tx, row: &CommandRow) -> Result<(), StoreError> {
    tx.send(
        "UPDATE command SET open_count = ?3, deliver_time = ?4, ack_time = ?5, done_time = ?6, tries = ?7, resend = ?8,
           late = ?9, next_time = ?10
         WHERE receiver = ?1 AND sequence = ?2",
        values![
            &row.receiver,
            row.sequence,
            row.open_count,
            row.deliver_time,
            row.ack_time,
            row.done_time,
            row.tries,
            row.resend,
            row.late,
            row.next_time,
        ],
    )
    .await
}

/// The orders of a receiver's commands of these sequences.
pub async fn orders_of(
    tx: &mut dyn Tx,
    receiver: &ParticipantName,
    sequences: &BTreeSet<i64>,
) -> Result<Vec<String>, StoreError> {
    static SQL: LazyLock<&'static str> = LazyLock::new(|| {
        any::text("SELECT DISTINCT order_id FROM command WHERE receiver = ?1 AND sequence IN ", 1, "")
    });
    let rows = match run(sequences) {
        Some((first, last)) => {
            let sql = "SELECT DISTINCT order_id FROM command
                       WHERE receiver = ?1 AND sequence >= ?2 AND sequence <= ?3";
            tx.query(sql, values![receiver, first, last]).await?
        }
        None => {
            let sequences: Vec<i64> = sequences.iter().copied().collect();
            any::query_ints(tx, &SQL, values![receiver], &sequences).await?
        }
    };
    rows.iter().map(|row| row.text(0).map(str::to_owned)).collect()
}

/// A receiver's commands of these sequences.
pub async fn of_sequences(
    tx: &mut dyn Tx,
    receiver: &ParticipantName,
    sequences: &BTreeSet<i64>,
) -> Result<Vec<CommandRow>, StoreError> {
    static SQL: LazyLock<&'static str> = LazyLock::new(|| {
        const BEFORE: &str =
            concat!("SELECT ", columns!(), " FROM command WHERE receiver = ?1 AND sequence IN ");
        any::text(BEFORE, 1, "")
    });
    let rows = match run(sequences) {
        Some((first, last)) => {
            const RUN: &str = concat!(
                "SELECT ",
                columns!(),
                " FROM command WHERE receiver = ?1 AND sequence >= ?2 AND sequence <= ?3"
            );
            tx.query(RUN, values![receiver, first, last]).await?
        }
        None => {
            let sequences: Vec<i64> = sequences.iter().copied().collect();
            any::query_ints(tx, &SQL, values![receiver], &sequences).await?
        }
    };
    rows.iter().map(read).collect()
}

/// The first and the last, where none between them is missing: most are acknowledged one after the other.
fn run(sequences: &BTreeSet<i64>) -> Option<(i64, i64)> {
    let (first, last) = (*sequences.first()?, *sequences.last()?);
    let all = i64::try_from(sequences.len()).ok()? == last.checked_sub(first)?.checked_add(1)?;
    all.then_some((first, last))
}

/// The commands of a receiver after a sequence, in order.
pub async fn list_after(
    tx: &mut dyn Tx,
    receiver: &ParticipantName,
    after: i64,
    limit: i64,
) -> Result<Vec<CommandRow>, StoreError> {
    let sql = concat!(
        "SELECT ",
        columns!(),
        " FROM command WHERE receiver = ?1 AND sequence > ?2 ORDER BY sequence LIMIT ?3"
    );
    tx.query(sql, values![receiver, after, limit]).await?.iter().map(read).collect()
}

/// The commands of a receiver that were put on their way again after that count, and are not done.
pub async fn list_resent(
    tx: &mut dyn Tx,
    receiver: &ParticipantName,
    after: i64,
    limit: i64,
) -> Result<Vec<CommandRow>, StoreError> {
    let sql = concat!(
        "SELECT ",
        columns!(),
        " FROM command WHERE receiver = ?1 AND resend IS NOT NULL AND resend > ?2 AND done_time IS NULL
          ORDER BY resend LIMIT ?3"
    );
    tx.query(sql, values![receiver, after, limit]).await?.iter().map(read).collect()
}

/// The commands about the numbers of a batch, in the order of their release.
pub async fn of_batch(tx: &mut dyn Tx, order_id: &str, batch: i64) -> Result<Vec<CommandRow>, StoreError> {
    let sql = concat!(
        "SELECT ",
        columns!(),
        " FROM command WHERE order_id = ?1 AND batch = ?2 ORDER BY release_time, receiver, sequence"
    );
    tx.query(sql, values![order_id, batch]).await?.iter().map(read).collect()
}

/// The orders that have a command to look at.
pub async fn due_orders(tx: &mut dyn Tx, now: Time, limit: i64) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT DISTINCT order_id FROM (SELECT order_id FROM command
                 WHERE next_time IS NOT NULL AND next_time <= ?1 ORDER BY next_time LIMIT ?2) due ORDER BY order_id";
    let rows = tx.query(sql, values![now, limit]).await?;
    rows.iter().map(|row| row.text(0).map(str::to_owned)).collect()
}

/// The commands of an order to look at, in the order of receivers and sequences.
pub async fn due_of(
    tx: &mut dyn Tx,
    order_id: &str,
    now: Time,
    limit: i64,
) -> Result<Vec<CommandRow>, StoreError> {
    let sql = concat!(
        "SELECT ",
        columns!(),
        " FROM command WHERE order_id = ?1 AND next_time IS NOT NULL AND next_time <= ?2
          ORDER BY receiver, sequence LIMIT ?3"
    );
    tx.query(sql, values![order_id, now, limit]).await?.iter().map(read).collect()
}

/// The first command of a receiver that must be kept: not done, or released since; `None` where none must.
pub async fn first_kept(
    tx: &mut dyn Tx,
    receiver: &ParticipantName,
    since: Time,
) -> Result<Option<i64>, StoreError> {
    let sql = "SELECT MIN(sequence) FROM command
               WHERE receiver = ?1 AND (done_time IS NULL OR release_time > ?2)";
    let rows = tx.query(sql, values![receiver, since]).await?;
    rows.first().map_or(Ok(None), |row| row.opt_int(0))
}

/// Forgets a receiver's commands before a sequence, the oldest first; returns how many.
pub async fn forget(tx: &mut dyn Tx, receiver: &ParticipantName, before: i64) -> Result<u64, StoreError> {
    tx.execute("DELETE FROM command WHERE receiver = ?1 AND sequence < ?2", values![receiver, before]).await
}

/// How many of an MVNO's commands are overdue: not executed in time, and not yet; and the due time of the oldest. What is
/// practice does not count.
pub async fn overdue(tx: &mut dyn Tx, mvno: &ParticipantName) -> Result<Option<(i64, Time)>, StoreError> {
    let sql = "SELECT COUNT(*), MIN(c.due_time) FROM command c JOIN shutdown_order o ON o.id = c.order_id
               WHERE c.receiver = ?1 AND c.late = 2 AND c.done_time IS NULL AND o.drill = 0";
    let rows = tx.query(sql, values![mvno]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    row.opt_time(1)?.map(|due| row.int(0).map(|count| (count, due))).transpose()
}

/// Receivers of which commands are overdue.
pub async fn overdue_receivers(tx: &mut dyn Tx) -> Result<Vec<ParticipantName>, StoreError> {
    let sql = "SELECT DISTINCT c.receiver FROM command c JOIN shutdown_order o ON o.id = c.order_id
               WHERE c.late = 2 AND c.done_time IS NULL AND o.drill = 0 ORDER BY c.receiver";
    tx.query(sql, values![]).await?.iter().map(|row| row.participant(0)).collect()
}

fn read(row: &Row) -> Result<CommandRow, StoreError> {
    sense(row).map_err(|error| error.named("command", columns!(), row.text(2).unwrap_or_default()))
}

fn sense(row: &Row) -> Result<CommandRow, StoreError> {
    let members = |text: &str| serde_json::from_str::<Vec<i64>>(text).ok();
    Ok(CommandRow {
        receiver: row.participant(0)?,
        sequence: row.int(1)?,
        command_id: row.text(2)?.to_owned(),
        order_id: row.text(3)?.to_owned(),
        batch: row.int(4)?,
        side: row.word(5, Side::parse)?,
        kind: row.word(6, CommandKind::parse)?,
        members: row.opt_text(7)?.map(|_| row.word(7, members)).transpose()?,
        number_count: row.int(8)?,
        open_count: row.int(9)?,
        due: Due { released: row.time(10)?, ack: row.time(11)?, done: row.time(12)? },
        deliver_time: row.opt_time(13)?,
        ack_time: row.opt_time(14)?,
        done_time: row.opt_time(15)?,
        tries: row.int(16)?,
        resend: row.opt_int(17)?,
        late: row.int(18)?,
        next_time: row.opt_time(19)?,
    })
}
