//! Time turns standings without a write: a deadline passes, a licence ends, a fact goes stale. The ticker records
//! each such turn as a revision of its own, so that watchers see it and the record shows it.

use std::{sync::Arc, time::Duration};

use super::{
    Gateway,
    board::present,
    record::{Turn, entry, history, turn},
    refusal,
};
use crate::{
    domain::{name::ParticipantName, refusal::Refusal, rules::RuleBook, standing, time::Time},
    store::{Abort, Tx, sql},
};

/// The ticker looks at least this often: the wall clock may be set.
const AT_MOST: Duration = Duration::from_secs(1);
/// The cause that the change log gives to a turn by time.
pub const CAUSE: &str = "time";

impl Gateway {
    /// How long nothing can turn by time alone, as far as the board knows.
    pub fn quiet(&self) -> Duration {
        let view = self.board.last_known();
        let now = self.clock.now();
        let next = view.mvnos.values().filter_map(|held| held.evaluation.next_turn).min();
        next.map_or(AT_MOST, |turn| turn.since(now).min(AT_MOST))
    }

    /// Records every turn that is due. Returns how many.
    pub async fn tick(&self) -> Result<usize, Refusal> {
        let now = self.clock.now();
        let view = self.board.last_known();
        let mut due: Vec<ParticipantName> = Vec::new();
        for (name, held) in &view.mvnos {
            // While a clock that was set back has not caught up, everything is over and nothing differs.
            if held.is_over(now) && held.at(&self.rules, now)?.evaluation != held.evaluation {
                due.push(name.clone());
            }
        }
        let mut turned = 0;
        for mvno in due {
            turned += usize::from(self.tick_one(mvno).await?);
        }
        if turned > 0 {
            self.cache.hint(self.board.last_known().revision);
        }
        Ok(turned)
    }

    async fn tick_one(&self, mvno: ParticipantName) -> Result<bool, Refusal> {
        let (rules, clock): (Arc<RuleBook>, _) = (self.rules.clone(), self.clock.clone());
        self.store
            .write(move |tx| {
                let (rules, mvno, now) = (rules.clone(), mvno.clone(), clock.now());
                Box::pin(async move { turn_by_time(tx, &rules, &mvno, now).await })
            })
            .await
            .map_err(refusal)
    }
}

async fn turn_by_time(
    tx: &mut dyn Tx,
    rules: &RuleBook,
    mvno: &ParticipantName,
    now: Time,
) -> Result<bool, Abort> {
    sql::standing::lock(tx, mvno).await?;
    let facts = history(tx, mvno).await?;
    let Some(row) = sql::standing::lookup(tx, mvno).await? else { return Ok(false) };
    let judged = present(&facts, now);
    let evaluation =
        standing::evaluate(&facts, rules, judged, judged).map_err(|_| Refusal::no_rules_then(now))?;
    let same = evaluation.standing == row.standing && evaluation.rule_version == row.rule_version;
    if same && evaluation.next_turn == row.next_turn {
        return Ok(false);
    }
    // Another node may have been first; a moment that changed nothing but what comes next is a revision too, so
    // that every node moves on together.
    let (revision, standing) = turn(tx, rules, Turn { mvno, facts: &facts, cause: CAUSE, now }).await?;
    let detail = serde_json::json!({ "cause": CAUSE, "standing": standing.as_str() });
    entry(tx, "turn", &mvno.to_string(), now, detail, Some(revision)).await?;
    Ok(true)
}
