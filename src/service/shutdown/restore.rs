//! Lets numbers of an order back at once: for an upheld appeal, at the order's end, and where nobody confirmed what one
//! officer had done by break glass. Makes and issues an order of its own.

use super::{
    alarm::Raised,
    batch::{self, Batches},
    conflict::{self, Asked},
    key, order_name,
};
use crate::{
    domain::{
        number::Msisdn,
        refusal::{Reason, Refusal},
        shutdown::{
            ApprovalNeed, CommandKind, Flags, Header, NumberState, OrderState, Urgency, terms::Terms, wave,
        },
        time::Time,
    },
    host,
    service::{command::release::release, persons::Persons, record},
    store::{
        Abort, StoreError, Tx,
        sql::{self, shutdown::OrderRow, shutdown_number::NumberRow},
    },
    vault::{Owner, SubjectKey, Vault},
};

/// Why numbers are let back without a plan.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Cause {
    /// An appeal was upheld.
    Appeal,
    /// The order's own end.
    Expired,
    /// Nobody confirmed an order by break glass.
    Unconfirmed,
}

/// A number to let back, opened.
pub(super) struct Back {
    /// As it is in the order that cut it.
    pub(super) row: NumberRow,
    /// The number.
    pub(super) msisdn: Msisdn,
}

/// Makes and issues the order that lets numbers back: those of that place in the list, or all. The caller has locked the
/// original. Refused where nothing of it is off. With the alarms of conflicts, to be sounded after the commit.
pub async fn restore(
    tx: &mut dyn Tx,
    persons: &Persons,
    original: &OrderRow,
    ns: Option<&[i64]>,
    cause: Cause,
    by: &str,
    now: Time,
) -> Result<(OrderRow, Vec<Raised>), Abort> {
    let rows = off(tx, original, ns).await?;
    if rows.is_empty() {
        return Err(Abort::Refused(nothing_off(original)));
    }
    let back = opened(persons, original, rows)?;
    let id = host::new_id(now);
    let mut header: Header = super::header(original)?;
    cause.text().clone_into(&mut header.reason);
    let terms = Terms {
        order_number: format!("AUTO-{id}"),
        header,
        urgency: Urgency::Urgent,
        ..terms(original, &original.order_number)?
    };
    let (mut order, batches) = draw_up(persons, &id, &terms, &back, by, now);
    order.state = Some(OrderState::InProgress);
    order.issued_by = Some(by.to_owned());
    order.issue_time = Some(now);
    order.issue_reason = Some(cause.text().to_owned());
    sql::shutdown::add(tx, &order).await?;
    batch::write(tx, &batches).await?;
    let detail = serde_json::json!({
        "cause": cause.as_str(),
        "restores": order_name(&original.id),
        "numbers": order.number_count,
    });
    record::entry(tx, "restore", &order_name(&id), now, detail, None).await?;
    let asked = match cause {
        Cause::Appeal => Asked::ByPerson,
        Cause::Expired | Cause::Unconfirmed => Asked::ByTime,
    };
    let mut raised = conflict::resolve(tx, &order, asked, now).await?;
    raised.extend(release(tx, persons, &mut order, now).await?);
    Ok((order, raised))
}

/// The numbers that an order has cut, or is cutting, and nobody lets back yet.
pub async fn off(
    tx: &mut dyn Tx,
    original: &OrderRow,
    ns: Option<&[i64]>,
) -> Result<Vec<NumberRow>, StoreError> {
    let mut batches = sql::shutdown::batches(tx, &original.id).await?;
    // What was off before is kept off by this order too.
    batches.retain(|batch| batch.batch > 0 && batch.release_time.is_some());
    let mut rows = Vec::new();
    match ns {
        // One of 100,000 is not looked for among all of them.
        Some(ns) => {
            rows = sql::shutdown_number::of_places(tx, &original.id, ns).await?;
            rows.retain(|row| batches.iter().any(|batch| batch.batch == row.batch));
        }
        None => {
            for batch in batches {
                rows.extend(sql::shutdown_number::of_batch(tx, &original.id, batch.batch).await?);
            }
        }
    }
    rows.retain(is_off);
    rows.sort_unstable_by_key(|row| row.n);
    Ok(rows)
}

fn is_off(row: &NumberRow) -> bool {
    let went = row.mvno_state != NumberState::Planned || row.carrier_state != NumberState::Planned;
    // Where another order won, this one has no say any more.
    went && row.number.is_some()
        && row.overruled_by.is_none()
        && !matches!(row.state, NumberState::Restoring | NumberState::Restored)
}

/// Opens numbers of an order.
pub(super) fn opened(
    persons: &Persons,
    original: &OrderRow,
    rows: Vec<NumberRow>,
) -> Result<Vec<Back>, StoreError> {
    let key = key::unlock(persons, original)?;
    rows.into_iter().map(|row| Ok(Back { msisdn: key::open(&key, &row)?, row })).collect()
}

/// The terms of a restoration: those of the order that it undoes, with its own number.
pub(super) fn terms(original: &OrderRow, order_number: &str) -> Result<Terms, StoreError> {
    Ok(Terms {
        kind: CommandKind::Restore,
        organisation: original.organisation.clone(),
        order_number: order_number.to_owned(),
        header: super::header(original)?,
        evidence_time: original.evidence_time,
        scopes: original.scopes,
        urgency: original.urgency,
        effective_time: None,
        expire_time: None,
        break_glass: false,
        drill: original.drill,
        restores: Some(original.id.clone()),
    })
}

/// A restoration and its batches, not written yet; the numbers in the order of the list.
pub(super) fn draw_up(
    persons: &Persons,
    id: &str,
    terms: &Terms,
    back: &[Back],
    by: &str,
    now: Time,
) -> (OrderRow, Batches) {
    let (key, wrapped_key) = persons.vault.enrol(Owner::new(&terms.organisation, id), 1);
    let numbers: Vec<Msisdn> = back.iter().map(|back| back.msisdn.clone()).collect();
    let canonical = terms.canonical_of(numbers.len(), numbers.iter().map(Msisdn::reveal));
    let content_sha256 = key::digest(persons, "ORDER", &canonical);
    let plan_sha256 = key::plan_sha256(persons, terms, numbers.iter());
    let rows = back
        .iter()
        .zip(1..)
        .map(|(back, n)| (Some((wave::FIRST, CommandKind::Restore)), sealed(&key, id, n, back)));
    let batches = batch::of(id, CommandKind::Restore, 1, rows.collect());
    let number_count = i64::try_from(numbers.len()).unwrap_or(i64::MAX);
    let order = OrderRow {
        id: id.to_owned(),
        kind: CommandKind::Restore,
        organisation: terms.organisation.clone(),
        order_number: terms.order_number.clone(),
        content_sha256,
        world_sha256: plan_sha256.clone(),
        terms_sha256: Some(key::terms_sha256(persons, terms, number_count, &plan_sha256)),
        ground_sha256: None,
        plan_sha256,
        confirm_code: String::new(),
        header: serde_json::to_string(&terms.header).expect("a header is plain data"),
        scopes: terms.scopes,
        urgency: terms.urgency,
        drill: terms.drill,
        break_glass: false,
        approval: ApprovalNeed::NotNeeded,
        number_count,
        restores: terms.restores.clone(),
        kek_id: Vault::wrapper(&wrapped_key).map_or_else(Vec::new, |id| id.as_bytes().to_vec()),
        wrapped_key,
        planned_by: by.to_owned(),
        plan_time: now,
        plan_expire_time: now,
        evidence_time: terms.evidence_time,
        effective_time: None,
        expire_time: None,
        state: None,
        wave: 0,
        issued_by: None,
        issue_time: None,
        issue_reason: None,
        approve_by_time: None,
        approved_by: None,
        approve_time: None,
        update_time: now,
        next_time: None,
    };
    (order, batches)
}

fn sealed(key: &SubjectKey, id: &str, n: i64, back: &Back) -> NumberRow {
    NumberRow {
        order_id: id.to_owned(),
        batch: 0,
        n,
        number_index: back.row.number_index.clone(),
        number: Some(key::seal(key, id, n, &back.msisdn)),
        mvno: back.row.mvno.clone(),
        carrier: back.row.carrier.clone(),
        line: back.row.line.clone(),
        flags: Flags::default(),
        state: NumberState::Planned,
        code: None,
        mvno_state: NumberState::Planned,
        carrier_state: NumberState::Planned,
        appeal_index: None,
        execute_time: None,
        verify_time: None,
        overruled_by: None,
    }
}

/// The refusal where there is nothing to let back.
pub(super) fn nothing_off(original: &OrderRow) -> Refusal {
    let message = "Nothing of this order is off that could be let back; ListNumberActions shows its numbers.";
    Refusal::new(Reason::OrderState, message).with("order", order_name(&original.id))
}

// === impl Cause ===

impl Cause {
    /// Its word in the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Appeal => "APPEAL",
            Self::Expired => "EXPIRED",
            Self::Unconfirmed => "UNCONFIRMED",
        }
    }

    /// The reason of the restoration.
    const fn text(self) -> &'static str {
        match self {
            Self::Appeal => "an appeal was upheld",
            Self::Expired => "the order came to its end",
            Self::Unconfirmed => "nobody confirmed the order, which one officer had issued by break glass",
        }
    }
}
