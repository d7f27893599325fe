//! An order as it is shown: its row, its counts, and the level of its authority.

use serde::{Deserialize, Serialize};

use crate::{
    domain::{
        name::ParticipantName,
        participant::Level,
        refusal::{Reason, Refusal},
        shutdown::{ApprovalNeed, CommandKind, Header, NumberState, OrderState, Scopes, Urgency},
        time::Time,
    },
    store::{
        Abort, StoreError, Tx,
        sql::{self, shutdown::OrderRow},
    },
};

/// An order. Plain data without any number of a subscriber.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Shown {
    /// The key of its row.
    pub id: String,
    /// The number of its document.
    pub order_number: String,
    /// SHUTDOWN or RESTORE.
    pub kind: CommandKind,
    /// Where it is.
    pub state: OrderState,
    /// How many of its numbers are in each state.
    pub counts: Vec<(NumberState, i64)>,
    /// Distinct numbers.
    pub number_count: i64,
    /// What is approved.
    pub plan_sha256: String,
    /// Why, by which articles, and in which case.
    pub header: Header,
    /// When the numbers were used.
    pub evidence_time: Option<Time>,
    /// What it cuts, or lets back.
    pub scopes: Scopes,
    /// How fast.
    pub urgency: Urgency,
    /// Released not before.
    pub effective_time: Option<Time>,
    /// Restored from then on.
    pub expire_time: Option<Time>,
    /// One officer's, to be confirmed.
    pub break_glass: bool,
    /// Practice.
    pub drill: bool,
    /// Whether it needs a second officer.
    pub approval: ApprovalNeed,
    /// Whose.
    pub organisation: ParticipantName,
    /// The officer who issued it.
    pub issuer: String,
    /// The officer who approved it.
    pub approver: Option<String>,
    /// The level of its authority.
    pub issuer_level: Option<Level>,
    /// When it was issued.
    pub issue_time: Option<Time>,
    /// When it was approved.
    pub approve_time: Option<Time>,
    /// Until when it can be.
    pub approve_by_time: Option<Time>,
    /// When its state last changed.
    pub update_time: Time,
    /// The wave that is released.
    pub wave: i64,
    /// The order that it lets back.
    pub restores: Option<String>,
}

/// An order, shown. A plan is none.
pub(super) async fn shown(tx: &mut dyn Tx, order: &OrderRow) -> Result<Shown, Abort> {
    let Some(state) = order.state else { return Err(Abort::Refused(not_found(&order.id))) };
    let authority = sql::participant::lookup(tx, &order.organisation).await?;
    let counts = sql::shutdown_number::tally(tx, &order.id).await?;
    Ok(of(order, state, counts, authority.and_then(|authority| authority.level))?)
}

fn of(
    order: &OrderRow,
    state: OrderState,
    counts: Vec<(NumberState, i64)>,
    issuer_level: Option<Level>,
) -> Result<Shown, StoreError> {
    Ok(Shown {
        id: order.id.clone(),
        order_number: order.order_number.clone(),
        kind: order.kind,
        state,
        counts,
        number_count: order.number_count,
        plan_sha256: order.plan_sha256.clone(),
        header: super::header(order)?,
        evidence_time: order.evidence_time,
        scopes: order.scopes,
        urgency: order.urgency,
        effective_time: order.effective_time,
        expire_time: order.expire_time,
        break_glass: order.break_glass,
        drill: order.drill,
        approval: order.approval,
        organisation: order.organisation.clone(),
        issuer: order.issued_by.clone().unwrap_or_default(),
        approver: order.approved_by.clone(),
        issuer_level,
        issue_time: order.issue_time,
        approve_time: order.approve_time,
        approve_by_time: order.approve_by_time,
        update_time: order.update_time,
        wave: order.wave,
        restores: order.restores.clone(),
    })
}

/// The refusal for an order that is not there, or not for this caller to know of.
pub(super) fn not_found(id: &str) -> Refusal {
    let message = "There is no such order that you may see; ListShutdownOrders shows which there are.";
    Refusal::new(Reason::OrderNotFound, message).with("order", super::order_name(id))
}

/// The refusal for a step that does not lead on from where an order is.
pub(super) fn wrong_state(order: &OrderRow) -> Refusal {
    let state = order.state.map_or("PLANNED", OrderState::as_str);
    let message =
        format!("The order is {state}; this step does not go on from there. GetShutdownOrder shows it.");
    Refusal::new(Reason::OrderState, message).with("order", super::order_name(&order.id)).with("state", state)
}
