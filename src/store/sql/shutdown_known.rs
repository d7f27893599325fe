//! What the record knows of many numbers at once: their lines, who held them before, and what orders did to them.

use std::sync::LazyLock;

use super::{any, values};
use crate::{
    domain::{
        name::ParticipantName,
        shutdown::{CommandKind, NumberState, Scopes},
        time::Time,
    },
    store::{Row, StoreError, Tx},
};

/// The index of a number.
pub type Index = [u8; 32];

/// The live line of a number.
#[derive(Clone, Debug)]
pub struct Live {
    /// Of which number.
    pub number_index: Index,
    /// The key of its row.
    pub id: String,
    /// Whose.
    pub mvno: ParticipantName,
    /// Who has it.
    pub subject: String,
    /// Of an industry user.
    pub industry: bool,
    /// From when.
    pub start_time: Time,
    /// When that was recorded.
    pub record_time: Time,
}

/// A number in another plan or order.
#[derive(Clone, Copy, Debug)]
pub struct Past {
    /// Which number.
    pub number_index: Index,
    /// What the order does.
    pub kind: CommandKind,
    /// What was asked of this number of it; `None` where it goes to nobody.
    pub asked: Option<CommandKind>,
    /// Practice.
    pub drill: bool,
    /// What it cuts, or lets back.
    pub scopes: Scopes,
    /// When it was planned.
    pub plan_time: Time,
    /// Where the number is in it.
    pub state: NumberState,
    /// When the carrier read it.
    pub verify_time: Option<Time>,
    /// Another order won it.
    pub overruled: bool,
}

/// What else a registration names, sealed.
#[derive(Clone, Debug)]
pub struct Details {
    /// Of which line.
    pub line: String,
    /// The key of its row.
    pub id: String,
    /// The sealed details.
    pub details: Vec<u8>,
}

/// A subject, by what it opens.
#[derive(Clone, Debug)]
pub struct Holder {
    /// The key of its row.
    pub id: String,
    /// Whose.
    pub mvno: ParticipantName,
    /// Its data key, wrapped.
    pub wrapped_key: Vec<u8>,
}

/// The live lines of these numbers.
pub async fn live(tx: &mut dyn Tx, numbers: &[Index]) -> Result<Vec<Live>, StoreError> {
    static SQL: LazyLock<&'static str> = LazyLock::new(|| {
        let before = "SELECT number_index, id, mvno, subject, assessment, start_time, record_time FROM line
            WHERE end_time IS NULL AND number_index IN ";
        any::text(before, 0, "")
    });
    let one = |row: &Row| {
        Ok(Live {
            number_index: index(row)?,
            id: row.text(1)?.to_owned(),
            mvno: row.participant(2)?,
            subject: row.text(3)?.to_owned(),
            industry: row.opt_text(4)?.is_some(),
            start_time: row.time(5)?,
            record_time: row.time(6)?,
        })
    };
    any::query(tx, &SQL, &[], numbers).await?.iter().map(one).collect()
}

/// When the last of their ended lines ended, for those of these numbers that had one.
pub async fn released(tx: &mut dyn Tx, numbers: &[Index]) -> Result<Vec<(Index, Time)>, StoreError> {
    static SQL: LazyLock<&'static str> = LazyLock::new(|| {
        let before = "SELECT number_index, MAX(end_time) FROM line
            WHERE end_time IS NOT NULL AND number_index IN ";
        any::text(before, 0, " GROUP BY number_index")
    });
    let rows = any::query(tx, &SQL, &[], numbers).await?;
    rows.iter().map(|row| Ok((index(row)?, row.time(1)?))).collect()
}

/// Every other plan and order that these numbers are in.
pub async fn past(tx: &mut dyn Tx, not: &str, numbers: &[Index]) -> Result<Vec<Past>, StoreError> {
    static SQL: LazyLock<&'static str> = LazyLock::new(|| {
        let before =
            "SELECT s.number_index, o.kind, b.kind, s.batch, o.drill, o.scopes, o.plan_time, s.state,
              s.verify_time, s.overruled_by
            FROM shutdown_number s
              JOIN shutdown_order o ON o.id = s.order_id
              JOIN shutdown_batch b ON b.order_id = s.order_id AND b.batch = s.batch
            WHERE s.order_id <> ?1 AND s.number_index IN ";
        any::text(before, 1, "")
    });
    let one = |row: &Row| {
        let asked = row.word(2, CommandKind::parse)?;
        Ok(Past {
            number_index: index(row)?,
            kind: row.word(1, CommandKind::parse)?,
            asked: (row.int(3)? > 0).then_some(asked),
            drill: row.int(4)? != 0,
            scopes: Scopes::from_bits(row.int(5)?),
            plan_time: row.time(6)?,
            state: row.word(7, NumberState::parse)?,
            verify_time: row.opt_time(8)?,
            overruled: row.opt_text(9)?.is_some(),
        })
    };
    any::query(tx, &SQL, values![not], numbers).await?.iter().map(one).collect()
}

/// Those of these subjects who have one live line in all, at whatever MVNO.
pub async fn sole(tx: &mut dyn Tx, subjects: &[&str]) -> Result<Vec<String>, StoreError> {
    static SQL: LazyLock<&'static str> = LazyLock::new(|| {
        let before = "SELECT s.id FROM subject s WHERE (
              SELECT COUNT(*) FROM subject other JOIN line l ON l.subject = other.id AND l.end_time IS NULL
              WHERE other.document_index = s.document_index) = 1 AND s.id IN ";
        any::text(before, 0, "")
    });
    let rows = any::query_texts(tx, &SQL, subjects).await?;
    rows.iter().map(|row| row.text(0).map(str::to_owned)).collect()
}

/// What else the registrations of these lines name.
pub async fn details(tx: &mut dyn Tx, lines: &[&str]) -> Result<Vec<Details>, StoreError> {
    static SQL: LazyLock<&'static str> = LazyLock::new(|| {
        let before = "SELECT line, id, details FROM registration WHERE details IS NOT NULL AND line IN ";
        any::text(before, 0, "")
    });
    let one = |row: &Row| {
        let (line, id) = (row.text(0)?.to_owned(), row.text(1)?.to_owned());
        Ok(Details { line, id, details: row.blob(2)?.to_vec() })
    };
    any::query_texts(tx, &SQL, lines).await?.iter().map(one).collect()
}

/// These subjects, where they are not erased.
pub async fn holders(tx: &mut dyn Tx, subjects: &[&str]) -> Result<Vec<Holder>, StoreError> {
    static SQL: LazyLock<&'static str> = LazyLock::new(|| {
        any::text("SELECT id, mvno, wrapped_key FROM subject WHERE wrapped_key IS NOT NULL AND id IN ", 0, "")
    });
    let one = |row: &Row| {
        let wrapped_key = row.blob(2)?.to_vec();
        Ok(Holder { id: row.text(0)?.to_owned(), mvno: row.participant(1)?, wrapped_key })
    };
    any::query_texts(tx, &SQL, subjects).await?.iter().map(one).collect()
}

/// Whether an MVNO has that many live lines at least.
pub async fn has_lines(tx: &mut dyn Tx, mvno: &ParticipantName, least: i64) -> Result<bool, StoreError> {
    let sql =
        "SELECT COUNT(*) FROM (SELECT 1 FROM line WHERE mvno = ?1 AND end_time IS NULL LIMIT ?2) counted";
    let rows = tx.query(sql, values![mvno, least]).await?;
    let counted = rows.first().map_or(Ok(0), |row| row.int(0))?;
    Ok(counted >= least)
}

fn index(row: &Row) -> Result<Index, StoreError> {
    row.blob(0)?.try_into().map_err(|_| StoreError::inconsistent("shutdown_number", "number_index", ""))
}
