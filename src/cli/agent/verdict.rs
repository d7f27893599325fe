//! How a command went, as a hook says it: nothing is all done; or a word for all, or one for each number.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::rpc::pb::{self, CommandKind, ResultOutcome};

/// How a command went.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Verdict {
    /// What became of every number that `others` does not name.
    outcome: String,
    /// Numbers that went otherwise, by their place in the command.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    others: Vec<Other>,
}

/// A number that went otherwise.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
struct Other {
    at: usize,
    outcome: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    code: String,
}

/// What a hook prints: an object with a word for all and results, or the results alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum Printed {
    Whole(Whole),
    Results(Vec<Told>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Whole {
    outcome: Option<String>,
    #[serde(default)]
    results: Vec<Told>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    msisdn: String,
    outcome: String,
    #[serde(default)]
    code: String,
}

/// How enum values begin on the wire.
const PREFIX: &str = "RESULT_OUTCOME_";

// === impl Verdict ===

impl Verdict {
    /// Nothing of it was done.
    pub(super) fn failed(command: &pb::Command, code: &str) -> Self {
        let outcome = word(ResultOutcome::Failed);
        let other = |at| Other { at, outcome: outcome.clone(), code: code.to_owned() };
        Self { others: (0..command.msisdns.len()).map(other).collect(), outcome }
    }

    /// What a hook said of a command when it ended well; or what is wrong with it, without any number.
    pub(super) fn read(command: &pb::Command, printed: &[u8]) -> Result<Self, &'static str> {
        let done = match command.kind() {
            CommandKind::Verify => ResultOutcome::Verified,
            CommandKind::Shutdown | CommandKind::Restore | CommandKind::Unspecified => {
                ResultOutcome::Executed
            }
        };
        let (all, told) = if printed.trim_ascii().is_empty() {
            (None, Vec::new())
        } else {
            match serde_json::from_slice(printed).map_err(|_| "what it printed is no JSON of results")? {
                Printed::Whole(Whole { outcome, results }) => (outcome, results),
                Printed::Results(results) => (None, results),
            }
        };
        let all = all.map_or(Ok(done), |all| outcome(command, &all))?;
        let places: HashMap<&str, usize> =
            command.msisdns.iter().enumerate().map(|(at, msisdn)| (msisdn.as_str(), at)).collect();
        let mut others = Vec::new();
        for told in told {
            let at = places.get(told.msisdn.as_str()).ok_or("it names a number that the command does not")?;
            let sound = told.code.len() <= 40
                && told.code.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_'));
            if !sound {
                return Err("a code has 1 to 40 upper-case letters, digits and underscores");
            }
            let outcome = outcome(command, &told.outcome)?;
            others.push(Other { at: *at, outcome: word(outcome), code: told.code });
        }
        others.sort_by_key(|other| other.at);
        if others.windows(2).any(|pair| pair[0].at == pair[1].at) {
            return Err("it names a number twice");
        }
        Ok(Self { outcome: word(all), others })
    }

    /// The acknowledgement that says so.
    pub(super) fn ack(&self, command: &pb::Command) -> pb::CommandAck {
        let result = |other: &Other| {
            Some(pb::NumberResult {
                msisdn: command.msisdns.get(other.at)?.clone(),
                outcome: value(&other.outcome),
                code: other.code.clone(),
            })
        };
        let results = self.others.iter().filter_map(result).collect();
        pb::CommandAck { sequence: command.sequence, results, outcome: value(&self.outcome) }
    }

    /// What became of most of it, and of how many numbers something else.
    pub(super) fn summary(&self) -> (&str, usize) {
        (&self.outcome, self.others.iter().filter(|other| other.outcome != self.outcome).count())
    }
}

/// An outcome by its word, with or without its prefix, where it answers such a command.
fn outcome(command: &pb::Command, said: &str) -> Result<ResultOutcome, &'static str> {
    const UNFIT: &str = "it says an outcome that does not answer such a command";
    let outcome = ResultOutcome::from_str_name(&format!("{PREFIX}{}", said.trim_start_matches(PREFIX)));
    let reads = command.kind() == CommandKind::Verify;
    match outcome.ok_or(UNFIT)? {
        ResultOutcome::Unspecified => Err(UNFIT),
        ResultOutcome::Executed if reads => Err(UNFIT),
        ResultOutcome::Verified | ResultOutcome::Diverged if !reads => Err(UNFIT),
        outcome => Ok(outcome),
    }
}

fn word(outcome: ResultOutcome) -> String {
    outcome.as_str_name().trim_start_matches(PREFIX).to_owned()
}

fn value(word: &str) -> i32 {
    ResultOutcome::from_str_name(&format!("{PREFIX}{word}")).unwrap_or_default().into()
}

#[cfg(test)]
mod tests;
