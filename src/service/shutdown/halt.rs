//! Stops an order: once this is committed nothing more of it is released, because whoever releases locks the order
//! first and finds it halted.

use super::{
    shown::wrong_state,
    step::{self, Stepped},
};
use crate::{
    domain::{
        refusal::Refusal,
        shutdown::{
            OrderState,
            order::{Step, after},
        },
    },
    service::{Gateway, act::Answered, command::release::release, context::Context, supervise::Faults},
    store::Abort,
};

impl Gateway {
    /// Halts the order of that id.
    pub async fn halt_shutdown(&self, context: Context, order: String) -> Result<Answered<Stepped>, Refusal> {
        let mut faults = Faults::of(&context);
        faults.reason(&context.reason);
        faults.done()?;
        let (caller, persons) = (context.caller.clone(), self.persons()?.clone());
        let halted = self.act(context, move |tx, now| {
            let (caller, persons, id) = (caller.clone(), persons.clone(), order.clone());
            Box::pin(async move {
                let mut order = step::lock(tx, &caller, &id).await?;
                if order.state == Some(OrderState::Halted) {
                    return step::done(tx, &order, true, serde_json::json!({})).await;
                }
                let next = after(order.state, Step::Halt);
                order.state = Some(next.ok_or_else(|| Abort::Refused(wrong_state(&order)))?);
                order.update_time = now;
                // Of a halted order it releases nothing, has no alarm, and saves it.
                release(tx, &persons, &mut order, now).await?.into_iter().for_each(drop);
                step::done(tx, &order, false, serde_json::json!({})).await
            })
        });
        let halted = halted.await?;
        self.signals.stir();
        Ok(halted)
    }
}
