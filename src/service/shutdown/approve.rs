//! A second officer's yes, to exactly what was planned; or the confirmation of what one officer did by break glass.

use super::{
    order_name,
    shown::wrong_state,
    step::{self, Bells, Stepped},
    world::is_as_planned,
};
use crate::{
    domain::{
        refusal::Refusal,
        shutdown::{
            OrderState,
            approval::{Authority, No, Waiting, judge},
            order::{Step, after},
        },
    },
    service::{Gateway, act::Answered, command::release::release, context::Context, supervise::Faults},
    store::{Abort, sql},
};

impl Gateway {
    /// Approves the order of that id.
    pub async fn approve_shutdown(
        &self,
        context: Context,
        order: String,
        plan_sha256: String,
    ) -> Result<Answered<Stepped>, Refusal> {
        let persons = self.persons()?.clone();
        let mut faults = Faults::of(&context);
        faults.reason(&context.reason);
        faults.hash("plan_sha256", &plan_sha256);
        faults.done()?;
        let (caller, bells) = (context.caller.clone(), Bells::default());
        let (rings, validate_only) = (bells.clone(), context.validate_only);
        let done = self.act(context, move |tx, now| {
            let (caller, persons, bells) = (caller.clone(), persons.clone(), bells.clone());
            let (id, plan_sha256) = (order.clone(), plan_sha256.clone());
            Box::pin(async move {
                bells.silence();
                let mut order = step::lock_issued(tx, &id).await?;
                let (own, issuer) = (step::authority(tx, &caller).await?, step::issuer(tx, &order).await?);
                let issuer = issuer.and_then(|issuer| issuer.level);
                let refused = |no| Abort::Refused(step::refused(no, &order));
                let waits = order.state == Some(OrderState::PendingApproval);
                if !waits && order.approved_by.as_deref() == Some(&caller.to_string()) {
                    // Said already: the same yes is no second one.
                    if order.plan_sha256 != plan_sha256 {
                        return Err(refused(No::OtherPlan));
                    }
                    return step::done(tx, &order, true, serde_json::json!({})).await;
                }
                let waiting = Waiting {
                    issuer: Authority { organisation: &order.organisation, level: issuer },
                    planned_by: &order.planned_by,
                    issued_by: order.issued_by.as_deref().unwrap_or_default(),
                    plan_sha256: &order.plan_sha256,
                    state: order.state,
                    break_glass: order.break_glass,
                    approved: order.approved_by.is_some(),
                    until: order.approve_by_time,
                };
                judge(&caller, own.level, &plan_sha256, &waiting, now).map_err(refused)?;
                step::is_not_over(&order, now)?;
                if !step::is_whole(tx, &persons, &order).await? {
                    tracing::error!(order = %order_name(&order.id), "terms or numbers are not those of the plan");
                    return Err(refused(No::OtherPlan));
                }
                if waits {
                    is_as_planned(tx, &persons, &order, now).await?;
                    let next = after(order.state, Step::Approve);
                    order.state = Some(next.ok_or_else(|| Abort::Refused(wrong_state(&order)))?);
                    order.update_time = now;
                    sql::shutdown_place::forgive(tx, &order.id).await?;
                    bells.settle(tx, &order, now).await?;
                }
                order.approved_by = Some(caller.to_string());
                order.approve_time = Some(now);
                let raised = release(tx, &persons, &mut order, now).await?;
                raised.into_iter().for_each(|raised| bells.add(raised));
                if waits && order.state == Some(OrderState::Halted) {
                    return Err(Abort::Refused(step::refused(No::OtherPlan, &order)));
                }
                step::done(tx, &order, false, serde_json::json!({ "plan_sha256": plan_sha256 })).await
            })
        })
        .await?;
        if !validate_only {
            rings.sound();
        }
        Ok(done)
    }
}
