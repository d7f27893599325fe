//! Appeals, with what is sealed beside them: the number of the order's row, and what the subscriber said.

use super::values;
use crate::{
    domain::{
        appeal::Appeal,
        name::ParticipantName,
        shutdown::{AppealOutcome, AppealState},
        time::Time,
    },
    store::{Row, StoreError, Tx},
    vault::Column,
};

/// What the subscriber said, sealed by the order's data key at the appeal's row.
pub const STATEMENT: Column = Column::of("appeal", "statement");

/// An appeal with what is sealed, and by what it opens.
#[derive(Clone, Debug)]
pub struct Sealed {
    /// The appeal.
    pub appeal: Appeal,
    /// What the subscriber said; `None` once erased.
    pub statement: Option<Vec<u8>>,
    /// The number; `None` once erased.
    pub number: Option<Vec<u8>>,
    /// The data key of the order, wrapped.
    pub wrapped_key: Vec<u8>,
}

/// Which appeals, in the order of filing, which is that of their due times.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// About orders of this organisation.
    pub organisation: Option<ParticipantName>,
    /// About numbers of this MVNO.
    pub mvno: Option<ParticipantName>,
    /// About this order.
    pub order_id: Option<String>,
    /// In this state.
    pub state: Option<AppealState>,
}

/// What every query of appeals here selects.
macro_rules! columns {
    () => {
        "a.id, a.order_id, a.n, a.organisation, a.mvno, a.state, a.file_time, a.due_time, a.alarm_time, a.outcome,
         a.decided_by, a.decide_time, a.reason, a.restoration"
    };
}

/// What every query of sealed appeals selects, with its joins.
macro_rules! sealed {
    () => {
        concat!(
            "SELECT ",
            columns!(),
            ", a.statement, s.number, o.wrapped_key FROM appeal a
             JOIN shutdown_order o ON o.id = a.order_id
             LEFT JOIN shutdown_number s ON s.appeal_index = a.appeal_index "
        )
    };
}

/// Files an appeal; `Duplicate` where the number has one.
pub async fn add(
    tx: &mut dyn Tx,
    appeal: &Appeal,
    appeal_index: &[u8],
    statement: Vec<u8>,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO appeal (id, order_id, n, organisation, mvno, state, appeal_index, statement, file_time, due_time)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        values![
            appeal.id.as_str(),
            appeal.order_id.as_str(),
            appeal.n,
            &appeal.organisation,
            &appeal.mvno,
            appeal.state.as_str(),
            appeal_index.to_vec(),
            statement,
            appeal.file_time,
            appeal.due_time,
        ],
    )
    .await
    .map(drop)
}

/// Writes what came of an appeal.
pub async fn save(tx: &mut dyn Tx, appeal: &Appeal) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE appeal SET state = ?2, alarm_time = ?3, outcome = ?4, decided_by = ?5, decide_time = ?6, reason = ?7,
           restoration = ?8 WHERE id = ?1",
        values![
            appeal.id.as_str(),
            appeal.state.as_str(),
            appeal.alarm_time,
            appeal.outcome.map(AppealOutcome::as_str),
            appeal.decided_by.as_deref(),
            appeal.decide_time,
            appeal.reason.as_deref(),
            appeal.restoration.as_deref(),
        ],
    )
    .await
    .map(drop)
}

/// Writes all that was said for one, sealed. Its row is locked.
pub async fn say(tx: &mut dyn Tx, id: &str, statement: Vec<u8>) -> Result<(), StoreError> {
    tx.execute("UPDATE appeal SET statement = ?2 WHERE id = ?1", values![id, statement]).await.map(drop)
}

/// The appeal of a code.
pub async fn by_code(tx: &mut dyn Tx, appeal_index: &[u8]) -> Result<Option<Appeal>, StoreError> {
    let sql = concat!("SELECT ", columns!(), " FROM appeal a WHERE a.appeal_index = ?1");
    tx.query(sql, values![appeal_index.to_vec()]).await?.first().map(read).transpose()
}

/// One appeal.
pub async fn lookup(tx: &mut dyn Tx, id: &str) -> Result<Option<Appeal>, StoreError> {
    let sql = concat!("SELECT ", columns!(), " FROM appeal a WHERE a.id = ?1");
    tx.query(sql, values![id]).await?.first().map(read).transpose()
}

/// The same, with every other transaction kept off it until this one ends. Its order's row is locked before it.
pub async fn lookup_locked(tx: &mut dyn Tx, id: &str) -> Result<Option<Appeal>, StoreError> {
    let sql = concat!("SELECT ", columns!(), " FROM appeal a WHERE a.id = ?1 FOR UPDATE");
    tx.query(sql, values![id]).await?.first().map(read).transpose()
}

/// One appeal with what is sealed.
pub async fn lookup_sealed(tx: &mut dyn Tx, id: &str) -> Result<Option<Sealed>, StoreError> {
    let sql = concat!(sealed!(), "WHERE a.id = ?1");
    tx.query(sql, values![id]).await?.first().map(read_sealed).transpose()
}

/// Appeals after an id, with what is sealed.
pub async fn list(
    tx: &mut dyn Tx,
    filter: &Filter,
    after: &str,
    limit: i64,
) -> Result<Vec<Sealed>, StoreError> {
    let sql = concat!(
        sealed!(),
        "WHERE (?1 = '' OR a.organisation = ?1) AND (?2 = '' OR a.mvno = ?2) AND (?3 = '' OR a.order_id = ?3)
           AND (?4 = '' OR a.state = ?4) AND a.id > ?5 ORDER BY a.id LIMIT ?6"
    );
    let name = |name: &Option<ParticipantName>| name.as_ref().map(ToString::to_string).unwrap_or_default();
    let rows = tx
        .query(
            sql,
            values![
                name(&filter.organisation),
                name(&filter.mvno),
                filter.order_id.as_deref().unwrap_or(""),
                filter.state.map_or("", AppealState::as_str),
                after,
                limit,
            ],
        )
        .await?;
    rows.iter().map(read_sealed).collect()
}

/// Appeals that are late and were not alarmed yet.
pub async fn overdue(tx: &mut dyn Tx, now: Time, limit: i64) -> Result<Vec<Appeal>, StoreError> {
    let sql = concat!(
        "SELECT ",
        columns!(),
        " FROM appeal a WHERE a.state = 'OPEN' AND a.due_time <= ?1 AND a.alarm_time IS NULL
          ORDER BY a.due_time LIMIT ?2 FOR UPDATE"
    );
    tx.query(sql, values![now, limit]).await?.iter().map(read).collect()
}

fn read(row: &Row) -> Result<Appeal, StoreError> {
    sense(row).map_err(|error| error.named("appeal", columns!(), row.text(0).unwrap_or_default()))
}

fn read_sealed(row: &Row) -> Result<Sealed, StoreError> {
    let opt_blob = |at: usize| match row.0.get(at) {
        Some(crate::store::Value::Null) => Ok(None),
        _ => row.blob(at).map(|bytes| Some(bytes.to_vec())),
    };
    let sealed = || -> Result<Sealed, StoreError> {
        Ok(Sealed {
            appeal: read(row)?,
            statement: opt_blob(14)?,
            number: opt_blob(15)?,
            wrapped_key: row.blob(16)?.to_vec(),
        })
    };
    sealed().map_err(|error| {
        error.named("appeal", "statement, number, wrapped_key", row.text(0).unwrap_or_default())
    })
}

fn sense(row: &Row) -> Result<Appeal, StoreError> {
    let opt_text = |at| row.opt_text(at).map(|text| text.map(str::to_owned));
    Ok(Appeal {
        id: row.text(0)?.to_owned(),
        order_id: row.text(1)?.to_owned(),
        n: row.int(2)?,
        organisation: row.participant(3)?,
        mvno: row.participant(4)?,
        state: row.word(5, AppealState::parse)?,
        file_time: row.time(6)?,
        due_time: row.time(7)?,
        alarm_time: row.opt_time(8)?,
        outcome: row.opt_text(9)?.map(|_| row.word(9, AppealOutcome::parse)).transpose()?,
        decided_by: opt_text(10)?,
        decide_time: row.opt_time(11)?,
        reason: opt_text(12)?,
        restoration: opt_text(13)?,
    })
}
