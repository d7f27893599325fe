//! Plans and orders of shutdown, to and from messages.

use super::{fields::Fields, stamp, word::Word};
use crate::{
    domain::{
        name::ParticipantName,
        personal::Personal,
        shutdown::{
            ApprovalNeed, CommandKind, Header, ImpactFlag, NumberState, OrderState, Scope, Scopes, Urgency,
            alarm::Alarm, terms::Terms,
        },
    },
    rpc::pb,
    service::{
        context::Context,
        shutdown::{
            list_numbers::NumberAction, order_name, plan_name, planned::NumberImpact, planned::Planned,
            shown::Shown,
        },
    },
};

/// The collection of orders.
pub const ORDERS: &str = "shutdownOrders";
/// The collection of plans.
pub const PLANS: &str = "shutdownPlans";

/// The terms of a plan's first message; faults are left in the context.
pub fn terms(context: &mut Context, message: &pb::PlanShutdownRequest) -> Terms {
    let mut fields = Fields::default();
    context.request_id = (!message.request_id.is_empty()).then(|| message.request_id.clone());
    context.validate_only = message.validate_only;
    context.reason.clone_from(&message.reason);
    let mut scopes: Vec<Scope> = Vec::new();
    for (at, scope) in message.scopes.iter().enumerate() {
        scopes.extend(fields.word::<Scope>(&format!("scopes[{at}]"), *scope));
    }
    let terms = Terms {
        kind: CommandKind::Shutdown,
        organisation: context.caller.organisation.clone(),
        order_number: message.order_number.clone(),
        header: Header {
            reason: message.reason.clone(),
            legal_basis: message.legal_basis.clone(),
            case_number: message.case_number.clone(),
        },
        evidence_time: fields.opt_time("evidence_time", message.evidence_time.as_ref()),
        scopes: Scopes::of(scopes),
        urgency: fields.opt_word("urgency", message.urgency).unwrap_or(Urgency::Normal),
        effective_time: fields.opt_time("effective_time", message.effective_time.as_ref()),
        expire_time: fields.opt_time("expire_time", message.expire_time.as_ref()),
        break_glass: message.break_glass,
        drill: message.drill,
        restores: None,
    };
    context.faults.append(&mut fields.0);
    terms
}

/// Texts about persons, taken over.
pub fn personal(texts: &mut Vec<String>) -> Vec<Personal> {
    std::mem::take(texts).into_iter().map(Personal::new).collect()
}

/// A plan.
pub fn planned(plan: Planned, replayed: bool) -> pb::PlanShutdownResponse {
    let name = plan_name(&plan.id);
    let next_step = if plan.issued {
        format!("gl ShutdownService/GetShutdownOrder -d '{{\"order\":\"{}\"}}'", order_name(&plan.id))
    } else {
        format!(
            "gl ShutdownService/IssueShutdown -d '{{\"plan\":\"{name}\",\"confirmCode\":\"{}\",\
             \"reason\":\"as planned\"}}'",
            plan.confirm_code
        )
    };
    pb::PlanShutdownResponse {
        plan: name,
        plan_sha256: plan.plan_sha256,
        confirm_code: plan.confirm_code,
        number_count: count(plan.number_count),
        impacts: plan.impacts.into_iter().map(impact).collect(),
        warnings: plan.warnings,
        approval: plan.approval.wire(),
        expire_time: Some(stamp(plan.expire_time)),
        next_step,
        impact_counts: plan
            .flags
            .into_iter()
            .map(|(flag, n)| pb::ImpactCount { flag: flag.wire(), count: count(n) })
            .collect(),
        replayed,
        order: if plan.issued { order_name(&plan.id) } else { String::new() },
    }
}

/// A plan that lets numbers back.
pub fn restoration(plan: Planned, replayed: bool) -> pb::PlanRestorationResponse {
    let plan = planned(plan, replayed);
    pb::PlanRestorationResponse {
        plan: plan.plan,
        plan_sha256: plan.plan_sha256,
        confirm_code: plan.confirm_code,
        number_count: plan.number_count,
        impacts: plan.impacts,
        warnings: plan.warnings,
        approval: plan.approval,
        expire_time: plan.expire_time,
        next_step: plan.next_step,
        impact_counts: plan.impact_counts,
        replayed: plan.replayed,
        order: plan.order,
    }
}

/// What a plan says of a number.
pub fn impact(impact: NumberImpact) -> pb::NumberImpact {
    pb::NumberImpact {
        msisdn: impact.msisdn.e164(),
        flag: impact.flags.first().map_or(0, ImpactFlag::wire),
        carrier: name(impact.carrier.as_ref()),
        mvno: name(impact.mvno.as_ref()),
        flags: impact.flags.iter().map(Word::wire).collect(),
    }
}

/// An order.
pub fn order(shown: Shown) -> pb::ShutdownOrder {
    let above = shown.approval == ApprovalNeed::SecondOfficer;
    let in_waves = above && shown.kind == CommandKind::Shutdown && !shown.break_glass;
    pb::ShutdownOrder {
        name: order_name(&shown.id),
        order_number: shown.order_number,
        kind: shown.kind.wire(),
        state: shown.state.wire(),
        counts: Some(counts(&shown.counts)),
        number_count: count(shown.number_count),
        plan: plan_name(&shown.id),
        plan_sha256: shown.plan_sha256,
        reason: shown.header.reason,
        legal_basis: shown.header.legal_basis,
        case_number: shown.header.case_number,
        evidence_time: shown.evidence_time.map(stamp),
        scopes: shown.scopes.iter().map(Word::wire).collect(),
        urgency: shown.urgency.wire(),
        effective_time: shown.effective_time.map(stamp),
        expire_time: shown.expire_time.map(stamp),
        break_glass: shown.break_glass,
        drill: shown.drill,
        approval: shown.approval.wire(),
        issuer: shown.issuer,
        approver: shown.approver.unwrap_or_default(),
        issuer_level: shown.issuer_level.map_or(0, Word::wire),
        issue_time: shown.issue_time.map(stamp),
        approve_time: shown.approve_time.map(stamp),
        update_time: Some(stamp(shown.update_time)),
        wave: count(if in_waves { shown.wave } else { 0 }),
        restores: shown.restores.as_deref().map_or_else(String::new, order_name),
        approve_by_time: shown.approve_by_time.map(stamp),
    }
}

/// What to send next, and who sends it.
pub fn next_step(shown: &Shown) -> String {
    let (name, plan) = (order_name(&shown.id), plan_name(&shown.id));
    match shown.state {
        OrderState::PendingApproval => format!(
            "another officer sends: gl ShutdownService/ApproveShutdown -d '{{\"order\":\"{name}\",\
             \"planSha256\":\"{}\",\"reason\":\"read and agreed\"}}'",
            shown.plan_sha256
        ),
        OrderState::Halted => format!(
            "gl ShutdownService/CancelShutdown -d '{{\"order\":\"{name}\",\"reason\":\"not to go on\"}}' ends it; \
             IssueShutdown of {plan} with another reason goes on"
        ),
        OrderState::InProgress | OrderState::Partial if held(shown) > 0 => format!(
            "gl ShutdownService/DecideHeldNumbers -d '{{\"order\":\"{name}\",\
             \"decision\":\"HELD_DECISION_SPARE\",\"reason\":\"their holders came after the evidence\"}}' leaves the {} \
             held numbers alone; with HELD_DECISION_CUT they are shut down all the same",
            held(shown)
        ),
        OrderState::InProgress
        | OrderState::Completed
        | OrderState::Partial
        | OrderState::Cancelled
        | OrderState::Expired => {
            format!("gl ShutdownService/GetShutdownOrder -d '{{\"order\":\"{name}\"}}'")
        }
    }
}

fn held(shown: &Shown) -> i64 {
    shown.counts.iter().filter(|(state, _)| *state == NumberState::Held).map(|(_, n)| n).sum()
}

fn counts(tally: &[(NumberState, i64)]) -> pb::NumberCounts {
    let mut counts = pb::NumberCounts::default();
    for (state, n) in tally {
        let of = match state {
            NumberState::Planned => &mut counts.planned,
            NumberState::Released => &mut counts.released,
            NumberState::Delivered => &mut counts.delivered,
            NumberState::Acked => &mut counts.acked,
            NumberState::Executed => &mut counts.executed,
            NumberState::Verified => &mut counts.verified,
            NumberState::Diverged => &mut counts.diverged,
            NumberState::Refused => &mut counts.refused,
            NumberState::Failed => &mut counts.failed,
            NumberState::Held => &mut counts.held,
            NumberState::Overdue => &mut counts.overdue,
            NumberState::Restoring => &mut counts.restoring,
            NumberState::Restored => &mut counts.restored,
        };
        *of += count(*n);
    }
    counts
}

/// What happened to a number.
pub fn action(action: NumberAction) -> pb::NumberAction {
    let row = action.row;
    // One that goes to nobody is with nobody.
    let with = |state: NumberState, to: Option<&ParticipantName>| {
        if to.is_some() && row.batch > 0 { state.wire() } else { 0 }
    };
    pb::NumberAction {
        msisdn: action.msisdn.map_or_else(String::new, |msisdn| msisdn.e164()),
        order: order_name(&row.order_id),
        state: row.state.wire(),
        code: row.code.clone().unwrap_or_default(),
        mvno: name(row.mvno.as_ref()),
        carrier: name(row.carrier.as_ref()),
        mvno_state: with(row.mvno_state, row.mvno.as_ref()),
        carrier_state: with(row.carrier_state, row.carrier.as_ref()),
        release_time: action.release_time.map(stamp),
        execute_time: row.execute_time.map(stamp),
        verify_time: row.verify_time.map(stamp),
        overruled_by: row.overruled_by.as_deref().map_or_else(String::new, order_name),
        flags: row.flags.iter().map(Word::wire).collect(),
        kind: action.kind.wire(),
        order_number: action.order_number,
    }
}

/// An alarm.
pub fn alarm(row: Alarm) -> pb::Alarm {
    pb::Alarm {
        name: row.name(),
        kind: row.kind.wire(),
        order: order_name(&row.order_id),
        receiver: name(row.receiver.as_ref()),
        number_count: count(row.number_count),
        alarm_time: Some(stamp(row.alarm_time)),
        text: row.text,
    }
}

/// A count on the wire; what it counts is bounded far below.
pub fn count(n: i64) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}

fn name(name: Option<&ParticipantName>) -> String {
    name.map_or_else(String::new, ToString::to_string)
}
