//! Records a licence, pilot or formal, and the time for which it is valid.

use super::Faults;
use crate::{
    domain::{
        fact::{FactBody, LicenceKind},
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

/// A licence.
#[derive(Clone, Debug)]
pub struct Licence {
    /// Whose.
    pub mvno: ParticipantName,
    /// Pilot or formal.
    pub kind: LicenceKind,
    /// Its first moment; may lie ahead.
    pub valid_from_time: Time,
    /// Its end; unset means none.
    pub valid_to_time: Option<Time>,
    /// The licence that it corrects.
    pub supersedes: Option<String>,
}

impl Gateway {
    /// Records a licence.
    pub async fn record_licence(
        &self,
        context: Context,
        licence: Licence,
    ) -> Result<Answered<Recorded>, Refusal> {
        let (mvno, reason) = (licence.mvno.clone(), context.reason.clone());
        let mut faults = Faults::of(&context);
        let ordered = licence.valid_to_time.is_none_or(|end| end > licence.valid_from_time);
        faults.require(
            ordered,
            "valid_to_time",
            "BEFORE_START",
            "later than valid_from_time, or unset for no end",
        );
        faults.optional_reason(&reason);
        faults.done()?;
        self.record(context, mvno, move |_, _| {
            Ok(Draft {
                collection: "licences",
                true_time: licence.valid_from_time,
                supersedes: licence.supersedes.clone(),
                about: None,
                body: FactBody::Licence {
                    licence: licence.kind,
                    valid_from_time: licence.valid_from_time,
                    valid_to_time: licence.valid_to_time,
                },
            })
        })
        .await
    }
}
