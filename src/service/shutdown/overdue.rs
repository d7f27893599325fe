//! An MVNO whose commands are overdue is watched for it: the gateway records since when, and when it has caught up. Both
//! are facts like any other, so that an as-of question sees them as they were.

use std::sync::Arc;

use crate::{
    domain::{
        caller::Class,
        fact::{Fact, FactBody},
        name::ParticipantName,
        refusal::Refusal,
        rules::RuleBook,
        standing,
        time::Time,
    },
    host,
    service::{
        Gateway,
        record::{Turn, entry, history, turn},
        refusal,
    },
    store::{Abort, Tx, sql},
};

/// Where the names of these facts lie.
pub const COLLECTION: &str = "overdues";
/// Who records them.
const GATEWAY: &str = "greenlane";

impl Gateway {
    /// Records which MVNOs fell behind and which caught up. How many there were.
    pub async fn follow_overdue(&self) -> Result<usize, Refusal> {
        let read =
            self.store.read(|tx| Box::pin(async move { Ok(sql::command::overdue_receivers(tx).await?) }));
        let late = read.await.map_err(refusal)?;
        let (now, view) = (self.clock.now(), self.board.last_known());
        let marked = view.mvnos.iter().filter(|(_, held)| standing::overdue(&held.facts, now).is_some());
        let marked: Vec<&ParticipantName> = marked.map(|(name, _)| name).collect();
        let fell = late.iter().filter(|name| name.class == Class::Mvno && !marked.contains(name));
        let caught_up = marked.iter().copied().filter(|name| !late.contains(name));
        let turning: Vec<ParticipantName> = fell.chain(caught_up).cloned().collect();
        let mut turned = 0;
        for mvno in turning {
            let (rules, clock): (Arc<RuleBook>, _) = (self.rules.clone(), self.clock.clone());
            let written = self.store.write(move |tx| {
                let (rules, mvno, now) = (rules.clone(), mvno.clone(), clock.now());
                Box::pin(async move { follow(tx, &rules, &mvno, now).await })
            });
            turned += usize::from(written.await.map_err(refusal)?);
        }
        if turned > 0 {
            self.cache.hint(self.board.last_known().revision);
        }
        Ok(turned)
    }
}

/// Looks again under the MVNO's lock: another node may have been first.
async fn follow(tx: &mut dyn Tx, rules: &RuleBook, mvno: &ParticipantName, now: Time) -> Result<bool, Abort> {
    sql::standing::lock(tx, mvno).await?;
    let mut facts = history(tx, mvno).await?;
    let (true_time, body) = match (sql::command::overdue(tx, mvno).await?, standing::overdue(&facts, now)) {
        (Some((count, due)), None) => (due, FactBody::CommandsOverdue { count }),
        (None, Some(overdue)) => (now, FactBody::CommandsCaughtUp { overdue: overdue.to_owned() }),
        (Some(_), Some(_)) | (None, None) => return Ok(false),
    };
    let mut fact = Fact {
        name: format!("{mvno}/{COLLECTION}/{}", host::new_id(now)),
        mvno: mvno.clone(),
        seq: 0,
        true_time,
        record_time: now,
        supersedes: None,
        recorded_by: GATEWAY.to_owned(),
        body,
    };
    fact.seq = sql::fact::add(tx, &fact).await?;
    facts.push(fact.clone());
    let (revision, standing) = turn(tx, rules, Turn { mvno, facts: &facts, cause: &fact.name, now }).await?;
    let detail = serde_json::json!({ "kind": fact.body.kind(), "standing": standing.as_str() });
    entry(tx, "overdue", &fact.name, now, detail, Some(revision)).await?;
    Ok(true)
}
