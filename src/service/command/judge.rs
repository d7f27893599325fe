//! What an acknowledgement does to the numbers of its command, or why it does nothing.

use std::collections::{BTreeMap, HashMap};

use super::places::Places;
use crate::{
    domain::{
        command::fold::{Misfit, Place, Step},
        number::Msisdn,
        refusal::{Refusal, Violation},
        shutdown::{CommandKind, ResultOutcome, Side},
        time::Time,
    },
    store::{
        StoreError, Tx,
        sql::{self, command::CommandRow, shutdown_place::Chosen},
    },
    vault::index::Index,
};

/// An acknowledgement.
#[derive(Clone, Debug)]
pub struct Ack {
    /// Of which command.
    pub sequence: i64,
    /// What became of some of its numbers.
    pub results: Vec<NumberResult>,
    /// What became of every other one.
    pub outcome: Option<ResultOutcome>,
}

/// What became of one number.
#[derive(Clone)]
pub struct NumberResult {
    /// The number, as the command has it.
    pub msisdn: String,
    /// How it went.
    pub outcome: ResultOutcome,
    /// Why.
    pub code: Option<String>,
}

/// Numbers that move together.
#[derive(Clone, Debug, PartialEq)]
pub struct Move {
    /// Which; `None`: the whole batch.
    pub ns: Option<Vec<i64>>,
    /// From here.
    pub from: Place,
    /// To there.
    pub to: Place,
    /// Why.
    pub code: Option<String>,
    /// What was answered, where it was an answer.
    pub outcome: Option<ResultOutcome>,
}

impl std::fmt::Debug for NumberResult {
    /// Without the number.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:?}", self.outcome, self.code)
    }
}

/// The moves of an acknowledgement that says no more than that the command has come.
pub(super) async fn arrived(
    tx: &mut dyn Tx,
    places: &mut Places,
    order: CommandKind,
    command: &CommandRow,
    step: fn(Side) -> Step,
    now: Time,
) -> Result<Vec<Move>, StoreError> {
    let tally = places.tally(tx, chosen(command), now).await?;
    let moves = tally.into_iter().filter_map(|(from, _)| {
        let to = from.after(order, step(command.side)).ok()?;
        (to != from).then(|| Move { ns: command.members.clone(), from, to, code: None, outcome: None })
    });
    Ok(moves.collect())
}

/// The moves of an acknowledgement with results; the inner error is why it counts for nothing.
pub(super) async fn answered(
    tx: &mut dyn Tx,
    places: &mut Places,
    index: &Index,
    (order, command, ack): (CommandKind, &CommandRow, &Ack),
    now: Time,
) -> Result<Result<Vec<Move>, Refusal>, StoreError> {
    let fits = |outcome: ResultOutcome| match command.kind {
        CommandKind::Verify => outcome != ResultOutcome::Executed,
        CommandKind::Shutdown | CommandKind::Restore => {
            !matches!(outcome, ResultOutcome::Verified | ResultOutcome::Diverged)
        }
    };
    if let Some(outcome) = ack.outcome.filter(|outcome| !fits(*outcome)) {
        return Ok(Err(Refusal::fields(vec![wrong_kind("outcome", outcome, command.kind)])));
    }
    let tally = places.tally(tx, chosen(command), now).await?;
    if let ([(from, _)], true) = (tally.as_slice(), ack.results.is_empty()) {
        // All are at one place: they move as a whole.
        return Ok(Ok(rest(order, command, ack, *from, &command.members).into_iter().collect()));
    }
    places.write(tx, chosen(command), now).await?;
    let mut open: BTreeMap<i64, (Vec<u8>, Place)> = BTreeMap::new();
    for (n, number_index, place) in sql::shutdown_place::each(tx, &command.order_id, command.batch).await? {
        if command.members.as_ref().is_none_or(|members| members.binary_search(&n).is_ok()) {
            open.insert(n, (number_index, place));
        }
    }
    let known: HashMap<&[u8], i64> = open.iter().map(|(n, (index, _))| (index.as_slice(), *n)).collect();
    let (mut faults, mut named) = (Vec::new(), BTreeMap::new());
    for (at, result) in ack.results.iter().enumerate() {
        let field = |name: &str| format!("results[{at}].{name}");
        // A number that is none is not in the command either.
        let n = Msisdn::parse(&result.msisdn)
            .ok()
            .map(|number| index.number(&number.e164()))
            .and_then(|index| known.get(index.as_bytes().as_slice()).copied());
        let Some(n) = n else {
            faults.push(Violation::new(field("msisdn"), "NOT_IN_COMMAND", "a number of this command"));
            continue;
        };
        if named.insert(n, result).is_some() {
            faults.push(Violation::new(field("msisdn"), "DUPLICATE", "each number once"));
        }
        if !fits(result.outcome) {
            faults.push(wrong_kind(&field("outcome"), result.outcome, command.kind));
        } else if let Some((_, place)) = open.get(&n)
            && place.after(order, step(command, result.outcome)) == Err(Misfit::AnsweredOtherwise)
        {
            let text = "it was answered otherwise before, and the first answer holds";
            faults.push(Violation::new(field("outcome"), "ANSWERED_ALREADY", text));
        }
    }
    if !faults.is_empty() {
        return Ok(Err(Refusal::fields(faults)));
    }
    let mut groups: HashMap<(Place, ResultOutcome, Option<&str>), Vec<i64>> = HashMap::new();
    let mut others: HashMap<Place, Vec<i64>> = HashMap::new();
    for (n, (_, place)) in &open {
        match named.get(n) {
            Some(result) => {
                groups.entry((*place, result.outcome, result.code.as_deref())).or_default().push(*n);
            }
            None => others.entry(*place).or_default().push(*n),
        }
    }
    let mut moves: Vec<Move> = groups
        .into_iter()
        .filter_map(|((from, outcome, code), ns)| {
            let to = from.after(order, step(command, outcome)).ok()?;
            let code = code.map(str::to_owned);
            (to != from).then_some(Move { ns: Some(ns), from, to, code, outcome: Some(outcome) })
        })
        .collect();
    moves.extend(others.into_iter().filter_map(|(from, ns)| rest(order, command, ack, from, &Some(ns))));
    Ok(Ok(moves))
}

/// What the outcome of every other number does to those of one place.
fn rest(
    order: CommandKind,
    command: &CommandRow,
    ack: &Ack,
    from: Place,
    ns: &Option<Vec<i64>>,
) -> Option<Move> {
    // What was answered before keeps its first answer.
    let to = match ack.outcome {
        None => from.after(order, Step::Acked(command.side)),
        Some(outcome) => from.after(order, step(command, outcome)),
    };
    let to = to.ok().filter(|to| *to != from)?;
    Some(Move { ns: ns.clone(), from, to, code: None, outcome: ack.outcome })
}

fn step(command: &CommandRow, outcome: ResultOutcome) -> Step {
    Step::Answered(command.side, command.kind, outcome)
}

fn chosen(command: &CommandRow) -> Chosen<'_> {
    Chosen { order_id: &command.order_id, batch: command.batch, ns: command.members.as_deref() }
}

fn wrong_kind(field: &str, outcome: ResultOutcome, kind: CommandKind) -> Violation {
    let text = match kind {
        CommandKind::Verify => "VERIFIED, DIVERGED, REFUSED or FAILED answers VERIFY",
        CommandKind::Shutdown | CommandKind::Restore => {
            "EXECUTED, REFUSED or FAILED answers SHUTDOWN and RESTORE"
        }
    };
    Violation::new(field, "WRONG_OUTCOME", format!("{outcome} is no answer to {kind}: {text}"))
}
