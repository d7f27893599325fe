//! Records the assessment of one of the three criteria of the green channel.

use super::Faults;
use crate::{
    domain::{
        fact::{AssessmentCriterion, AssessmentOutcome, FactBody},
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

/// An assessment.
#[derive(Clone, Debug)]
pub struct Assessment {
    /// Whose.
    pub mvno: ParticipantName,
    /// Which criterion.
    pub criterion: AssessmentCriterion,
    /// Met or not.
    pub outcome: AssessmentOutcome,
    /// When it was assessed.
    pub assess_time: Time,
    /// Real-name completion in basis points, 0 to 10,000; only with its own criterion.
    pub completion_bp: Option<i32>,
    /// The assessment that it corrects.
    pub supersedes: Option<String>,
}

const COMPLETION: &str = "real_name_completion_bp";

impl Gateway {
    /// Records an assessment.
    pub async fn record_assessment(
        &self,
        context: Context,
        assessment: Assessment,
    ) -> Result<Answered<Recorded>, Refusal> {
        let (mvno, reason) = (assessment.mvno.clone(), context.reason.clone());
        let now = self.clock.now();
        let mut faults = Faults::of(&context);
        faults.not_ahead("assess_time", assessment.assess_time, now);
        let in_range = assessment.completion_bp.is_none_or(|bp| (0..=10_000).contains(&bp));
        faults.require(in_range, COMPLETION, "OUT_OF_RANGE", "0 to 10,000 basis points");
        let own = assessment.criterion == AssessmentCriterion::RealNameRegistration;
        let fits = own || assessment.completion_bp.is_none();
        faults.require(fits, COMPLETION, "NOT_OF_CRITERION", "only with REAL_NAME_REGISTRATION; leave unset");
        faults.optional_reason(&reason);
        faults.done()?;
        self.record(context, mvno, move |_, _| {
            Ok(Draft {
                collection: "assessments",
                true_time: assessment.assess_time,
                supersedes: assessment.supersedes.clone(),
                about: None,
                body: FactBody::Assessment {
                    criterion: assessment.criterion,
                    outcome: assessment.outcome,
                    real_name_completion_bp: assessment.completion_bp,
                },
            })
        })
        .await
    }
}
