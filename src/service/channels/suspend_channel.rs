//! Suspends an outlet: it registers nothing until it is authorised again.

use super::{Shown, own, whole, wrong_state};
use crate::{
    domain::{channel::outlet::OutletName, refusal::Refusal},
    service::{
        Gateway,
        act::{Answered, Done},
        context::Context,
        supervise::Faults,
    },
    store::sql,
};

impl Gateway {
    /// Suspends an outlet of the caller's.
    pub async fn suspend_channel(
        &self,
        context: Context,
        name: OutletName,
    ) -> Result<Answered<Shown>, Refusal> {
        let mut faults = Faults::of(&context);
        faults.optional_reason(&context.reason);
        faults.done()?;
        let caller = context.caller.clone();
        self.act(context, move |tx, now| {
            let (caller, name) = (caller.clone(), name.clone());
            Box::pin(async move {
                let mut outlet = own(tx, &caller, &name).await?;
                outlet.state = outlet.state.suspend().map_err(|_| wrong_state(&outlet))?;
                sql::channel::move_to(tx, &outlet.id, outlet.state, now).await?;
                let detail = serde_json::json!({ "state": outlet.state.as_str() });
                let answer = whole(tx, outlet).await?;
                Ok(Done { answer, subject: name.to_string(), detail, revision: None })
            })
        })
        .await
    }
}
