//! Facts as the things that regulators know: inspections, findings, suspensions, licences, assessments, talks. The
//! body of a fact fixes which thing it is; a mismatch is a fault of ours and yields nothing.

use super::{stamp, word::Word};
use crate::{
    domain::{
        fact::{Fact, FactBody, FindingOutcome},
        time::Time,
    },
    rpc::pb,
};

/// What became of a finding, beside the fact that opened it.
#[derive(Clone, Copy)]
pub enum Stage {
    /// Open.
    Open,
    /// The MVNO says that it is cured.
    Submitted,
    /// Closed from then on.
    Closed(FindingOutcome, Time),
}

/// An inspection.
pub fn inspection(fact: &Fact) -> Option<pb::Inspection> {
    let FactBody::Inspection {
        method,
        outlets_checked,
        outlets_breach,
        sample_size,
        sample_ok,
        evidence_hashes,
    } = &fact.body
    else {
        return None;
    };
    Some(pb::Inspection {
        name: fact.name.clone(),
        mvno: fact.mvno.to_string(),
        method: method.wire(),
        outlets_checked: *outlets_checked,
        outlets_breach: *outlets_breach,
        sample_size: *sample_size,
        sample_ok: *sample_ok,
        inspect_time: Some(stamp(fact.true_time)),
        evidence_hashes: evidence_hashes.clone(),
        supersedes: fact.supersedes.clone().unwrap_or_default(),
        record_time: Some(stamp(fact.record_time)),
        recorded_by: fact.recorded_by.clone(),
    })
}

/// A finding at a stage.
pub fn finding(fact: &Fact, stage: Stage) -> Option<pb::Finding> {
    let FactBody::FindingOpened { severity, text, cure_by_time } = &fact.body else { return None };
    let (state, close_time) = match stage {
        Stage::Open => (pb::FindingState::Open, None),
        Stage::Submitted => (pb::FindingState::Submitted, None),
        Stage::Closed(FindingOutcome::Verified, at) => (pb::FindingState::Verified, Some(at)),
        Stage::Closed(FindingOutcome::Dismissed, at) => (pb::FindingState::Dismissed, Some(at)),
    };
    Some(pb::Finding {
        name: fact.name.clone(),
        mvno: fact.mvno.to_string(),
        severity: severity.wire(),
        text: text.clone(),
        cure_by_time: Some(stamp(*cure_by_time)),
        state: state.into(),
        effective_time: Some(stamp(fact.true_time)),
        close_time: close_time.map(stamp),
        supersedes: fact.supersedes.clone().unwrap_or_default(),
        record_time: Some(stamp(fact.record_time)),
        recorded_by: fact.recorded_by.clone(),
    })
}

/// A suspension, and when it was lifted.
pub fn suspension(fact: &Fact, lift: Option<Time>) -> Option<pb::Suspension> {
    let FactBody::Suspended { reason } = &fact.body else { return None };
    Some(pb::Suspension {
        name: fact.name.clone(),
        mvno: fact.mvno.to_string(),
        effective_time: Some(stamp(fact.true_time)),
        lift_time: lift.map(stamp),
        reason: reason.clone(),
        record_time: Some(stamp(fact.record_time)),
        recorded_by: fact.recorded_by.clone(),
    })
}

/// A licence, and when it was revoked.
pub fn licence(fact: &Fact, revoked: Option<Time>) -> Option<pb::Licence> {
    let FactBody::Licence { licence, valid_from_time, valid_to_time } = &fact.body else { return None };
    Some(pb::Licence {
        name: fact.name.clone(),
        mvno: fact.mvno.to_string(),
        kind: licence.wire(),
        valid_from_time: Some(stamp(*valid_from_time)),
        valid_to_time: valid_to_time.map(stamp),
        revoke_time: revoked.map(stamp),
        supersedes: fact.supersedes.clone().unwrap_or_default(),
        record_time: Some(stamp(fact.record_time)),
        recorded_by: fact.recorded_by.clone(),
    })
}

/// An assessment.
pub fn assessment(fact: &Fact) -> Option<pb::Assessment> {
    let FactBody::Assessment { criterion, outcome, real_name_completion_bp } = &fact.body else {
        return None;
    };
    Some(pb::Assessment {
        name: fact.name.clone(),
        mvno: fact.mvno.to_string(),
        criterion: criterion.wire(),
        outcome: outcome.wire(),
        assess_time: Some(stamp(fact.true_time)),
        real_name_completion_bp: *real_name_completion_bp,
        supersedes: fact.supersedes.clone().unwrap_or_default(),
        record_time: Some(stamp(fact.record_time)),
        recorded_by: fact.recorded_by.clone(),
    })
}

/// A talk.
pub fn talk(fact: &Fact) -> Option<pb::Talk> {
    let FactBody::Talk { parties, minutes_sha256, undertakings } = &fact.body else { return None };
    Some(pb::Talk {
        name: fact.name.clone(),
        mvno: fact.mvno.to_string(),
        talk_time: Some(stamp(fact.true_time)),
        parties: parties.clone(),
        minutes_sha256: minutes_sha256.clone(),
        undertakings: undertakings.clone(),
        supersedes: fact.supersedes.clone().unwrap_or_default(),
        record_time: Some(stamp(fact.record_time)),
        recorded_by: fact.recorded_by.clone(),
    })
}
