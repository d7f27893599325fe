//! Answers about standings, as messages.

use std::collections::HashSet;

use super::{bilingual, stamp, word::Word};
use crate::{
    domain::standing::{Ground, Remedy},
    rpc::pb,
    service::{
        board::Held,
        check_status::{Finding, Source},
        standing_of::StandingOf,
    },
};

/// The answer to a check.
pub fn check(finding: &Finding, decision_id: String) -> pb::CheckStatusResponse {
    let decided = finding.decided();
    pb::CheckStatusResponse {
        decision: decided.decision.wire(),
        standing: decided.standing.wire(),
        lane: decided.lane.wire(),
        reasons: decided.reasons.iter().map(reason).collect(),
        remedies: decided.remedies.iter().map(remedy).collect(),
        conditions: decided.conditions.iter().map(bilingual).collect(),
        revision: finding.revision,
        rule_version: finding.held.evaluation.rule_version.clone(),
        bulletin_version: 0,
        facts_as_of_time: finding.facts_as_of_time.map(stamp),
        decide_time: Some(stamp(finding.decide_time)),
        expire_time: finding.expire_time.map(stamp),
        source: match finding.source {
            Source::Cache => pb::Source::Cache.into(),
            Source::Origin => pb::Source::Origin.into(),
        },
        decision_id,
        receipt: None,
    }
}

/// What a receipt states about an answer.
pub fn statement(
    request: &pb::CheckStatusRequest,
    answer: &pb::CheckStatusResponse,
    asker: String,
) -> pb::CheckStatement {
    pb::CheckStatement {
        asker,
        mvno: request.mvno.clone(),
        action: request.action,
        decision: answer.decision,
        standing: answer.standing,
        lane: answer.lane,
        reason_codes: answer.reasons.iter().map(|reason| reason.code.clone()).collect(),
        revision: answer.revision,
        rule_version: answer.rule_version.clone(),
        bulletin_version: answer.bulletin_version,
        facts_as_of_time: answer.facts_as_of_time,
        decide_time: answer.decide_time,
        expire_time: answer.expire_time,
        decision_id: answer.decision_id.clone(),
        as_of_time: request.as_of_time,
        known_time: request.known_time,
    }
}

/// A standing; with the facts behind it, or without, as lists have it.
pub fn standing(of: &StandingOf, with_facts: bool) -> pb::MvnoStanding {
    let held = &of.held;
    pb::MvnoStanding {
        mvno: of.mvno.to_string(),
        standing: held.standing().wire(),
        since_time: Some(stamp(held.since_time)),
        revision: held.revision,
        facts: if with_facts { facts(held) } else { Vec::new() },
        reasons: held.evaluation.reasons.iter().map(reason).collect(),
        remedies: held.evaluation.remedies.iter().map(remedy).collect(),
        rule_version: held.evaluation.rule_version.clone(),
        expire_time: held.evaluation.next_turn.map(stamp),
    }
}

fn facts(held: &Held) -> Vec<pb::StandingFact> {
    let used: HashSet<&str> = held.evaluation.used.iter().map(String::as_str).collect();
    let facts = held.facts.iter().filter(|fact| used.contains(fact.name.as_str()));
    facts
        .map(|fact| pb::StandingFact {
            name: fact.name.clone(),
            kind: fact.body.kind().to_owned(),
            true_time: Some(stamp(fact.true_time)),
            record_time: Some(stamp(fact.record_time)),
            summary: fact.body.summary(),
            supersedes: fact.supersedes.clone().unwrap_or_default(),
        })
        .collect()
}

/// One reason.
pub fn reason(ground: &Ground) -> pb::Reason {
    pb::Reason {
        code: ground.code.to_owned(),
        law: ground.law.clone(),
        text: Some(pb::Bilingual { zh: ground.zh.clone(), en: ground.en.clone() }),
        fact: ground.fact.clone(),
        threshold: ground.threshold.clone(),
    }
}

fn remedy(remedy: &Remedy) -> pb::Remedy {
    pb::Remedy {
        fact: remedy.fact.clone(),
        have: remedy.have.clone(),
        need: remedy.need.clone(),
        text: Some(pb::Bilingual { zh: remedy.zh.clone(), en: remedy.en.clone() }),
    }
}
