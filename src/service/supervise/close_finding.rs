//! Closes a finding: VERIFIED ends it at that time, DISMISSED makes it never true.

use super::{Faults, close_of, is_superseded};
use crate::{
    domain::{
        fact::{Fact, FactBody, FindingOutcome},
        name::ParticipantName,
        refusal::{Reason, Refusal},
        time::Time,
    },
    service::{
        Gateway,
        act::Answered,
        context::Context,
        record::{Draft, Recorded, unknown_fact},
    },
};

/// How a finding is to be closed.
#[derive(Clone, Debug)]
pub struct Close {
    /// Whose.
    pub mvno: ParticipantName,
    /// The finding's name.
    pub finding: String,
    /// Cured, or never one.
    pub outcome: FindingOutcome,
    /// From when; now where unset.
    pub effective_time: Option<Time>,
}

impl Gateway {
    /// Closes a finding.
    pub async fn close_finding(&self, context: Context, close: Close) -> Result<Answered<Recorded>, Refusal> {
        let (mvno, reason) = (close.mvno.clone(), context.reason.clone());
        let now = self.clock.now();
        let mut faults = Faults::of(&context);
        faults.not_ahead("effective_time", close.effective_time.unwrap_or(now), now);
        faults.optional_reason(&reason);
        faults.done()?;
        self.record(context, mvno, move |facts, now| {
            let finding = open(facts, &close.finding)?;
            let at = close.effective_time.unwrap_or(now);
            if at < finding.true_time {
                let text = format!("not before the finding, {}", finding.true_time);
                return Err(Refusal::field("effective_time", "BEFORE_START", text));
            }
            Ok(Draft {
                collection: "closes",
                true_time: at,
                supersedes: None,
                about: Some(close.finding.clone()),
                body: FactBody::FindingClosed { finding: close.finding.clone(), outcome: close.outcome },
            })
        })
        .await
    }
}

/// A finding that stands open.
pub(super) fn open<'a>(facts: &'a [Fact], name: &str) -> Result<&'a Fact, Refusal> {
    let finding = facts
        .iter()
        .find(|fact| fact.name == name && matches!(fact.body, FactBody::FindingOpened { .. }))
        .ok_or_else(|| unknown_fact(name))?;
    if is_superseded(facts, name) {
        let message = "The finding was corrected by a later one; name that one.";
        return Err(Refusal::new(Reason::Superseded, message).with("finding", name));
    }
    match close_of(facts, name) {
        None => Ok(finding),
        Some(close) => {
            let message =
                format!("The finding was closed at {}; open a new one if it is back.", close.true_time);
            Err(Refusal::new(Reason::FindingClosed, message)
                .with("finding", name)
                .with("close_time", close.true_time))
        }
    }
}
