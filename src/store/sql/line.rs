//! Lines: one row for each tenancy of a number, which is what the wire calls a registration. That a number has one live
//! line, and a person no line beyond its slots, is the schema's rule.

use super::values;
use crate::{
    domain::{
        industry::Functions,
        line::{
            LineState,
            ladder::{Ladder, Pace, Step},
            retention::RegistrationState,
        },
        name::ParticipantName,
        quota::{Slot, Slots},
        registration::RegistrationEvent,
        time::Time,
    },
    store::{Row, StoreError, Tx, Value},
    vault::Column,
};

/// A line's number in E.164, sealed by its subject's key at the line's row.
pub const NUMBER: Column = Column::of("line", "number");
/// The IMEI of an industry line's device, sealed the same way.
pub const IMEI: Column = Column::of("line", "imei");

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub struct LineRow {
    /// The key of its row.
    pub id: String,
    /// Whose.
    pub mvno: ParticipantName,
    /// The block of its number: 7 digits.
    pub block: String,
    /// The blind index of its number.
    pub number_index: Vec<u8>,
    /// Its number, sealed; `None` once erased.
    pub number: Option<Vec<u8>>,
    /// Who has it.
    pub subject: String,
    /// Whether it works.
    pub state: LineState,
    /// Whether its registration is in order.
    pub registration: RegistrationState,
    /// Which lines it is counted with.
    pub slots: Slots,
    /// Its slot among them.
    pub slot: Slot,
    /// The outlet that opened it.
    pub channel: Option<String>,
    /// What happened to it last.
    pub event: RegistrationEvent,
    /// The assessment of an industry line, and what it can do.
    pub industry: Option<(String, Functions)>,
    /// The IMEI of the device that an industry line is bound to, sealed.
    pub imei: Option<Vec<u8>>,
    /// From when.
    pub start_time: Time,
    /// When that was recorded.
    pub record_time: Time,
    /// Until when.
    pub end_time: Option<Time>,
    /// From when on it is erased.
    pub erase_time: Option<Time>,
    /// Where it is on the ladder; `None` where nothing is to be supplemented.
    pub ladder: Option<Ladder>,
    /// When the next step is due.
    pub next_step_time: Option<Time>,
}

/// What the queries here select.
macro_rules! columns {
    () => {
        "id, mvno, block, number_index, number, subject, state, registration_state, slots, slot, channel, event,
         assessment, sms, data_cap_mb, start_time, record_time, end_time, erase_time, ladder_step, ladder_time,
         ladder_next_time, ladder_pace, ladder_hardship, imei"
    };
}

const ADD: &str = "INSERT INTO line (id, mvno, block, number_index, number, subject, state, registration_state, slots,
   slot, channel, event, assessment, sms, data_cap_mb, start_time, record_time, end_time, erase_time, ladder_step,
   ladder_time, ladder_next_time, ladder_pace, ladder_hardship, imei)
 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24,
   ?25)";

/// Adds a line; `Duplicate` where its number has a live one.
pub async fn add(tx: &mut dyn Tx, line: &LineRow) -> Result<(), StoreError> {
    tx.execute(ADD, &added(line)).await.map(drop)
}

/// The same for many at once; `Duplicate` comes with a later call or the commit.
pub async fn send(tx: &mut dyn Tx, line: &LineRow) -> Result<(), StoreError> {
    tx.send(ADD, &added(line)).await
}

fn added(line: &LineRow) -> [Value; 25] {
    let functions = line.industry.as_ref().map(|(_, functions)| *functions);
    let ladder = line.ladder;
    [
        line.id.as_str().into(),
        (&line.mvno).into(),
        line.block.as_str().into(),
        line.number_index.clone().into(),
        line.number.clone().into(),
        line.subject.as_str().into(),
        line.state.as_str().into(),
        line.registration.as_str().into(),
        line.slots.as_str().into(),
        i64::from(line.slot.number()).into(),
        line.channel.as_deref().into(),
        line.event.as_str().into(),
        line.industry.as_ref().map(|(assessment, _)| assessment.as_str()).into(),
        functions.map(|functions| i64::from(functions.sms)).into(),
        functions.map(|functions| i64::from(functions.data_cap_mb)).into(),
        line.start_time.into(),
        line.record_time.into(),
        line.end_time.into(),
        line.erase_time.into(),
        ladder.map(|ladder| ladder.step.as_str()).into(),
        ladder.map(|ladder| ladder.step_time).into(),
        line.next_step_time.into(),
        ladder.map(|ladder| ladder.pace.as_str()).into(),
        ladder.map(|ladder| i64::from(ladder.hardship)).into(),
        line.imei.clone().into(),
    ]
}

/// Writes what changes on a line: its state, its registration's, its last event, its device, its end and its
/// ladder.
pub async fn save(tx: &mut dyn Tx, line: &LineRow) -> Result<(), StoreError> {
    let ladder = line.ladder;
    tx.execute(
        "UPDATE line SET state = ?2, registration_state = ?3, event = ?4, end_time = ?5, erase_time = ?6,
           ladder_step = ?7, ladder_time = ?8, ladder_next_time = ?9, ladder_pace = ?10, ladder_hardship = ?11,
           imei = ?12
         WHERE id = ?1",
        values![
            line.id.as_str(),
            line.state.as_str(),
            line.registration.as_str(),
            line.event.as_str(),
            line.end_time,
            line.erase_time,
            ladder.map(|ladder| ladder.step.as_str()),
            ladder.map(|ladder| ladder.step_time),
            line.next_step_time,
            ladder.map(|ladder| ladder.pace.as_str()),
            ladder.map(|ladder| i64::from(ladder.hardship)),
            line.imei.clone(),
        ],
    )
    .await
    .map(drop)
}

/// The live line of a number.
pub async fn live(tx: &mut dyn Tx, number_index: &[u8]) -> Result<Option<LineRow>, StoreError> {
    let sql = concat!("SELECT ", columns!(), " FROM line WHERE number_index = ?1 AND end_time IS NULL");
    let rows = tx.query(sql, values![number_index.to_vec()]).await?;
    rows.first().map(read).transpose()
}

/// The live line of a number, with every other transaction kept off it until this one ends.
pub async fn live_locked(tx: &mut dyn Tx, number_index: &[u8]) -> Result<Option<LineRow>, StoreError> {
    let sql =
        concat!("SELECT ", columns!(), " FROM line WHERE number_index = ?1 AND end_time IS NULL FOR UPDATE");
    let rows = tx.query(sql, values![number_index.to_vec()]).await?;
    rows.first().map(read).transpose()
}

/// One line of that MVNO.
pub async fn lookup(
    tx: &mut dyn Tx,
    mvno: &ParticipantName,
    id: &str,
) -> Result<Option<LineRow>, StoreError> {
    let sql = concat!("SELECT ", columns!(), " FROM line WHERE id = ?1 AND mvno = ?2");
    let rows = tx.query(sql, values![id, mvno]).await?;
    rows.first().map(read).transpose()
}

/// The same, with every other transaction kept off it until this one ends.
pub async fn lookup_locked(
    tx: &mut dyn Tx,
    mvno: &ParticipantName,
    id: &str,
) -> Result<Option<LineRow>, StoreError> {
    let sql = concat!("SELECT ", columns!(), " FROM line WHERE id = ?1 AND mvno = ?2 FOR UPDATE");
    let rows = tx.query(sql, values![id, mvno]).await?;
    rows.first().map(read).transpose()
}

/// The slots that a subject's live lines hold.
pub async fn used(tx: &mut dyn Tx, subject: &str, slots: Slots) -> Result<Vec<Slot>, StoreError> {
    let sql = "SELECT slot FROM line WHERE subject = ?1 AND slots = ?2 AND end_time IS NULL";
    tx.query(sql, values![subject, slots.as_str()]).await?.iter().map(|row| slot(row, 0)).collect()
}

/// How many lines are live in a block of that MVNO's. It looks at all of them: whoever has the index of numbers asks for
/// those of the block ([`many::live`]).
pub async fn count_in_block(
    tx: &mut dyn Tx,
    mvno: &ParticipantName,
    block: &str,
) -> Result<usize, StoreError> {
    let sql = "SELECT COUNT(*) FROM line WHERE mvno = ?1 AND block = ?2 AND end_time IS NULL";
    let rows = tx.query(sql, values![mvno, block]).await?;
    let count = rows.first().ok_or_else(|| StoreError::inconsistent("line", "count", ""))?.int(0)?;
    usize::try_from(count).map_err(|_| StoreError::inconsistent("line", "count", ""))
}

/// Which lines, in the order of registering; ids are in that order.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only of this subject.
    pub subject: Option<String>,
    /// Only those that this outlet opened.
    pub channel: Option<String>,
    /// Only with a registration in this state.
    pub registration: Option<RegistrationState>,
    /// Only in this state.
    pub state: Option<LineState>,
}

/// Lines of that MVNO after an id.
pub async fn list(
    tx: &mut dyn Tx,
    mvno: &ParticipantName,
    filter: &Filter,
    after: &str,
    limit: i64,
) -> Result<Vec<LineRow>, StoreError> {
    // Each begins with the narrowest index that there is.
    const ALL: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM line WHERE mvno = ?1 AND ?2 = '' AND (?3 = '' OR registration_state = ?3)
          AND (?4 = '' OR state = ?4) AND id > ?5 ORDER BY id LIMIT ?6"
    );
    const OF_SUBJECT: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM line WHERE end_time IS NULL AND subject = ?2 AND mvno = ?1
          AND (?3 = '' OR registration_state = ?3) AND (?4 = '' OR state = ?4) AND id > ?5
          UNION ALL SELECT ",
        columns!(),
        " FROM line WHERE end_time IS NOT NULL AND subject = ?2 AND mvno = ?1
          AND (?3 = '' OR registration_state = ?3) AND (?4 = '' OR state = ?4) AND id > ?5
          ORDER BY id LIMIT ?6"
    );
    const OF_CHANNEL: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM line WHERE channel = ?2 AND mvno = ?1 AND (?3 = '' OR registration_state = ?3)
          AND (?4 = '' OR state = ?4) AND id > ?5 ORDER BY id LIMIT ?6"
    );
    let (sql, by) = match (&filter.subject, &filter.channel) {
        (Some(subject), _) => (OF_SUBJECT, subject.as_str()),
        (None, Some(channel)) => (OF_CHANNEL, channel.as_str()),
        (None, None) => (ALL, ""),
    };
    let registration = filter.registration.map_or("", RegistrationState::as_str);
    let state = filter.state.map_or("", LineState::as_str);
    let rows = tx.query(sql, values![mvno, by, registration, state, after, limit]).await?;
    let lines: Result<Vec<LineRow>, StoreError> = rows.iter().map(read).collect();
    let both = filter.subject.as_ref().and(filter.channel.as_ref());
    Ok(lines?
        .into_iter()
        .filter(|line| both.is_none_or(|channel| line.channel.as_ref() == Some(channel)))
        .collect())
}

/// Lines whose time to be kept is over.
pub async fn to_erase(tx: &mut dyn Tx, now: Time, limit: i64) -> Result<Vec<(String, String)>, StoreError> {
    let rows = tx
        .query(
            "SELECT id, subject FROM line
             WHERE erase_time IS NOT NULL AND registration_state = 'CLOSED' AND erase_time <= ?1
             ORDER BY erase_time LIMIT ?2 FOR UPDATE",
            values![now, limit],
        )
        .await?;
    rows.iter().map(|row| Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned()))).collect()
}

/// Takes what is personal from a line.
pub async fn erase(tx: &mut dyn Tx, id: &str) -> Result<(), StoreError> {
    tx.send(
        "UPDATE line SET number = NULL, imei = NULL, registration_state = 'ERASED' WHERE id = ?1 AND registration_state = 'CLOSED'",
        values![id],
    )
    .await
}

/// Lines whose next step on the ladder is due.
pub async fn due(tx: &mut dyn Tx, now: Time, limit: i64) -> Result<Vec<LineRow>, StoreError> {
    let sql = concat!(
        "SELECT ",
        columns!(),
        " FROM line WHERE ladder_next_time IS NOT NULL AND ladder_next_time <= ?1
          ORDER BY ladder_next_time LIMIT ?2 FOR UPDATE"
    );
    tx.query(sql, values![now, limit]).await?.iter().map(read).collect()
}

/// Stops the live lines of the numbers of an order's batch, or of one of them, that are freer.
pub async fn stop(
    tx: &mut dyn Tx,
    order_id: &str,
    batch: i64,
    n: Option<i64>,
    state: LineState,
) -> Result<(), StoreError> {
    // Of the states of a live line, two are freer than TWO_WAY_STOP, and one than ONE_WAY_STOP.
    let freer = if state == LineState::TwoWayStop { LineState::OneWayStop } else { LineState::Active };
    tx.send(
        "UPDATE line SET state = ?4 WHERE end_time IS NULL AND state IN ('ACTIVE', ?5) AND number_index IN (
           SELECT number_index FROM shutdown_number WHERE order_id = ?1 AND batch = ?2 AND (?3 < 0 OR n = ?3))",
        values![order_id, batch, n.unwrap_or(-1), state.as_str(), freer.as_str()],
    )
    .await
}

/// The live lines of the numbers of an order's batch, with every other transaction kept off them until this one ends.
pub async fn of_batch_locked(
    tx: &mut dyn Tx,
    order_id: &str,
    batch: i64,
) -> Result<Vec<LineRow>, StoreError> {
    let sql = concat!(
        "SELECT ",
        columns!(),
        " FROM line WHERE end_time IS NULL AND number_index IN (
            SELECT number_index FROM shutdown_number WHERE order_id = ?1 AND batch = ?2) FOR UPDATE"
    );
    tx.query(sql, values![order_id, batch]).await?.iter().map(read).collect()
}

/// Of an import's rows at once.
pub mod many {
    use std::sync::LazyLock;

    use super::{Slot, Slots, slot};
    use crate::store::{Row, StoreError, Tx, sql::any};

    /// Those of these numbers that have a live line.
    pub async fn live(tx: &mut dyn Tx, numbers: &[[u8; 32]]) -> Result<Vec<[u8; 32]>, StoreError> {
        static SQL: LazyLock<&'static str> = LazyLock::new(|| {
            any::text("SELECT number_index FROM line WHERE end_time IS NULL AND number_index IN ", 0, "")
        });
        let rows = any::query(tx, &SQL, &[], numbers).await?;
        let index = |row: &Row| {
            row.blob(0)?.try_into().map_err(|_| StoreError::inconsistent("line", "number_index", ""))
        };
        rows.iter().map(index).collect()
    }

    /// The slots that these subjects' live lines hold.
    pub async fn used(tx: &mut dyn Tx, subjects: &[&str]) -> Result<Vec<(String, Slots, Slot)>, StoreError> {
        static SQL: LazyLock<&'static str> = LazyLock::new(|| {
            any::text("SELECT subject, slots, slot FROM line WHERE end_time IS NULL AND subject IN ", 0, "")
        });
        let rows = any::query_texts(tx, &SQL, subjects).await?;
        let used = |row: &Row| Ok((row.text(0)?.to_owned(), row.word(1, Slots::parse)?, slot(row, 2)?));
        rows.iter().map(used).collect()
    }
}

fn slot(row: &Row, at: usize) -> Result<Slot, StoreError> {
    let slot = u32::try_from(row.int(at)?).ok().and_then(Slot::of);
    slot.ok_or_else(|| StoreError::inconsistent("line", "slot", ""))
}

fn read(row: &Row) -> Result<LineRow, StoreError> {
    sense(row).map_err(|error| error.named("line", columns!(), row.text(0).unwrap_or_default()))
}

fn sense(row: &Row) -> Result<LineRow, StoreError> {
    let blob = |at| match row.0.get(at) {
        Some(Value::Null) => Ok(None),
        _ => row.blob(at).map(|bytes| Some(bytes.to_vec())),
    };
    let text = |at| row.opt_text(at).map(|text| text.map(str::to_owned));
    let industry = match text(12)? {
        None => None,
        Some(assessment) => {
            let data_cap_mb = u32::try_from(row.int(14)?).unwrap_or(0);
            Some((assessment, Functions { voice: false, sms: row.int(13)? != 0, data_cap_mb }))
        }
    };
    let ladder = match row.opt_text(19)? {
        None => None,
        Some(_) => Some(Ladder {
            step: row.word(19, Step::parse)?,
            step_time: row.time(20)?,
            pace: row.word(22, Pace::parse)?,
            hardship: row.int(23)? != 0,
        }),
    };
    Ok(LineRow {
        id: row.text(0)?.to_owned(),
        mvno: row.participant(1)?,
        block: row.text(2)?.to_owned(),
        number_index: row.blob(3)?.to_vec(),
        number: blob(4)?,
        subject: row.text(5)?.to_owned(),
        state: row.word(6, LineState::parse)?,
        registration: row.word(7, RegistrationState::parse)?,
        slots: row.word(8, Slots::parse)?,
        slot: slot(row, 9)?,
        channel: text(10)?,
        event: row.word(11, RegistrationEvent::parse)?,
        industry,
        imei: blob(24)?,
        start_time: row.time(15)?,
        record_time: row.time(16)?,
        end_time: row.opt_time(17)?,
        erase_time: row.opt_time(18)?,
        ladder,
        next_step_time: row.opt_time(21)?,
    })
}
