//! Suspends an MVNO: every partnership action is denied until the suspension is lifted.

use super::{Faults, lift_suspension::in_force};
use crate::{
    domain::{
        fact::FactBody,
        name::ParticipantName,
        refusal::{Reason, Refusal},
        time::Time,
    },
    service::{
        Gateway,
        act::Answered,
        context::Context,
        record::{Draft, Recorded},
    },
};

/// A suspension.
#[derive(Clone, Debug)]
pub struct Suspension {
    /// Whom.
    pub mvno: ParticipantName,
    /// From when; now where unset.
    pub effective_time: Option<Time>,
}

impl Gateway {
    /// Suspends an MVNO.
    pub async fn suspend_mvno(
        &self,
        context: Context,
        suspension: Suspension,
    ) -> Result<Answered<Recorded>, Refusal> {
        let (mvno, reason) = (suspension.mvno.clone(), context.reason.clone());
        let now = self.clock.now();
        let from = suspension.effective_time.unwrap_or(now);
        let mut faults = Faults::of(&context);
        faults.reason(&reason);
        faults.not_ahead("effective_time", from, now);
        faults.done()?;
        self.record(context, mvno, move |facts, now| {
            let from = suspension.effective_time.unwrap_or(now);
            if let Some(standing) = in_force(facts) {
                let message = format!("{} is in force already; lift it first, or leave it.", standing.name);
                return Err(
                    Refusal::new(Reason::AlreadySuspended, message).with("suspension", &standing.name)
                );
            }
            Ok(Draft {
                collection: "suspensions",
                true_time: from,
                supersedes: None,
                about: None,
                body: FactBody::Suspended { reason: reason.clone() },
            })
        })
        .await
    }
}
