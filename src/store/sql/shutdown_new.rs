//! The numbers of an order as they are drawn up.

use super::values;
use crate::{
    domain::shutdown::{Flags, NumberState},
    store::{StoreError, Tx, sql::shutdown::BatchRow},
};

/// A number that is new, without what it has in common with others: an order can have a hundred thousand.
#[derive(Clone, Debug)]
pub struct NewNumber {
    /// Its place in the list.
    pub n: i64,
    /// By which it is found.
    pub number_index: [u8; 32],
    /// Sealed.
    pub number: Box<[u8]>,
    /// By which an appeal's code is found.
    pub appeal_index: Option<[u8; 32]>,
    /// The line on it.
    pub line: Option<Box<str>>,
    /// Why.
    pub code: Option<&'static str>,
    /// What the plan said.
    pub flags: Flags,
    /// Where it is; neither of its two receivers has it.
    pub state: NumberState,
}

/// Adds a number that is new to a batch.
pub async fn send(
    tx: &mut dyn Tx,
    batch: &BatchRow,
    with: (Option<&str>, Option<&str>),
    row: &NewNumber,
) -> Result<(), StoreError> {
    tx.send(
        "INSERT INTO shutdown_number (order_id, batch, n, number_index, number, mvno, carrier, line, flags, state, code,
           mvno_state, carrier_state, appeal_index)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 'PLANNED', 'PLANNED', ?12)",
        values![
            batch.order_id.as_str(),
            batch.batch,
            row.n,
            row.number_index.to_vec(),
            row.number.to_vec(),
            with.0,
            with.1,
            row.line.as_deref(),
            row.flags.bits(),
            row.state.as_str(),
            row.code,
            row.appeal_index.map(|index| index.to_vec()),
        ],
    )
    .await
}
