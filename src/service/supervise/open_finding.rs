//! Opens a finding: something that the MVNO must cure by a day.

use super::Faults;
use crate::{
    domain::{
        fact::{FactBody, FindingSeverity},
        name::ParticipantName,
        refusal::Refusal,
        time::Time,
    },
    service::{
        Gateway,
        act::Answered,
        context::Context,
        record::{Draft, Recorded},
    },
};

/// A finding to be opened.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Whose.
    pub mvno: ParticipantName,
    /// How grave.
    pub severity: FindingSeverity,
    /// What was found, without personal data.
    pub text: String,
    /// The end of the time to cure it.
    pub cure_by_time: Time,
    /// From when; now where unset.
    pub effective_time: Option<Time>,
    /// The finding that it corrects.
    pub supersedes: Option<String>,
}

impl Gateway {
    /// Opens a finding.
    pub async fn open_finding(
        &self,
        context: Context,
        finding: Finding,
    ) -> Result<Answered<Recorded>, Refusal> {
        let (mvno, reason) = (finding.mvno.clone(), context.reason.clone());
        let now = self.clock.now();
        let from = finding.effective_time.unwrap_or(now);
        let mut faults = Faults::of(&context);
        faults.text("text", &finding.text, 4, 2000);
        faults.not_ahead("effective_time", from, now);
        faults.require(
            finding.cure_by_time > from,
            "cure_by_time",
            "BEFORE_START",
            "later than the finding's start",
        );
        faults.optional_reason(&reason);
        faults.done()?;
        self.record(context, mvno, move |_, now| {
            let from = finding.effective_time.unwrap_or(now);
            Ok(Draft {
                collection: "findings",
                true_time: from,
                supersedes: finding.supersedes.clone(),
                about: None,
                body: FactBody::FindingOpened {
                    severity: finding.severity,
                    text: finding.text.clone(),
                    cure_by_time: finding.cure_by_time,
                },
            })
        })
        .await
    }
}
