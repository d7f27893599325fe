//! Plans and the orders that they become, with the batches of their numbers.

use super::values;
use crate::{
    domain::{
        name::ParticipantName,
        shutdown::{ApprovalNeed, CommandKind, OrderState, Scopes, Urgency},
        time::Time,
    },
    store::{Row, StoreError, Tx},
};

/// A plan; with `issue_time`, an order.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderRow {
    /// The key of its row, and the last segment of its names.
    pub id: String,
    /// SHUTDOWN or RESTORE.
    pub kind: CommandKind,
    /// Whose.
    pub organisation: ParticipantName,
    /// The number of its document.
    pub order_number: String,
    /// Header and list as they came.
    pub content_sha256: String,
    /// Header and list in normal form: what is approved.
    pub plan_sha256: String,
    /// What the plan found of its numbers.
    pub world_sha256: String,
    /// Its terms, and what is approved; `None` in an old plan.
    pub terms_sha256: Option<String>,
    /// What the fate of its numbers rested on beside their lines and other orders; `None` where that is not known.
    pub ground_sha256: Option<String>,
    /// What its issuer repeats.
    pub confirm_code: String,
    /// JSON: what else its header says.
    pub header: String,
    /// What it cuts, or lets back.
    pub scopes: Scopes,
    /// How fast.
    pub urgency: Urgency,
    /// Practice.
    pub drill: bool,
    /// One officer's, to be confirmed.
    pub break_glass: bool,
    /// Whether it needs a second officer.
    pub approval: ApprovalNeed,
    /// Distinct numbers.
    pub number_count: i64,
    /// The order that it lets back.
    pub restores: Option<String>,
    /// The data key of its numbers, wrapped; empty once erased.
    pub wrapped_key: Vec<u8>,
    /// By which key.
    pub kek_id: Vec<u8>,
    /// Who planned it: organisation and person.
    pub planned_by: String,
    /// When.
    pub plan_time: Time,
    /// Until when it can be issued.
    pub plan_expire_time: Time,
    /// When the numbers were used.
    pub evidence_time: Option<Time>,
    /// Released not before.
    pub effective_time: Option<Time>,
    /// Restored from then on.
    pub expire_time: Option<Time>,
    /// Where it is; `None` while a plan.
    pub state: Option<OrderState>,
    /// The wave that is released.
    pub wave: i64,
    /// Who issued it.
    pub issued_by: Option<String>,
    /// When.
    pub issue_time: Option<Time>,
    /// Why.
    pub issue_reason: Option<String>,
    /// Until when it can be approved, or confirmed.
    pub approve_by_time: Option<Time>,
    /// Who approved it.
    pub approved_by: Option<String>,
    /// When.
    pub approve_time: Option<Time>,
    /// When it last changed.
    pub update_time: Time,
    /// When it has to be looked at again.
    pub next_time: Option<Time>,
}

/// The numbers of one command to each of one MVNO and one carrier.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchRow {
    /// Of which order.
    pub order_id: String,
    /// Its number; 0 for what goes to nobody.
    pub batch: i64,
    /// Of which wave.
    pub wave: i64,
    /// What is asked of it: VERIFY where it is off already.
    pub kind: CommandKind,
    /// Whose numbers.
    pub mvno: Option<ParticipantName>,
    /// On whose network.
    pub carrier: Option<ParticipantName>,
    /// How many.
    pub number_count: i64,
    /// When it was released.
    pub release_time: Option<Time>,
    /// What is done to its numbers, where that is not what the order names.
    pub scopes: Option<Scopes>,
}

/// Which orders.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only in this state.
    pub state: Option<OrderState>,
    /// Only of this organisation.
    pub organisation: Option<ParticipantName>,
    /// Only practice, or only the rest.
    pub drill: Option<bool>,
}

/// What every query of orders here selects.
macro_rules! columns {
    () => {
        "id, kind, organisation, order_number, content_sha256, plan_sha256, world_sha256, confirm_code, header,
         scopes, urgency, drill, break_glass, approval, number_count, restores, wrapped_key, kek_id, planned_by,
         plan_time, plan_expire_time, evidence_time, effective_time, expire_time, state, wave, issued_by, issue_time,
         issue_reason, approve_by_time, approved_by, approve_time, update_time, next_time,
         terms_sha256, ground_sha256"
    };
}

/// Adds a plan.
pub async fn add(tx: &mut dyn Tx, row: &OrderRow) -> Result<(), StoreError> {
    tx.execute(
        concat!(
            "INSERT INTO shutdown_order (",
            columns!(),
            ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20,
             ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35, ?36)"
        ),
        values![
            row.id.as_str(),
            row.kind.as_str(),
            &row.organisation,
            row.order_number.as_str(),
            row.content_sha256.as_str(),
            row.plan_sha256.as_str(),
            row.world_sha256.as_str(),
            row.confirm_code.as_str(),
            row.header.as_str(),
            row.scopes.bits(),
            row.urgency.as_str(),
            i64::from(row.drill),
            i64::from(row.break_glass),
            row.approval.as_str(),
            row.number_count,
            row.restores.as_deref(),
            row.wrapped_key.clone(),
            row.kek_id.clone(),
            row.planned_by.as_str(),
            row.plan_time,
            row.plan_expire_time,
            row.evidence_time,
            row.effective_time,
            row.expire_time,
            row.state.map(OrderState::as_str),
            row.wave,
            row.issued_by.as_deref(),
            row.issue_time,
            row.issue_reason.as_deref(),
            row.approve_by_time,
            row.approved_by.as_deref(),
            row.approve_time,
            row.update_time,
            row.next_time,
            row.terms_sha256.as_deref(),
            row.ground_sha256.as_deref(),
        ],
    )
    .await
    .map(drop)
}

/// One plan or order.
pub async fn lookup(tx: &mut dyn Tx, id: &str) -> Result<Option<OrderRow>, StoreError> {
    let sql = concat!("SELECT ", columns!(), " FROM shutdown_order WHERE id = ?1");
    tx.query(sql, values![id]).await?.first().map(read).transpose()
}

/// The same, with every other transaction kept off it until this one ends: whoever issues, approves, halts, releases or
/// counts locks the order first.
pub async fn lookup_locked(tx: &mut dyn Tx, id: &str) -> Result<Option<OrderRow>, StoreError> {
    let sql = concat!("SELECT ", columns!(), " FROM shutdown_order WHERE id = ?1 FOR UPDATE");
    tx.query(sql, values![id]).await?.first().map(read).transpose()
}

/// What a document's number stands for: the order issued under it, and plans that can still be issued, the newest first.
pub async fn of_document(
    tx: &mut dyn Tx,
    organisation: &ParticipantName,
    order_number: &str,
    now: Time,
) -> Result<Vec<OrderRow>, StoreError> {
    let sql = concat!(
        "SELECT ",
        columns!(),
        " FROM shutdown_order WHERE organisation = ?1 AND order_number = ?2
           AND (issue_time IS NOT NULL OR plan_expire_time > ?3) ORDER BY plan_time DESC, id DESC"
    );
    tx.query(sql, values![organisation, order_number, now]).await?.iter().map(read).collect()
}

/// Issued orders before an id, the newest first; `before` is empty for the newest.
pub async fn list(
    tx: &mut dyn Tx,
    filter: &Filter,
    before: &str,
    limit: i64,
) -> Result<Vec<OrderRow>, StoreError> {
    let sql = concat!(
        "SELECT ",
        columns!(),
        " FROM shutdown_order WHERE issue_time IS NOT NULL AND (?1 = '' OR state = ?1)
           AND (?2 = '' OR organisation = ?2) AND (?3 = -1 OR drill = ?3) AND (?4 = '' OR id < ?4)
         ORDER BY id DESC LIMIT ?5"
    );
    let state = filter.state.map_or("", OrderState::as_str);
    let organisation = filter.organisation.as_ref().map_or_else(String::new, ToString::to_string);
    let drill = filter.drill.map_or(-1, i64::from);
    tx.query(sql, values![state, organisation, drill, before, limit]).await?.iter().map(read).collect()
}

/// Keeps every other transaction off changing an order until this one ends.
pub async fn lock_shared(tx: &mut dyn Tx, id: &str) -> Result<(), StoreError> {
    tx.query("SELECT id FROM shutdown_order WHERE id = ?1 FOR SHARE", values![id]).await.map(drop)
}

/// Saves what changes of an order: everything after its plan.
pub async fn save(tx: &mut dyn Tx, row: &OrderRow) -> Result<(), StoreError> {
    tx.send(
        "UPDATE shutdown_order SET state = ?2, wave = ?3, issued_by = ?4, issue_time = ?5, issue_reason = ?6,
           approve_by_time = ?7, approved_by = ?8, approve_time = ?9, update_time = ?10, next_time = ?11,
           approval = ?12
         WHERE id = ?1",
        values![
            row.id.as_str(),
            row.state.map(OrderState::as_str),
            row.wave,
            row.issued_by.as_deref(),
            row.issue_time,
            row.issue_reason.as_deref(),
            row.approve_by_time,
            row.approved_by.as_deref(),
            row.approve_time,
            row.update_time,
            row.next_time,
            row.approval.as_str(),
        ],
    )
    .await
}

/// Orders that have to be looked at.
pub async fn list_due(tx: &mut dyn Tx, now: Time, limit: i64) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT id FROM shutdown_order WHERE next_time IS NOT NULL AND next_time <= ?1
               ORDER BY next_time LIMIT ?2";
    let rows = tx.query(sql, values![now, limit]).await?;
    rows.iter().map(|row| row.text(0).map(str::to_owned)).collect()
}

/// Orders and plans after an id whose keys are wrapped by another key, in the order of ids: whose, which, and its key.
pub async fn stale(
    tx: &mut dyn Tx,
    kek_id: &[u8],
    after: &str,
    limit: i64,
) -> Result<Vec<(ParticipantName, String, Vec<u8>)>, StoreError> {
    let rows = tx
        .query(
            "SELECT organisation, id, wrapped_key FROM shutdown_order
             WHERE id > ?2 AND kek_id <> ?1 AND erase_time IS NULL
             ORDER BY id LIMIT ?3",
            values![kek_id.to_vec(), after, limit],
        )
        .await?;
    rows.iter().map(|row| Ok((row.participant(0)?, row.text(1)?.to_owned(), row.blob(2)?.to_vec()))).collect()
}

/// Puts a key wrapped anew in the place of what is expected there. Whether it was.
pub async fn rewrap(
    tx: &mut dyn Tx,
    id: &str,
    before: &[u8],
    wrapped_key: Vec<u8>,
    kek_id: &[u8],
) -> Result<bool, StoreError> {
    let rows = tx
        .execute(
            "UPDATE shutdown_order SET wrapped_key = ?3, kek_id = ?4 WHERE id = ?1 AND wrapped_key = ?2",
            values![id, before.to_vec(), wrapped_key, kek_id.to_vec()],
        )
        .await?;
    Ok(rows == 1)
}

/// How many numbers the plans of an organisation have that can still be issued.
pub async fn count_planned(
    tx: &mut dyn Tx,
    organisation: &ParticipantName,
    now: Time,
) -> Result<i64, StoreError> {
    let sql = "SELECT CAST(COALESCE(SUM(number_count), 0) AS BIGINT) FROM shutdown_order
               WHERE organisation = ?1 AND issue_time IS NULL AND plan_expire_time > ?2";
    let rows = tx.query(sql, values![organisation, now]).await?;
    rows.first().ok_or_else(|| StoreError::inconsistent("shutdown_order", "number_count", ""))?.int(0)
}

/// Forgets one plan that ended before that moment and was never issued, with its numbers. Whether there was one: a plan
/// can be of a hundred thousand numbers, and nobody is to wait for many of them at once.
pub async fn prune(tx: &mut dyn Tx, before: Time) -> Result<bool, StoreError> {
    let rows = tx
        .query(
            "SELECT id FROM shutdown_order WHERE issue_time IS NULL AND plan_expire_time < ?1
             ORDER BY plan_expire_time LIMIT 1 FOR UPDATE",
            values![before],
        )
        .await?;
    let Some(row) = rows.first() else { return Ok(false) };
    let id = row.text(0)?;
    tx.send("DELETE FROM shutdown_number WHERE order_id = ?1", values![id]).await?;
    tx.send("DELETE FROM shutdown_batch WHERE order_id = ?1", values![id]).await?;
    tx.send("DELETE FROM shutdown_order WHERE id = ?1", values![id]).await?;
    Ok(true)
}

/// Adds a batch.
pub async fn add_batch(tx: &mut dyn Tx, batch: &BatchRow) -> Result<(), StoreError> {
    tx.send(
        "INSERT INTO shutdown_batch (order_id, batch, wave, kind, mvno, carrier, number_count, release_time, scopes)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        values![
            batch.order_id.as_str(),
            batch.batch,
            batch.wave,
            batch.kind.as_str(),
            batch.mvno.as_ref(),
            batch.carrier.as_ref(),
            batch.number_count,
            batch.release_time,
            batch.scopes.map(Scopes::bits),
        ],
    )
    .await
}

/// Takes what goes to somebody out of its batches, to be put into others. For plans: nothing of it was released.
pub async fn drop_batches(tx: &mut dyn Tx, order_id: &str) -> Result<(), StoreError> {
    tx.send("DELETE FROM shutdown_number WHERE order_id = ?1 AND batch > 0", values![order_id]).await?;
    tx.send("DELETE FROM shutdown_batch WHERE order_id = ?1 AND batch > 0", values![order_id]).await
}

/// The batches of an order, in order.
pub async fn batches(tx: &mut dyn Tx, order_id: &str) -> Result<Vec<BatchRow>, StoreError> {
    let rows = tx
        .query(
            "SELECT order_id, batch, wave, kind, mvno, carrier, number_count, release_time, scopes FROM shutdown_batch
             WHERE order_id = ?1 ORDER BY batch",
            values![order_id],
        )
        .await?;
    rows.iter().map(read_batch).collect()
}

/// The batches of an order that go somewhere and were not released, in order.
pub async fn pending_batches(tx: &mut dyn Tx, order_id: &str) -> Result<Vec<BatchRow>, StoreError> {
    let rows = tx
        .query(
            "SELECT order_id, batch, wave, kind, mvno, carrier, number_count, release_time, scopes FROM shutdown_batch
             WHERE order_id = ?1 AND batch > 0 AND release_time IS NULL ORDER BY batch",
            values![order_id],
        )
        .await?;
    rows.iter().map(read_batch).collect()
}

/// How many numbers the batches of an order have.
pub async fn count_numbers(tx: &mut dyn Tx, order_id: &str) -> Result<i64, StoreError> {
    let sql = "SELECT CAST(COALESCE(SUM(number_count), 0) AS BIGINT) FROM shutdown_batch WHERE order_id = ?1";
    let rows = tx.query(sql, values![order_id]).await?;
    rows.first().ok_or_else(|| StoreError::inconsistent("shutdown_batch", "number_count", order_id))?.int(0)
}

/// One batch of an order.
pub async fn batch(tx: &mut dyn Tx, order_id: &str, batch: i64) -> Result<Option<BatchRow>, StoreError> {
    let rows = tx
        .query(
            "SELECT order_id, batch, wave, kind, mvno, carrier, number_count, release_time, scopes FROM shutdown_batch
             WHERE order_id = ?1 AND batch = ?2",
            values![order_id, batch],
        )
        .await?;
    rows.first().map(read_batch).transpose()
}

/// Says that a batch is released.
pub async fn release_batch(tx: &mut dyn Tx, order_id: &str, batch: i64, now: Time) -> Result<(), StoreError> {
    tx.send(
        "UPDATE shutdown_batch SET release_time = ?3 WHERE order_id = ?1 AND batch = ?2",
        values![order_id, batch, now],
    )
    .await
}

const BATCH_COLUMNS: &str = "order_id, batch, wave, kind, mvno, carrier, number_count, release_time, scopes";

fn read(row: &Row) -> Result<OrderRow, StoreError> {
    sense(row).map_err(|error| error.named("shutdown_order", columns!(), row.text(0).unwrap_or_default()))
}

fn sense(row: &Row) -> Result<OrderRow, StoreError> {
    let opt_text = |at| row.opt_text(at).map(|text| text.map(str::to_owned));
    Ok(OrderRow {
        id: row.text(0)?.to_owned(),
        kind: row.word(1, CommandKind::parse)?,
        organisation: row.participant(2)?,
        order_number: row.text(3)?.to_owned(),
        content_sha256: row.text(4)?.to_owned(),
        plan_sha256: row.text(5)?.to_owned(),
        world_sha256: row.text(6)?.to_owned(),
        confirm_code: row.text(7)?.to_owned(),
        header: row.text(8)?.to_owned(),
        scopes: Scopes::from_bits(row.int(9)?),
        urgency: row.word(10, Urgency::parse)?,
        drill: row.int(11)? != 0,
        break_glass: row.int(12)? != 0,
        approval: row.word(13, ApprovalNeed::parse)?,
        number_count: row.int(14)?,
        restores: opt_text(15)?,
        wrapped_key: row.blob(16)?.to_vec(),
        kek_id: row.blob(17)?.to_vec(),
        planned_by: row.text(18)?.to_owned(),
        plan_time: row.time(19)?,
        plan_expire_time: row.time(20)?,
        evidence_time: row.opt_time(21)?,
        effective_time: row.opt_time(22)?,
        expire_time: row.opt_time(23)?,
        state: opt_text(24)?.map(|_| row.word(24, OrderState::parse)).transpose()?,
        wave: row.int(25)?,
        issued_by: opt_text(26)?,
        issue_time: row.opt_time(27)?,
        issue_reason: opt_text(28)?,
        approve_by_time: row.opt_time(29)?,
        approved_by: opt_text(30)?,
        approve_time: row.opt_time(31)?,
        update_time: row.time(32)?,
        next_time: row.opt_time(33)?,
        terms_sha256: opt_text(34)?,
        ground_sha256: opt_text(35)?,
    })
}

fn read_batch(row: &Row) -> Result<BatchRow, StoreError> {
    let sense = || -> Result<BatchRow, StoreError> {
        let opt_name = |at| row.opt_text(at)?.map(|_| row.participant(at)).transpose();
        Ok(BatchRow {
            order_id: row.text(0)?.to_owned(),
            batch: row.int(1)?,
            wave: row.int(2)?,
            kind: row.word(3, CommandKind::parse)?,
            mvno: opt_name(4)?,
            carrier: opt_name(5)?,
            number_count: row.int(6)?,
            release_time: row.opt_time(7)?,
            scopes: row.opt_int(8)?.map(Scopes::from_bits),
        })
    };
    sense().map_err(|error| error.named("shutdown_batch", BATCH_COLUMNS, row.text(0).unwrap_or_default()))
}

// === impl OrderRow ===

impl OrderRow {
    /// Whether its key is gone: its numbers open for nobody any more.
    pub fn is_erased(&self) -> bool {
        self.wrapped_key.is_empty()
    }
}
