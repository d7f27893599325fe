//! Makes an order of a plan: releases it, or has it wait for a second officer. Goes on with a halted order too.

use aws_lc_rs::constant_time;

use super::{
    alarm,
    batch::{self, Way},
    plan::{no_plan, reused},
    shown::wrong_state,
    step::{self, Bells, Stepped},
    weigh::{self, Sole},
    world::is_as_planned,
};
use crate::{
    domain::{
        caller::Caller,
        refusal::{Reason, Refusal},
        shutdown::{
            AlarmKind, ApprovalNeed, CommandKind, NumberState, OrderState,
            approval::WAITS,
            impact::{Fate, fate},
            limit::Over,
            order::{Step, after},
            wave,
        },
        time::Time,
    },
    service::{
        Gateway,
        act::{Answered, Done},
        command::{look, release::release},
        context::Context,
        persons::Persons,
        supervise::Faults,
    },
    store::{
        Abort, StoreError, Tx,
        sql::{self, shutdown::OrderRow, shutdown_number::NumberRow},
    },
};

/// Who issues what, and why.
struct Issue<'a> {
    caller: &'a Caller,
    reason: &'a str,
    persons: &'a Persons,
    bells: &'a Bells,
    now: Time,
}

impl Gateway {
    /// Issues the plan of that id.
    pub async fn issue_shutdown(
        &self,
        context: Context,
        plan: String,
        confirm_code: String,
    ) -> Result<Answered<Stepped>, Refusal> {
        let persons = self.persons()?.clone();
        let mut faults = Faults::of(&context);
        faults.reason(&context.reason);
        faults.text("confirm_code", &confirm_code, 1, 16);
        faults.done()?;
        let (caller, reason) = (context.caller.clone(), context.reason.clone());
        let (bells, validate_only) = (Bells::default(), context.validate_only);
        let rings = bells.clone();
        let done = self
            .act(context, move |tx, now| {
                let (caller, reason, persons) = (caller.clone(), reason.clone(), persons.clone());
                let (plan, confirm_code, bells) = (plan.clone(), confirm_code.clone(), bells.clone());
                Box::pin(async move {
                    bells.silence();
                    let mut order = lock(tx, &caller, &plan).await?;
                    confirm(&order, &confirm_code)?;
                    let issue =
                        Issue { caller: &caller, reason: &reason, persons: &persons, bells: &bells, now };
                    match order.state {
                        None => issue.first(tx, &mut order).await,
                        Some(OrderState::Halted) => issue.go_on(tx, &mut order).await,
                        Some(_) => step::done(tx, &order, true, serde_json::json!({})).await,
                    }
                })
            })
            .await?;
        if !validate_only {
            rings.sound();
        }
        Ok(done)
    }
}

/// The plan, with its organisation's limits and itself kept from everybody else.
async fn lock(tx: &mut dyn Tx, caller: &Caller, id: &str) -> Result<OrderRow, Abort> {
    sql::participant::lock(tx, &caller.organisation).await?;
    step::authority(tx, caller).await?;
    let order = sql::shutdown::lookup_locked(tx, id).await?;
    order.filter(|order| order.organisation == caller.organisation).ok_or_else(|| Abort::Refused(no_plan(id)))
}

fn confirm(order: &OrderRow, code: &str) -> Result<(), Abort> {
    // An order that nobody planned has none.
    let same = constant_time::verify_slices_are_equal(order.confirm_code.as_bytes(), code.as_bytes()).is_ok();
    if same && !order.confirm_code.is_empty() {
        return Ok(());
    }
    let message = "This confirm_code is not the plan's: read the plan again, and repeat its code.";
    Err(Abort::Refused(
        Refusal::new(Reason::ConfirmCodeMismatch, message).with("plan", super::plan_name(&order.id)),
    ))
}

// === impl Issue ===

impl Issue<'_> {
    async fn first(&self, tx: &mut dyn Tx, order: &mut OrderRow) -> Result<Done<Stepped>, Abort> {
        if order.plan_expire_time <= self.now {
            let message = "The plan is past its 30 minutes; make another one.";
            return Err(Abort::Refused(
                Refusal::new(Reason::PlanExpired, message).with("plan", super::plan_name(&order.id)),
            ));
        }
        step::is_not_over(order, self.now)?;
        let others =
            sql::shutdown::of_document(tx, &order.organisation, &order.order_number, self.now).await?;
        if let Some(first) = others.iter().find(|other| other.issue_time.is_some()) {
            return Err(Abort::Refused(reused(first)));
        }
        is_as_planned(tx, self.persons, order, self.now).await?;
        let over = self.weigh(tx, order).await?;
        let planned_so = order.approval == ApprovalNeed::SecondOfficer && !order.break_glass;
        let waits = over.is_some() || planned_so;
        if waits && order.approval == ApprovalNeed::NotNeeded {
            self.put_in_waves(tx, order).await?;
            order.approval = ApprovalNeed::SecondOfficer;
        }
        let step = if waits { Step::IssueToWait } else { Step::Issue };
        order.issue_time = Some(self.now);
        self.ask(tx, order).await?;
        self.take(tx, order, step, over).await
    }

    /// Goes on with a halted order, for another reason than the one that it was issued for: a call that comes again late
    /// must not undo a halt.
    async fn go_on(&self, tx: &mut dyn Tx, order: &mut OrderRow) -> Result<Done<Stepped>, Abort> {
        if order.issue_reason.as_deref() == Some(self.reason) {
            return Err(Abort::Refused(wrong_state(order)));
        }
        step::is_not_over(order, self.now)?;
        is_as_planned(tx, self.persons, order, self.now).await?;
        order.approval = ApprovalNeed::SecondOfficer;
        // What was confirmed of break glass stays so: without it, all that went out would be undone.
        if !order.break_glass {
            (order.approved_by, order.approve_time) = (None, None);
        }
        self.take(tx, order, Step::GoOn, Some(Over::Halted)).await
    }

    async fn take(
        &self,
        tx: &mut dyn Tx,
        order: &mut OrderRow,
        step: Step,
        over: Option<Over>,
    ) -> Result<Done<Stepped>, Abort> {
        let state = after(order.state, step).ok_or_else(|| Abort::Refused(wrong_state(order)))?;
        let waits = state == OrderState::PendingApproval;
        order.state = Some(state);
        order.issued_by = Some(self.caller.to_string());
        order.issue_reason = Some(self.reason.to_owned());
        order.update_time = self.now;
        // However often it is halted, what one officer did by break glass is confirmed by its first deadline.
        let deadline = order.approve_by_time.filter(|_| look::is_unconfirmed(order));
        let waits_until = || (waits || order.break_glass).then(|| self.now.plus(WAITS));
        order.approve_by_time = deadline.or_else(waits_until);
        if !waits {
            self.bells.settle(tx, order, self.now).await?;
        }
        let raised = release(tx, self.persons, order, self.now).await?;
        raised.into_iter().for_each(|raised| self.bells.add(raised));
        if !waits && order.state == Some(OrderState::Halted) {
            // Nothing of it is what was planned.
            return Err(StoreError::inconsistent("shutdown_number", "number", &order.id).into());
        }
        let why = over.map_or_else(|| "above the limits of one officer".to_owned(), |over| over.to_string());
        if waits {
            let text = format!("an order waits for a second officer: {why}");
            let numbers = order.number_count;
            let raised = alarm::raise(tx, AlarmKind::Limit, order, None, numbers, &text, self.now).await?;
            self.bells.add(raised);
        }
        let why = waits.then_some(why);
        step::done(tx, order, false, serde_json::json!({ "approval": order.approval.as_str(), "why": why }))
            .await
    }

    /// Asks what becomes of numbers that the plan holds.
    async fn ask(&self, tx: &mut dyn Tx, order: &OrderRow) -> Result<(), Abort> {
        let tally = sql::shutdown_number::tally(tx, &order.id).await?;
        let held = tally.iter().find(|(state, _)| *state == NumberState::Held).map_or(0, |(_, count)| *count);
        if held > 0 {
            let text = format!(
                "{held} numbers have a holder who came after the evidence and are held: decide about them."
            );
            self.bells.add(alarm::raise(tx, AlarmKind::Held, order, None, held, &text, self.now).await?);
        }
        Ok(())
    }

    /// Why a second officer is needed now. The order counts in the limits from here on.
    async fn weigh(&self, tx: &mut dyn Tx, order: &OrderRow) -> Result<Option<Over>, Abort> {
        let load = sql::shutdown_weight::of_order(tx, &order.id).await?;
        let free = match &order.restores {
            // What was shut down without a second officer is let back without one.
            Some(original) => {
                sql::shutdown::lookup(tx, original).await?.as_ref().is_some_and(step::is_of_one)
            }
            None => false,
        };
        let over = if free {
            None
        } else {
            weigh::over(tx, &step::terms(order)?, &load, Sole::Of(&order.id), self.now).await?
        };
        sql::shutdown_weight::add(tx, &order.id, &load).await?;
        Ok(over)
    }

    /// An order that was planned to go at once, and waits now, goes in waves.
    async fn put_in_waves(&self, tx: &mut dyn Tx, order: &OrderRow) -> Result<(), Abort> {
        if order.kind != CommandKind::Shutdown || order.break_glass {
            return Ok(());
        }
        // What one officer may do alone is little.
        let rows = sql::shutdown_number::of_order(tx, &order.id).await?;
        let going = rows.into_iter().filter(|row| row.state == NumberState::Planned);
        let numbers: Vec<(Way, NumberRow)> = going
            .zip(0..)
            .filter_map(|(row, place)| match fate(row.flags) {
                Fate::Goes(kind) => Some((Some((wave::of(place), kind)), row)),
                Fate::Refused(_) | Fate::Held => None,
            })
            .collect();
        sql::shutdown::drop_batches(tx, &order.id).await?;
        batch::write(tx, &batch::of(&order.id, order.kind, 1, numbers)).await?;
        Ok(())
    }
}
