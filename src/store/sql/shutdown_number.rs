//! The numbers of plans and orders: one row for each number and order.

use std::sync::LazyLock;

use super::{any, values};
use crate::{
    domain::{
        name::ParticipantName,
        shutdown::{Flags, NumberState, Side},
        time::Time,
    },
    store::{Row, StoreError, Tx},
    vault::Column,
};

/// A number in E.164, sealed by its order's data key at `<order>/<n>`.
pub const NUMBER: Column = Column::of("shutdown_number", "number");

/// One number of an order.
#[derive(Clone, Debug, PartialEq)]
pub struct NumberRow {
    /// Of which order.
    pub order_id: String,
    /// In which batch.
    pub batch: i64,
    /// Its place in the list.
    pub n: i64,
    /// By which it is found.
    pub number_index: Vec<u8>,
    /// Sealed; `None` once erased.
    pub number: Option<Vec<u8>>,
    /// Whose.
    pub mvno: Option<ParticipantName>,
    /// On whose network.
    pub carrier: Option<ParticipantName>,
    /// The line on it when it was planned.
    pub line: Option<String>,
    /// What the plan said.
    pub flags: Flags,
    /// Where it is.
    pub state: NumberState,
    /// Why.
    pub code: Option<String>,
    /// Where its MVNO is with it.
    pub mvno_state: NumberState,
    /// Where its carrier is with it.
    pub carrier_state: NumberState,
    /// By which an appeal's code is found.
    pub appeal_index: Option<Vec<u8>>,
    /// When both had done it.
    pub execute_time: Option<Time>,
    /// When the carrier had read it.
    pub verify_time: Option<Time>,
    /// The order that won.
    pub overruled_by: Option<String>,
}

/// What every query here selects.
macro_rules! columns {
    () => {
        "order_id, batch, n, number_index, number, mvno, carrier, line, flags, state, code, mvno_state, carrier_state,
         appeal_index, execute_time, verify_time, overruled_by"
    };
}

/// Adds a number; a failure comes with a later call or the commit.
pub async fn send(tx: &mut dyn Tx, row: &NumberRow) -> Result<(), StoreError> {
    tx.send(
        concat!(
            "INSERT INTO shutdown_number (",
            columns!(),
            ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)"
        ),
        values![
            row.order_id.as_str(),
            row.batch,
            row.n,
            row.number_index.clone(),
            row.number.clone(),
            row.mvno.as_ref(),
            row.carrier.as_ref(),
            row.line.as_deref(),
            row.flags.bits(),
            row.state.as_str(),
            row.code.as_deref(),
            row.mvno_state.as_str(),
            row.carrier_state.as_str(),
            row.appeal_index.clone(),
            row.execute_time,
            row.verify_time,
            row.overruled_by.as_deref(),
        ],
    )
    .await
}

/// The numbers of a batch, in the order of the list.
pub async fn of_batch(tx: &mut dyn Tx, order_id: &str, batch: i64) -> Result<Vec<NumberRow>, StoreError> {
    let sql =
        concat!("SELECT ", columns!(), " FROM shutdown_number WHERE order_id = ?1 AND batch = ?2 ORDER BY n");
    tx.query(sql, values![order_id, batch]).await?.iter().map(read).collect()
}

/// The sealed numbers of a batch, in the order of the list; `None` for one that was erased.
pub async fn sealed(
    tx: &mut dyn Tx,
    order_id: &str,
    batch: i64,
) -> Result<Vec<(i64, Option<Vec<u8>>)>, StoreError> {
    let sql = "SELECT n, number FROM shutdown_number WHERE order_id = ?1 AND batch = ?2 ORDER BY n";
    let rows = tx.query(sql, values![order_id, batch]).await?;
    let one = |row: &Row| match row.0.get(1) {
        Some(crate::store::Value::Null) => Ok((row.int(0)?, None)),
        _ => Ok((row.int(0)?, Some(row.blob(1)?.to_vec()))),
    };
    rows.iter().map(one).collect()
}

/// Numbers of an order by their places in the list.
pub async fn of_places(tx: &mut dyn Tx, order_id: &str, ns: &[i64]) -> Result<Vec<NumberRow>, StoreError> {
    static SQL: LazyLock<&'static str> = LazyLock::new(|| {
        const BEFORE: &str =
            concat!("SELECT ", columns!(), " FROM shutdown_number WHERE order_id = ?1 AND n IN ");
        any::text(BEFORE, 1, "")
    });
    any::query_ints(tx, &SQL, values![order_id], ns).await?.iter().map(read).collect()
}

/// A number in every order, the newest first.
pub async fn of_number(tx: &mut dyn Tx, number_index: &[u8]) -> Result<Vec<NumberRow>, StoreError> {
    let sql = concat!(
        "SELECT ",
        columns!(),
        " FROM shutdown_number WHERE number_index = ?1 ORDER BY order_id DESC, n"
    );
    tx.query(sql, values![number_index.to_vec()]).await?.iter().map(read).collect()
}

/// The number of an appeal's code.
pub async fn of_appeal(tx: &mut dyn Tx, appeal_index: &[u8]) -> Result<Option<NumberRow>, StoreError> {
    let sql = concat!("SELECT ", columns!(), " FROM shutdown_number WHERE appeal_index = ?1");
    tx.query(sql, values![appeal_index.to_vec()]).await?.first().map(read).transpose()
}

/// How many numbers of an order are in each state.
pub async fn tally(tx: &mut dyn Tx, order_id: &str) -> Result<Vec<(NumberState, i64)>, StoreError> {
    let sql = "SELECT state, COUNT(*) FROM shutdown_number WHERE order_id = ?1 GROUP BY state";
    let rows = tx.query(sql, values![order_id]).await?;
    let pair = |row: &Row| Ok((row.word(0, NumberState::parse)?, row.int(1)?));
    rows.iter()
        .map(|row| {
            pair(row).map_err(|error: StoreError| error.named("shutdown_number", "state, count", order_id))
        })
        .collect()
}

/// Moves every number of a batch that is in one state to another, as a whole and on one side.
pub async fn move_batch(
    tx: &mut dyn Tx,
    order_id: &str,
    batch: i64,
    side: Side,
    from: NumberState,
    to: NumberState,
) -> Result<(), StoreError> {
    let sql = match side {
        Side::Mvno => {
            "UPDATE shutdown_number SET mvno_state = ?4
             WHERE order_id = ?1 AND batch = ?2 AND mvno_state = ?3"
        }
        Side::Carrier => {
            "UPDATE shutdown_number SET carrier_state = ?4
             WHERE order_id = ?1 AND batch = ?2 AND carrier_state = ?3"
        }
    };
    tx.send(sql, values![order_id, batch, from.as_str(), to.as_str()]).await
}

/// Saves what changes of a number.
pub async fn save(tx: &mut dyn Tx, row: &NumberRow) -> Result<(), StoreError> {
    tx.send(
        "UPDATE shutdown_number SET state = ?4, code = ?5, mvno_state = ?6, carrier_state = ?7, execute_time = ?8,
           verify_time = ?9, overruled_by = ?10
         WHERE order_id = ?1 AND batch = ?2 AND n = ?3",
        values![
            row.order_id.as_str(),
            row.batch,
            row.n,
            row.state.as_str(),
            row.code.as_deref(),
            row.mvno_state.as_str(),
            row.carrier_state.as_str(),
            row.execute_time,
            row.verify_time,
            row.overruled_by.as_deref(),
        ],
    )
    .await
}

fn read(row: &Row) -> Result<NumberRow, StoreError> {
    sense(row).map_err(|error| error.named("shutdown_number", columns!(), row.text(0).unwrap_or_default()))
}

fn sense(row: &Row) -> Result<NumberRow, StoreError> {
    let opt_text = |at| row.opt_text(at).map(|text| text.map(str::to_owned));
    let opt_name = |at| row.opt_text(at)?.map(|_| row.participant(at)).transpose();
    let opt_blob = |at: usize| match row.0.get(at) {
        Some(crate::store::Value::Null) => Ok(None),
        _ => row.blob(at).map(|bytes| Some(bytes.to_vec())),
    };
    Ok(NumberRow {
        order_id: row.text(0)?.to_owned(),
        batch: row.int(1)?,
        n: row.int(2)?,
        number_index: row.blob(3)?.to_vec(),
        number: opt_blob(4)?,
        mvno: opt_name(5)?,
        carrier: opt_name(6)?,
        line: opt_text(7)?,
        flags: Flags::from_bits(row.int(8)?),
        state: row.word(9, NumberState::parse)?,
        code: opt_text(10)?,
        mvno_state: row.word(11, NumberState::parse)?,
        carrier_state: row.word(12, NumberState::parse)?,
        appeal_index: opt_blob(13)?,
        execute_time: row.opt_time(14)?,
        verify_time: row.opt_time(15)?,
        overruled_by: opt_text(16)?,
    })
}
