//! One MVNO's standing with every fact behind it.

use super::{
    Gateway,
    board::Held,
    check_status::{Reached, may_see},
    record::unknown_mvno,
};
use crate::domain::{caller::Caller, name::ParticipantName, refusal::Refusal};
use std::sync::Arc;

/// A standing, and the revision of the snapshot that it was read from.
#[derive(Clone, Debug)]
pub struct StandingOf {
    /// Whose.
    pub mvno: ParticipantName,
    /// The MVNO as it is held.
    pub held: Arc<Held>,
}

impl Gateway {
    /// The standing of one MVNO, from at least that revision.
    pub async fn standing_of(
        &self,
        caller: &Caller,
        mvno: ParticipantName,
        min_revision: i64,
    ) -> Result<StandingOf, Refusal> {
        may_see(caller, &mvno)?;
        let Reached { now, view, .. } = self.reach(min_revision, self.patience()).await?;
        let held = view.mvnos.get(&mvno).ok_or_else(|| unknown_mvno(&mvno))?;
        let held = held.at(&self.rules, now)?;
        Ok(StandingOf { mvno, held })
    }
}
