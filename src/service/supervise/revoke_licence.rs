//! Revokes a licence from now on.

use super::{Faults, is_superseded};
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
        record::{Draft, Recorded, unknown_fact},
    },
};

/// A revocation.
#[derive(Clone, Debug)]
pub struct Revocation {
    /// Whose licence.
    pub mvno: ParticipantName,
    /// The licence's name.
    pub licence: String,
    /// From when; now where unset.
    pub effective_time: Option<Time>,
}

impl Gateway {
    /// Revokes a licence.
    pub async fn revoke_licence(
        &self,
        context: Context,
        revocation: Revocation,
    ) -> Result<Answered<Recorded>, Refusal> {
        let (mvno, reason) = (revocation.mvno.clone(), context.reason.clone());
        let now = self.clock.now();
        let at = revocation.effective_time.unwrap_or(now);
        let mut faults = Faults::of(&context);
        faults.reason(&reason);
        faults.not_ahead("effective_time", at, now);
        faults.done()?;
        self.record(context, mvno, move |facts, now| {
            let at = revocation.effective_time.unwrap_or(now);
            let name = &revocation.licence;
            let known =
                facts.iter().any(|fact| fact.name == *name && matches!(fact.body, FactBody::Licence { .. }));
            if !known {
                return Err(unknown_fact(name));
            }
            if is_superseded(facts, name) {
                let message = "The licence was corrected by a later record; name that one.";
                return Err(Refusal::new(Reason::Superseded, message).with("licence", name));
            }
            let revoked =
                |fact: &_| matches!(fact, FactBody::LicenceRevoked { licence, .. } if licence == name);
            if facts.iter().any(|fact| revoked(&fact.body)) {
                let message = "The licence was revoked already; record a new one if it is granted again.";
                return Err(Refusal::new(Reason::LicenceRevoked, message).with("licence", name));
            }
            Ok(Draft {
                collection: "revocations",
                true_time: at,
                supersedes: None,
                about: Some(name.clone()),
                body: FactBody::LicenceRevoked { licence: name.clone(), reason: reason.clone() },
            })
        })
        .await
    }
}
