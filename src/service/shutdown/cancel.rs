//! Ends an order that waits or is halted. What it has cut stays so until it is restored; what one officer cut by break
//! glass, and nobody confirmed, is restored here.

use super::{
    restore::{self, Cause},
    shown::wrong_state,
    step::{self, Bells, Stepped},
};
use crate::{
    domain::{
        refusal::Refusal,
        shutdown::{
            OrderState,
            order::{Step, after},
        },
    },
    service::{
        Gateway,
        act::Answered,
        command::{look, release::release},
        context::Context,
        supervise::Faults,
    },
    store::Abort,
};

impl Gateway {
    /// Cancels the order of that id.
    pub async fn cancel_shutdown(
        &self,
        context: Context,
        order: String,
    ) -> Result<Answered<Stepped>, Refusal> {
        let persons = self.persons()?.clone();
        let mut faults = Faults::of(&context);
        faults.reason(&context.reason);
        faults.done()?;
        let (caller, bells) = (context.caller.clone(), Bells::default());
        let (rings, validate_only) = (bells.clone(), context.validate_only);
        let done = self
            .act(context, move |tx, now| {
                let (caller, persons, id) = (caller.clone(), persons.clone(), order.clone());
                let bells = bells.clone();
                Box::pin(async move {
                    bells.silence();
                    let mut order = step::lock(tx, &caller, &id).await?;
                    if order.state == Some(OrderState::Cancelled) {
                        return step::done(tx, &order, true, serde_json::json!({})).await;
                    }
                    let next = after(order.state, Step::Cancel);
                    order.state = Some(next.ok_or_else(|| Abort::Refused(wrong_state(&order)))?);
                    order.update_time = now;
                    // Of a cancelled order it releases nothing, and saves it.
                    let raised = release(tx, &persons, &mut order, now).await?;
                    raised.into_iter().for_each(|raised| bells.add(raised));
                    if look::is_unconfirmed(&order) && !restore::off(tx, &order, None).await?.is_empty() {
                        // Cancelling is no way around the confirmation.
                        let by = caller.to_string();
                        let back = restore::restore(tx, &persons, &order, None, Cause::Unconfirmed, &by, now)
                            .await?;
                        back.1.into_iter().for_each(|raised| bells.add(raised));
                    }
                    step::done(tx, &order, false, serde_json::json!({})).await
                })
            })
            .await?;
        if !validate_only {
            rings.sound();
        }
        self.signals.stir();
        Ok(done)
    }
}
