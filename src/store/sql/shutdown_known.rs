//! What the record knows of many numbers at once: their lines, who held them before, and what orders did to them.

use std::sync::LazyLock;

use super::{any, values};
use crate::{
    domain::{
        name::ParticipantName,
        shutdown::{CommandKind, NumberState, Scopes, tenancy::Former},
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

/// The ended lines of those of these numbers that have a live one, each number's the latest first: whose they were, seen
/// from who has it now. One holder is one document, at whichever MVNO.
pub async fn former(tx: &mut dyn Tx, numbers: &[Index]) -> Result<Vec<(Index, Former)>, StoreError> {
    static SQL: LazyLock<&'static str> = LazyLock::new(|| {
        let before = "SELECT l.number_index, e.start_time, e.record_time, e.end_time,
              CAST(CASE WHEN e.subject = l.subject OR d.document_index = h.document_index THEN 1 ELSE 0 END AS BIGINT)
            FROM line l
              JOIN line e ON e.number_index = l.number_index AND e.end_time IS NOT NULL
              JOIN subject h ON h.id = l.subject
              JOIN subject d ON d.id = e.subject
            WHERE l.end_time IS NULL AND l.number_index IN ";
        any::text(before, 0, " ORDER BY l.number_index, e.end_time DESC, e.id DESC")
    });
    let one = |row: &Row| {
        let (start, recorded, end) = (row.time(1)?, row.time(2)?, row.time(3)?);
        Ok((index(row)?, Former { start, recorded, end, same: row.int(4)? != 0 }))
    };
    any::query(tx, &SQL, &[], numbers).await?.iter().map(one).collect()
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

/// Whether the holder of a live line `l`, the subject `s`, has no other that works, at whatever MVNO: one that is stopped
/// both ways is none, nor is one that an order has cut or is about to.
macro_rules! is_sole {
    () => {
        "NOT EXISTS (SELECT 1 FROM subject u JOIN line o ON o.subject = u.id AND o.end_time IS NULL
           WHERE u.document_index = s.document_index AND o.id <> l.id AND o.state <> 'TWO_WAY_STOP'
             AND NOT EXISTS (SELECT 1 FROM shutdown_number c JOIN shutdown_order k ON k.id = c.order_id
               WHERE c.number_index = o.number_index AND c.overruled_by IS NULL AND k.kind = 'SHUTDOWN' AND k.drill = 0
                 AND (c.state IN ('RELEASED', 'DELIVERED', 'ACKED', 'EXECUTED', 'VERIFIED', 'DIVERGED', 'OVERDUE')
                   OR c.state = 'PLANNED' AND k.state = 'IN_PROGRESS')))"
    };
}

/// Those of these live lines that are their holder's only one.
pub async fn sole(tx: &mut dyn Tx, lines: &[&str]) -> Result<Vec<String>, StoreError> {
    static SQL: LazyLock<&'static str> = LazyLock::new(|| {
        let before = concat!(
            "SELECT l.id FROM line l JOIN subject s ON s.id = l.subject WHERE ",
            is_sole!(),
            " AND l.id IN "
        );
        any::text(before, 0, "")
    });
    let rows = any::query_texts(tx, &SQL, lines).await?;
    rows.iter().map(|row| row.text(0).map(str::to_owned)).collect()
}

/// How many numbers of a plan are their holder's only one now, of those that may go.
pub async fn count_sole(tx: &mut dyn Tx, order_id: &str) -> Result<i64, StoreError> {
    let sql = concat!(
        "SELECT COUNT(*) FROM shutdown_number n
           JOIN line l ON l.number_index = n.number_index AND l.end_time IS NULL
           JOIN subject s ON s.id = l.subject
         WHERE n.order_id = ?1 AND n.state <> 'REFUSED' AND ",
        is_sole!()
    );
    let rows = tx.query(sql, values![order_id]).await?;
    rows.first().ok_or_else(|| StoreError::inconsistent("line", "count", order_id))?.int(0)
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

/// The number of a row, in its first column.
pub(super) fn index(row: &Row) -> Result<Index, StoreError> {
    row.blob(0)?.try_into().map_err(|_| StoreError::inconsistent("shutdown_number", "number_index", ""))
}
