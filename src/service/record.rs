//! How a fact comes into the record: the MVNO's row is locked, the verb's pure check sees the whole history, the
//! fact is added, the standing computed again, and a revision taken. All supervision verbs go through here.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{
    Gateway,
    act::{Answered, Done},
    board::present,
    context::Context,
};
use crate::{
    domain::{
        caller::Caller,
        entry::{Entry, EntryKind},
        fact::{Fact, FactBody},
        name::ParticipantName,
        participant::{Participant, ParticipantState},
        refusal::{Reason, Refusal},
        rules::RuleBook,
        standing::{self, Standing},
        time::Time,
    },
    host,
    store::{
        Abort, StoreError, Tx,
        sql::{self, standing::StandingRow},
    },
};

/// A fact that a verb wants recorded.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The collection of its name: `inspections`, `findings` and so on.
    pub collection: &'static str,
    /// When it was true.
    pub true_time: Time,
    /// The fact that it corrects.
    pub supersedes: Option<String>,
    /// What it says.
    pub body: FactBody,
    /// The name of the fact that it is about: the finding closed, the suspension lifted.
    pub about: Option<String>,
}

/// A fact recorded.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Recorded {
    /// The new fact.
    pub fact: Fact,
    /// The fact that it is about.
    pub about: Option<Fact>,
    /// The revision that it made.
    pub revision: i64,
    /// The standing from then on.
    pub standing: Standing,
}

/// A turn of a standing, to be written in the change log.
pub(crate) struct Turn<'a> {
    pub mvno: &'a ParticipantName,
    pub facts: &'a [Fact],
    pub cause: &'a str,
    pub now: Time,
}

impl Gateway {
    /// Records what `draft` makes of the MVNO's history, as of the moment it is given.
    pub async fn record<D>(
        &self,
        context: Context,
        mvno: ParticipantName,
        draft: D,
    ) -> Result<Answered<Recorded>, Refusal>
    where
        D: Fn(&[Fact], Time) -> Result<Draft, Refusal> + Send + Sync + 'static,
    {
        let (rules, caller, draft) = (self.rules.clone(), context.caller.clone(), Arc::new(draft));
        self.act(context, move |tx, now| {
            let (rules, caller, draft, mvno) = (rules.clone(), caller.clone(), draft.clone(), mvno.clone());
            Box::pin(async move {
                let sql::history::History { participant, standing: before, mut facts } =
                    sql::history::lock(tx, &mvno).await?;
                takes_part(participant.as_ref(), &mvno)?;
                let drafted = draft(&facts, now)?;
                if let Some(old) = &drafted.supersedes {
                    may_supersede(&facts, old, &drafted.body)?;
                }
                let about =
                    drafted.about.clone().and_then(|name| facts.iter().find(|f| f.name == name).cloned());
                // Its place is known once it is there; until then it is the last one.
                let seq = facts.last().map_or(1, |last| last.seq + 1);
                let mut fact = made(&mvno, &caller, drafted, seq, now);
                facts.push(fact.clone());
                let cause = fact.name.clone();
                let turn = Turn { mvno: &mvno, facts: &facts, cause: &cause, now };
                let row = judged(&rules, &turn, before)?;
                let (seq, revision) = sql::history::add(tx, &fact).await?;
                fact.seq = seq;
                let standing = row.standing;
                write(tx, StandingRow { revision, ..row }, &turn).await?;
                let detail = serde_json::json!({ "kind": fact.body.kind(), "standing": standing.as_str() });
                let subject = fact.name.clone();
                let answer = Recorded { fact, about, revision, standing };
                Ok(Done { answer, subject, detail, revision: Some(revision) })
            })
        })
        .await
    }
}

/// The history of an MVNO that takes part.
pub(super) async fn history(tx: &mut dyn Tx, mvno: &ParticipantName) -> Result<Vec<Fact>, Abort> {
    takes_part(sql::participant::lookup(tx, mvno).await?.as_ref(), mvno)?;
    Ok(sql::fact::list_of(tx, mvno).await?)
}

fn takes_part(participant: Option<&Participant>, mvno: &ParticipantName) -> Result<(), Refusal> {
    match participant {
        Some(participant) if participant.state != ParticipantState::Proposed => Ok(()),
        _ => Err(unknown_mvno(mvno)),
    }
}

/// The refusal for an MVNO that does not take part.
pub(super) fn unknown_mvno(mvno: &ParticipantName) -> Refusal {
    Refusal::new(
        Reason::MvnoNotFound,
        format!("{mvno} does not take part here; list those that do with ListStandings."),
    )
    .with("mvno", mvno)
}

/// The refusal for a fact that is not in that history.
pub(super) fn unknown_fact(name: &str) -> Refusal {
    Refusal::new(Reason::FactNotFound, "No such fact of that MVNO is on record; GetStanding lists them.")
        .with("fact", name)
}

fn may_supersede(facts: &[Fact], old: &str, new: &FactBody) -> Result<(), Refusal> {
    let Some(fact) = facts.iter().find(|fact| fact.name == old) else { return Err(unknown_fact(old)) };
    if fact.body.kind() != new.kind() {
        return Err(Refusal::field("supersedes", "OTHER_KIND", "a fact is corrected by one of its own kind"));
    }
    match facts.iter().find(|fact| fact.supersedes.as_deref() == Some(old)) {
        None => Ok(()),
        Some(by) => {
            let message = format!("{old} was corrected already, by {}; correct that one.", by.name);
            Err(Refusal::new(Reason::Superseded, message).with("fact", old).with("superseded_by", &by.name))
        }
    }
}

fn made(mvno: &ParticipantName, caller: &Caller, drafted: Draft, seq: i64, now: Time) -> Fact {
    Fact {
        name: format!("{mvno}/{}/{}", drafted.collection, host::new_id(now)),
        mvno: mvno.clone(),
        seq,
        true_time: drafted.true_time,
        record_time: now,
        supersedes: drafted.supersedes,
        recorded_by: caller.to_string(),
        body: drafted.body,
    }
}

/// Computes a standing again and writes it down with a revision of its own. Returns both.
pub(crate) async fn turn(
    tx: &mut dyn Tx,
    rules: &RuleBook,
    turn: Turn<'_>,
) -> Result<(i64, Standing), Abort> {
    let before = sql::standing::lookup(tx, turn.mvno).await?;
    let row = judged(rules, &turn, before)?;
    // From here to the commit nobody else takes a revision: as little as can be comes after.
    let revision = sql::change::next_revision(tx).await?;
    let standing = row.standing;
    write(tx, StandingRow { revision, ..row }, &turn).await?;
    Ok((revision, standing))
}

/// What becomes of a standing, its revision still to be taken.
fn judged(rules: &RuleBook, turn: &Turn<'_>, before: Option<StandingRow>) -> Result<StandingRow, Refusal> {
    let Turn { mvno, facts, now, .. } = *turn;
    let moment = present(facts, now);
    let evaluation =
        standing::evaluate(facts, rules, moment, moment).map_err(|_| Refusal::no_rules_then(now))?;
    let previous = before.as_ref().map_or(Standing::Unknown, |row| row.standing);
    let turned = before.as_ref().is_none_or(|row| row.standing != evaluation.standing);
    let since_time = before.filter(|_| !turned).map_or(now, |row| row.since_time);
    Ok(StandingRow {
        mvno: mvno.clone(),
        standing: evaluation.standing,
        previous,
        since_time,
        revision: 0,
        rule_version: evaluation.rule_version,
        next_turn: evaluation.next_turn,
    })
}

async fn write(tx: &mut dyn Tx, row: StandingRow, turn: &Turn<'_>) -> Result<(), StoreError> {
    sql::standing::save(tx, &row).await?;
    let change = sql::change::Change {
        revision: row.revision,
        mvno: row.mvno,
        standing: row.standing,
        previous: row.previous,
        change_time: turn.now,
        cause: turn.cause.to_owned(),
    };
    sql::change::append(tx, &change).await?;
    tx.mark_changed();
    Ok(())
}

/// Enters an act of the gateway's own.
pub(crate) async fn entry(
    tx: &mut dyn Tx,
    method: &str,
    subject: &str,
    now: Time,
    detail: serde_json::Value,
    revision: Option<i64>,
) -> Result<(), Abort> {
    let entry = Entry {
        entry_id: host::new_id(now),
        kind: EntryKind::Act,
        entry_time: now,
        caller: "greenlane".to_owned(),
        certificate_sha256: String::new(),
        method: method.to_owned(),
        subject: subject.to_owned(),
        request_sha256: String::new(),
        outcome: "DONE".to_owned(),
        detail: detail.to_string(),
        revision,
    };
    Ok(sql::entry::append(tx, &entry).await?)
}
