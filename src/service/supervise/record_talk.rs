//! Records a talk with an MVNO: who, when, what it undertook. Changes no standing.

use super::Faults;
use crate::{
    domain::{fact::FactBody, name::ParticipantName, refusal::Refusal, time::Time},
    service::{
        Gateway,
        act::Answered,
        context::Context,
        record::{Draft, Recorded},
    },
};

/// A talk.
#[derive(Clone, Debug)]
pub struct Talk {
    /// With whom.
    pub mvno: ParticipantName,
    /// When it was held.
    pub talk_time: Time,
    /// The organisations at the table, not persons.
    pub parties: Vec<String>,
    /// SHA-256 of the minutes.
    pub minutes_sha256: String,
    /// What the MVNO undertook to do.
    pub undertakings: Vec<String>,
    /// The talk that it corrects.
    pub supersedes: Option<String>,
}

impl Gateway {
    /// Records a talk.
    pub async fn record_talk(&self, context: Context, talk: Talk) -> Result<Answered<Recorded>, Refusal> {
        let (mvno, reason) = (talk.mvno.clone(), context.reason.clone());
        let now = self.clock.now();
        let mut faults = Faults::of(&context);
        faults.not_ahead("talk_time", talk.talk_time, now);
        faults.hash("minutes_sha256", &talk.minutes_sha256);
        faults.require(
            (1..=20).contains(&talk.parties.len()),
            "parties",
            "BAD_COUNT",
            "1 to 20 organisations",
        );
        faults.require(talk.undertakings.len() <= 20, "undertakings", "TOO_MANY", "at most 20");
        for (at, party) in talk.parties.iter().enumerate().take(20) {
            faults.text(&format!("parties[{at}]"), party, 1, 100);
        }
        for (at, undertaking) in talk.undertakings.iter().enumerate().take(20) {
            faults.text(&format!("undertakings[{at}]"), undertaking, 1, 500);
        }
        faults.optional_reason(&reason);
        faults.done()?;
        self.record(context, mvno, move |_, _| {
            Ok(Draft {
                collection: "talks",
                true_time: talk.talk_time,
                supersedes: talk.supersedes.clone(),
                about: None,
                body: FactBody::Talk {
                    parties: talk.parties.clone(),
                    minutes_sha256: talk.minutes_sha256.clone(),
                    undertakings: talk.undertakings.clone(),
                },
            })
        })
        .await
    }
}
