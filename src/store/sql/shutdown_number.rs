//! The numbers of plans and orders: one row for each number and order.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use super::{any, shutdown_place, values};
use crate::{
    domain::{
        command::tally,
        name::ParticipantName,
        shutdown::{Flags, ImpactFlag, NumberState},
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

/// A number as every step can look at it again.
#[derive(Clone, Debug)]
pub struct Listed {
    /// In which batch.
    pub batch: i64,
    /// Its place in the list.
    pub n: i64,
    /// By which it is found.
    pub number_index: [u8; 32],
    /// Sealed.
    pub number: Vec<u8>,
    /// What the plan said.
    pub flags: Flags,
}

/// Which numbers of orders.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of this order.
    pub order_id: Option<String>,
    /// This number.
    pub number_index: Option<Vec<u8>>,
    /// In this state.
    pub state: Option<NumberState>,
    /// Of this MVNO.
    pub mvno: Option<ParticipantName>,
    /// In orders of this organisation.
    pub organisation: Option<ParticipantName>,
}

/// A number of an order, and when it was put into the outboxes.
#[derive(Clone, Debug)]
pub struct Found {
    /// The number.
    pub row: NumberRow,
    /// When.
    pub release_time: Option<Time>,
}

/// Where a page of impacts ended: flagged numbers come before those without a flag.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Mark {
    plain: bool,
    n: i64,
}

/// What every query here selects.
macro_rules! columns {
    () => {
        "order_id, batch, n, number_index, number, mvno, carrier, line, flags, state, code, mvno_state, carrier_state,
         appeal_index, execute_time, verify_time, overruled_by"
    };
}

/// A page of an order's numbers that have a flag.
pub const FLAGGED: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM shutdown_number WHERE order_id = ?1 AND flags <> 0 AND (?2 = 0 OR (flags & ?2) <> 0) AND n > ?3
      ORDER BY n LIMIT ?4"
);
/// A page of those that have none.
pub const PLAIN: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM shutdown_number WHERE order_id = ?1 AND flags = 0 AND n > ?2 ORDER BY n LIMIT ?3"
);

/// What happened to numbers, but for which. The numbers are looked up first: they have an index in the order of the page.
macro_rules! actions {
    ($rest:literal) => {
        concat!(
            "SELECT s.order_id, s.batch, s.n, s.number_index, s.number, s.mvno, s.carrier, s.line, s.flags, s.state,
               s.code, s.mvno_state, s.carrier_state, s.appeal_index, s.execute_time, s.verify_time,
               s.overruled_by, b.release_time
             FROM shutdown_number s CROSS JOIN shutdown_order o CROSS JOIN shutdown_batch b
             WHERE o.id = s.order_id AND b.order_id = s.order_id AND b.batch = s.batch
               AND o.issue_time IS NOT NULL AND (?3 = '' OR s.state = ?3) AND (?4 = '' OR s.mvno = ?4)
               AND (?5 = '' OR o.organisation = ?5) AND ",
            $rest
        )
    };
}

/// A page of what happened to an order's numbers.
pub const OF_ORDER: &str = actions!("s.order_id = ?1 AND s.n > ?2 ORDER BY s.n LIMIT ?6");

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

/// The numbers of an order after one of a batch, batch by batch.
pub async fn list_after(
    tx: &mut dyn Tx,
    order_id: &str,
    after: (i64, i64),
    limit: i64,
) -> Result<Vec<Listed>, StoreError> {
    let sql = "SELECT batch, n, number_index, number, flags FROM shutdown_number
               WHERE order_id = ?1 AND (batch, n) > (?2, ?3) ORDER BY batch, n LIMIT ?4";
    let one = |row: &Row| {
        let number_index = row.blob(2)?.try_into();
        Ok(Listed {
            batch: row.int(0)?,
            n: row.int(1)?,
            number_index: number_index
                .map_err(|_| StoreError::inconsistent("shutdown_number", "number_index", order_id))?,
            number: row.blob(3)?.to_vec(),
            flags: Flags::from_bits(row.int(4)?),
        })
    };
    tx.query(sql, values![order_id, after.0, after.1, limit]).await?.iter().map(one).collect()
}

/// How many numbers of an order have which flags.
pub async fn flags(tx: &mut dyn Tx, order_id: &str) -> Result<Vec<(Flags, i64)>, StoreError> {
    let sql = "SELECT flags, COUNT(*) FROM shutdown_number WHERE order_id = ?1 GROUP BY flags";
    let rows = tx.query(sql, values![order_id]).await?;
    rows.iter().map(|row| Ok((Flags::from_bits(row.int(0)?), row.int(1)?))).collect()
}

/// The numbers of a batch, in the order of the list.
pub async fn of_batch(tx: &mut dyn Tx, order_id: &str, batch: i64) -> Result<Vec<NumberRow>, StoreError> {
    let sql =
        concat!("SELECT ", columns!(), " FROM shutdown_number WHERE order_id = ?1 AND batch = ?2 ORDER BY n");
    tx.query(sql, values![order_id, batch]).await?.iter().map(read).collect()
}

/// The numbers of an order, in the order of the list.
pub async fn of_order(tx: &mut dyn Tx, order_id: &str) -> Result<Vec<NumberRow>, StoreError> {
    let sql = concat!("SELECT ", columns!(), " FROM shutdown_number WHERE order_id = ?1 ORDER BY n");
    tx.query(sql, values![order_id]).await?.iter().map(read).collect()
}

/// The first numbers of a plan that have a flag.
pub async fn flagged(tx: &mut dyn Tx, order_id: &str, limit: usize) -> Result<Vec<NumberRow>, StoreError> {
    let sql = concat!(
        "SELECT ",
        columns!(),
        " FROM shutdown_number WHERE order_id = ?1 AND flags <> 0 ORDER BY n LIMIT ?2"
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    tx.query(sql, values![order_id, limit]).await?.iter().map(read).collect()
}

/// Numbers of a plan after a mark: those with a flag, in the order of the list, then those without. Of one flag only
/// where one is asked for.
pub async fn impacts(
    tx: &mut dyn Tx,
    order_id: &str,
    flag: Option<ImpactFlag>,
    after: Mark,
    limit: i64,
) -> Result<Vec<NumberRow>, StoreError> {
    let bits = flag.map_or(0, |flag| Flags::default().with(flag).bits());
    let mut rows = Vec::new();
    if !after.plain {
        rows = tx.query(FLAGGED, values![order_id, bits, after.n, limit]).await?;
    }
    let left = limit - i64::try_from(rows.len()).unwrap_or(limit);
    if flag.is_none() && left > 0 {
        let from = if after.plain { after.n } else { 0 };
        rows.extend(tx.query(PLAIN, values![order_id, from, left]).await?);
    }
    rows.iter().map(read).collect()
}

/// Numbers of issued orders after such a mark: of an order in the order of its list, of one number the newest order
/// first.
pub async fn list(
    tx: &mut dyn Tx,
    filter: &Filter,
    mark: &str,
    limit: i64,
) -> Result<Vec<Found>, StoreError> {
    const OF_NUMBER: &str =
        actions!("s.number_index = ?1 AND (?2 = '' OR s.order_id < ?2) ORDER BY s.order_id DESC LIMIT ?6");
    const OF_BOTH: &str = actions!(
        "s.number_index = ?1 AND (?2 = '' OR s.order_id < ?2) AND s.order_id = ?7 ORDER BY s.order_id DESC LIMIT ?6"
    );
    let text = |name: Option<&ParticipantName>| name.map_or_else(String::new, ToString::to_string);
    let state = filter.state.map_or("", NumberState::as_str);
    let (mvno, organisation) = (text(filter.mvno.as_ref()), text(filter.organisation.as_ref()));
    let (order, after) = mark.split_once('/').unwrap_or_default();
    let rows = match (&filter.order_id, &filter.number_index) {
        (Some(id), None) => {
            let after: i64 = after.parse().unwrap_or(0);
            tx.query(OF_ORDER, values![id.as_str(), after, state, mvno, organisation, limit]).await?
        }
        (None, Some(index)) => {
            tx.query(OF_NUMBER, values![index.clone(), order, state, mvno, organisation, limit]).await?
        }
        (Some(id), Some(index)) => {
            let own = values![index.clone(), order, state, mvno, organisation, limit, id.as_str()];
            tx.query(OF_BOTH, own).await?
        }
        (None, None) => Vec::new(),
    };
    rows.iter()
        .map(|row| {
            let release_time =
                row.opt_time(17).map_err(|error| error.named("shutdown_batch", "release_time", ""))?;
            Ok(Found { row: read(row)?, release_time })
        })
        .collect()
}

/// The mark of a number as the last one of a page.
pub fn after(row: &NumberRow) -> String {
    format!("{}/{}", row.order_id, row.n)
}

/// Leaves held numbers alone for good.
pub async fn spare(tx: &mut dyn Tx, order_id: &str, ns: &[i64]) -> Result<(), StoreError> {
    for n in ns {
        tx.send(
            "UPDATE shutdown_number SET state = 'REFUSED'
             WHERE order_id = ?1 AND batch = 0 AND n = ?2 AND state = 'HELD'",
            values![order_id, *n],
        )
        .await?;
    }
    shutdown_place::forget(tx, order_id, 0).await
}

/// Takes numbers out of the batch that goes to nobody, to be put into others.
pub async fn take_out(tx: &mut dyn Tx, order_id: &str, ns: &[i64]) -> Result<(), StoreError> {
    for n in ns {
        tx.send(
            "DELETE FROM shutdown_number WHERE order_id = ?1 AND batch = 0 AND n = ?2",
            values![order_id, *n],
        )
        .await?;
    }
    let count = i64::try_from(ns.len()).unwrap_or(i64::MAX);
    tx.send(
        "UPDATE shutdown_batch SET number_count = number_count - ?2, tally = NULL
         WHERE order_id = ?1 AND batch = 0",
        values![order_id, count],
    )
    .await
}

/// How many numbers with that flag are in batches that go to somebody.
pub async fn decided(tx: &mut dyn Tx, order_id: &str, flag: ImpactFlag) -> Result<i64, StoreError> {
    let sql = "SELECT COUNT(*) FROM shutdown_number WHERE order_id = ?1 AND batch > 0 AND (flags & ?2) <> 0";
    let rows = tx.query(sql, values![order_id, Flags::default().with(flag).bits()]).await?;
    rows.first().ok_or_else(|| StoreError::inconsistent("shutdown_number", "count", order_id))?.int(0)
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

/// The orders and plans about a number, the youngest first.
pub async fn orders_of(tx: &mut dyn Tx, number_index: &[u8]) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT DISTINCT order_id FROM shutdown_number WHERE number_index = ?1 ORDER BY order_id DESC";
    let rows = tx.query(sql, values![number_index.to_vec()]).await?;
    rows.iter().map(|row| row.text(0).map(str::to_owned)).collect()
}

/// The same of many numbers at once.
pub async fn orders_of_many(tx: &mut dyn Tx, numbers: &[[u8; 32]]) -> Result<Vec<String>, StoreError> {
    static SQL: LazyLock<&'static str> = LazyLock::new(|| {
        any::text("SELECT DISTINCT order_id FROM shutdown_number WHERE number_index IN ", 0, "")
    });
    let rows = any::query(tx, &SQL, &[], numbers).await?;
    let orders: Result<BTreeSet<String>, StoreError> =
        rows.iter().map(|row| row.text(0).map(str::to_owned)).collect();
    Ok(orders?.into_iter().rev().collect())
}

/// The number of an appeal's code.
pub async fn of_appeal(tx: &mut dyn Tx, appeal_index: &[u8]) -> Result<Option<NumberRow>, StoreError> {
    let sql = concat!("SELECT ", columns!(), " FROM shutdown_number WHERE appeal_index = ?1");
    tx.query(sql, values![appeal_index.to_vec()]).await?.first().map(read).transpose()
}

/// How many numbers of an order are in each state, in the order of the states' words. Batches of which nobody has kept the
/// count are counted.
pub async fn tally(tx: &mut dyn Tx, order_id: &str) -> Result<Vec<(NumberState, i64)>, StoreError> {
    const KEPT: &str = "SELECT batch, tally FROM shutdown_batch WHERE order_id = ?1";
    const BATCH: &str = "SELECT state, COUNT(*) FROM shutdown_number WHERE order_id = ?1 AND batch = ?2
        GROUP BY state";
    let mut sums: BTreeMap<&'static str, (NumberState, i64)> = BTreeMap::new();
    let mut add = |state: NumberState, count| sums.entry(state.as_str()).or_insert((state, 0)).1 += count;
    let mut uncounted = Vec::new();
    for row in tx.query(KEPT, values![order_id]).await? {
        if row.opt_text(1)?.is_none() {
            uncounted.push((BATCH, values![order_id, row.int(0)?].to_vec()));
            continue;
        }
        let kept = row.word(1, tally::parse);
        let kept = kept.map_err(|error| error.named("shutdown_batch", "batch, tally", order_id))?;
        kept.into_iter().for_each(|(place, count)| add(place.state, count));
    }
    let pair = |row: &Row| Ok((row.word(0, NumberState::parse)?, row.int(1)?));
    for row in tx.query_all(&uncounted).await?.iter().flatten() {
        let (state, count) = pair(row)
            .map_err(|error: StoreError| error.named("shutdown_number", "state, count", order_id))?;
        add(state, count);
    }
    Ok(sums.into_values().collect())
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

// === impl Mark ===

impl Mark {
    /// After that number.
    pub fn of(row: &NumberRow) -> Self {
        Self { plain: row.flags == Flags::default(), n: row.n }
    }

    /// As [`Self::to_string`] writes it; the beginning where there is none.
    pub fn parse(text: Option<&str>) -> Self {
        let (plain, n) = text.and_then(|text| text.split_once('/')).unwrap_or(("0", "0"));
        Self { plain: plain == "1", n: n.parse().unwrap_or(0) }
    }
}

impl std::fmt::Display for Mark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", u8::from(self.plain), self.n)
    }
}
