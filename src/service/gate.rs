//! The standing as a gate of acts that are many: judged by the rules of a status check inside the act's own transaction,
//! under a lock that such acts share, so that no suspension slips in between and none waits for another.

use super::{board::present, record::history};
use crate::{
    domain::{
        decision::{self, Action, Decided, Decision},
        name::ParticipantName,
        refusal::Refusal,
        rules::RuleBook,
        standing,
        time::Time,
    },
    store::{Abort, Tx, sql},
};

/// The decision about an action now. The recorded standing answers it while nothing can have turned since; else the
/// whole history does.
pub async fn decide(
    tx: &mut dyn Tx,
    rules: &RuleBook,
    mvno: &ParticipantName,
    action: Action,
    now: Time,
) -> Result<Decision, Abort> {
    let row = sql::standing::lookup_shared(tx, mvno).await?;
    let set = rules.at(now).ok_or_else(|| Refusal::no_rules_then(now))?;
    let holds =
        row.filter(|row| row.next_turn.is_none_or(|turn| now < turn) && row.rule_version == set.version);
    match holds {
        Some(row) => Ok(set.decision(action, row.standing)),
        None => Ok(grounds(tx, rules, mvno, action, now).await?.decision),
    }
}

/// The same with its grounds.
pub async fn grounds(
    tx: &mut dyn Tx,
    rules: &RuleBook,
    mvno: &ParticipantName,
    action: Action,
    now: Time,
) -> Result<Decided, Abort> {
    let facts = history(tx, mvno).await?;
    let judged = present(&facts, now);
    let evaluation =
        standing::evaluate(&facts, rules, judged, judged).map_err(|_| Refusal::no_rules_then(now))?;
    let set = rules.at(judged).ok_or_else(|| Refusal::no_rules_then(now))?;
    Ok(decision::decide(&evaluation, action, set))
}
