//! Lifts the suspension in force.

use super::{Faults, is_superseded};
use crate::{
    domain::{
        fact::{Fact, FactBody},
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

/// A lift.
#[derive(Clone, Debug)]
pub struct Lift {
    /// Whose suspension.
    pub mvno: ParticipantName,
    /// From when; now where unset.
    pub effective_time: Option<Time>,
}

impl Gateway {
    /// Lifts the suspension in force.
    pub async fn lift_suspension(&self, context: Context, lift: Lift) -> Result<Answered<Recorded>, Refusal> {
        let (mvno, reason) = (lift.mvno.clone(), context.reason.clone());
        let now = self.clock.now();
        let at = lift.effective_time.unwrap_or(now);
        let mut faults = Faults::of(&context);
        faults.reason(&reason);
        faults.not_ahead("effective_time", at, now);
        faults.done()?;
        self.record(context, mvno, move |facts, now| {
            let at = lift.effective_time.unwrap_or(now);
            let Some(suspension) = in_force(facts) else {
                let message = "No suspension is in force, so there is nothing to lift.";
                return Err(Refusal::new(Reason::NotSuspended, message).with("mvno", &lift.mvno));
            };
            if at < suspension.true_time {
                return Err(Refusal::field(
                    "effective_time",
                    "BEFORE_START",
                    format!("not before {}", suspension.true_time),
                ));
            }
            Ok(Draft {
                collection: "lifts",
                true_time: at,
                supersedes: None,
                about: Some(suspension.name.clone()),
                body: FactBody::SuspensionLifted {
                    suspension: suspension.name.clone(),
                    reason: reason.clone(),
                },
            })
        })
        .await
    }
}

/// The suspension that no lift ends.
pub(super) fn in_force(facts: &[Fact]) -> Option<&Fact> {
    let lifted = |name: &str| {
        facts.iter().any(
            |fact| matches!(&fact.body, FactBody::SuspensionLifted { suspension, .. } if suspension == name),
        )
    };
    facts.iter().find(|fact| {
        matches!(fact.body, FactBody::Suspended { .. })
            && !lifted(&fact.name)
            && !is_superseded(facts, &fact.name)
    })
}
