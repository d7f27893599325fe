//! How fast receivers are, from what the outbox keeps.

use super::values;
use crate::{
    domain::{caller::Class, name::ParticipantName, shutdown::CommandKind, time::Time},
    store::{Row, StoreError, Tx},
};

/// Which commands count.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Only of this order.
    pub order_id: Option<String>,
    /// Drills, or real orders.
    pub drill: bool,
    /// Released since.
    pub since: Time,
}

/// A command's times.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// What was asked.
    pub kind: CommandKind,
    /// Put into the outbox.
    pub release: Time,
    /// Acknowledged.
    pub ack: Option<Time>,
    /// Answered to the last number.
    pub done: Option<Time>,
    /// Found late.
    pub late: bool,
}

/// The times of a receiver's commands.
pub async fn times(
    tx: &mut dyn Tx,
    receiver: &ParticipantName,
    filter: &Filter,
) -> Result<Vec<Times>, StoreError> {
    let rows = tx
        .query(
            "SELECT c.kind, c.release_time, c.ack_time, c.done_time, c.late FROM command c
               JOIN shutdown_order o ON o.id = c.order_id
             WHERE c.receiver = ?1 AND c.release_time >= ?2 AND o.drill = ?3 AND (?4 = '' OR c.order_id = ?4)",
            values![receiver, filter.since, i64::from(filter.drill), filter.order_id.as_deref().unwrap_or("")],
        )
        .await?;
    let one = |row: &Row| {
        Ok(Times {
            kind: row.word(0, CommandKind::parse)?,
            release: row.time(1)?,
            ack: row.opt_time(2)?,
            done: row.opt_time(3)?,
            late: row.int(4)? != 0,
        })
    };
    rows.iter()
        .map(|row| {
            one(row).map_err(|error: StoreError| error.named("command", COLUMNS, &receiver.to_string()))
        })
        .collect()
}

/// When numbers of a receiver were released and read, and how many at once.
pub async fn readings(
    tx: &mut dyn Tx,
    receiver: &ParticipantName,
    filter: &Filter,
) -> Result<Vec<(Time, Time, i64)>, StoreError> {
    const MVNO: &str = "SELECT b.release_time, v.done_time, v.number_count FROM shutdown_batch b
          JOIN command v ON v.order_id = b.order_id AND v.batch = b.batch AND v.kind = 'VERIFY'
          JOIN shutdown_order o ON o.id = b.order_id
        WHERE b.mvno = ?1 AND b.release_time >= ?2 AND o.drill = ?3 AND (?4 = '' OR b.order_id = ?4)
          AND v.done_time IS NOT NULL";
    const CARRIER: &str = "SELECT b.release_time, v.done_time, v.number_count FROM shutdown_batch b
          JOIN command v ON v.order_id = b.order_id AND v.batch = b.batch AND v.kind = 'VERIFY'
          JOIN shutdown_order o ON o.id = b.order_id
        WHERE b.carrier = ?1 AND b.release_time >= ?2 AND o.drill = ?3 AND (?4 = '' OR b.order_id = ?4)
          AND v.done_time IS NOT NULL";
    let sql = if receiver.class == Class::Mvno { MVNO } else { CARRIER };
    let order_id = filter.order_id.as_deref().unwrap_or("");
    let rows = tx.query(sql, values![receiver, filter.since, i64::from(filter.drill), order_id]).await?;
    rows.iter().map(|row| Ok((row.time(0)?, row.time(1)?, row.int(2)?))).collect()
}

/// Appeals about a receiver's numbers that were upheld.
pub async fn upheld(tx: &mut dyn Tx, receiver: &ParticipantName, filter: &Filter) -> Result<i64, StoreError> {
    let rows = tx
        .query(
            "SELECT COUNT(*) FROM appeal a
               JOIN shutdown_number s ON s.appeal_index = a.appeal_index
               JOIN shutdown_order o ON o.id = a.order_id
             WHERE a.outcome = 'UPHELD' AND (s.mvno = ?1 OR s.carrier = ?1) AND a.decide_time >= ?2 AND o.drill = ?3
               AND (?4 = '' OR a.order_id = ?4)",
            values![receiver, filter.since, i64::from(filter.drill), filter.order_id.as_deref().unwrap_or("")],
        )
        .await?;
    rows.first().ok_or_else(|| StoreError::inconsistent("appeal", "count", ""))?.int(0)
}

const COLUMNS: &str = "kind, release_time, ack_time, done_time, late";
