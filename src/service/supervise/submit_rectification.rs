//! The MVNO says what it did about a finding. Changes no standing: only a close does.

use super::{Faults, close_finding::open};
use crate::{
    domain::{
        fact::{Fact, FactBody},
        name::ParticipantName,
        refusal::{Reason, Refusal},
    },
    service::{
        Gateway,
        act::Answered,
        context::Context,
        record::{Draft, Recorded},
    },
};

/// Rectifications of one finding at most.
const MOST: usize = 50;

/// A rectification.
#[derive(Clone, Debug)]
pub struct Rectification {
    /// Whose; the caller itself.
    pub mvno: ParticipantName,
    /// The finding's name.
    pub finding: String,
    /// What was done, without personal data.
    pub text: String,
    /// SHA-256 of each piece of evidence.
    pub evidence_hashes: Vec<String>,
}

impl Gateway {
    /// Enters a rectification.
    pub async fn submit_rectification(
        &self,
        context: Context,
        rectification: Rectification,
    ) -> Result<Answered<Recorded>, Refusal> {
        let mvno = rectification.mvno.clone();
        let mut faults = Faults::of(&context);
        faults.text("text", &rectification.text, 4, 2000);
        faults.hashes("evidence_hashes", &rectification.evidence_hashes);
        faults.done()?;
        self.record(context, mvno, move |facts, now| {
            open(facts, &rectification.finding)?;
            may_submit(facts, &rectification.finding)?;
            Ok(Draft {
                collection: "rectifications",
                true_time: now,
                supersedes: None,
                about: Some(rectification.finding.clone()),
                body: FactBody::RectificationSubmitted {
                    finding: rectification.finding.clone(),
                    text: rectification.text.clone(),
                    evidence_hashes: rectification.evidence_hashes.clone(),
                },
            })
        })
        .await
    }
}

/// An MVNO's own words are the only facts that regulators do not write, and every node keeps them in memory.
fn may_submit(facts: &[Fact], finding: &str) -> Result<(), Refusal> {
    let about = |fact: &&Fact| matches!(&fact.body, FactBody::RectificationSubmitted { finding: of, .. } if of == finding);
    if facts.iter().filter(about).count() < MOST {
        return Ok(());
    }
    let message =
        format!("{MOST} rectifications were submitted for this finding; ask the regulator to look at them.");
    Err(Refusal::new(Reason::RectificationsReached, message).with("finding", finding).with("limit", MOST))
}
