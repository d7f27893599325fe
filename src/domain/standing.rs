//! An MVNO's standing: a pure function of its facts, the rule sets and two moments. The first that fits wins, in the
//! order REVOKED, SUSPENDED, UNKNOWN, RECTIFYING, WATCH, GREEN_CHANNEL, COMPLIANT.

mod green;
mod grounds;
mod history;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use self::grounds::CODES;
use self::history::History;
use super::{
    fact::Fact,
    rules::{RuleBook, RuleSet},
    time::Time,
    word::words,
};

words! {
    /// An MVNO's state, the gravest first.
    Standing {
        /// It had a licence and has none now.
        Revoked "REVOKED";
        /// Partnership is stopped.
        Suspended "SUSPENDED";
        /// Never licensed or never inspected.
        Unknown "UNKNOWN";
        /// Something to cure in time.
        Rectifying "RECTIFYING";
        /// Something to look at.
        Watch "WATCH";
        /// All three criteria met, with evidence, over two clean rounds.
        GreenChannel "GREEN_CHANNEL";
        /// Nothing against it.
        Compliant "COMPLIANT";
    }
}

/// What the facts say at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// The state.
    pub standing: Standing,
    /// The rule set applied, by the day from which it is in force.
    pub rule_version: String,
    /// Why, the gravest first.
    pub reasons: Vec<Ground>,
    /// What would lead to a better one; at COMPLIANT, what is missing for green.
    pub remedies: Vec<Remedy>,
    /// When the newest fact used was recorded.
    pub facts_as_of_time: Option<Time>,
    /// The first later moment at which anything could differ though nobody records anything.
    pub next_turn: Option<Time>,
    /// The names of the facts used, in the order of record.
    pub used: Vec<String>,
}

/// One reason.
#[derive(Clone, Debug, PartialEq)]
pub struct Ground {
    /// The stable code.
    pub code: &'static str,
    /// The article or rule that it rests on.
    pub law: String,
    /// The sentence in Chinese.
    pub zh: String,
    /// The sentence in English.
    pub en: String,
    /// What is, with its figures.
    pub fact: String,
    /// What the rule asks.
    pub threshold: String,
}

/// One thing to change.
#[derive(Clone, Debug, PartialEq)]
pub struct Remedy {
    /// Which input.
    pub fact: String,
    /// What is.
    pub have: String,
    /// What is needed.
    pub need: String,
    /// The sentence in Chinese.
    pub zh: String,
    /// The sentence in English.
    pub en: String,
}

/// The question is about a day before the first rule set.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("no rule set was in force then")]
pub struct NoRulesThen;

/// Something that holds, before it is put into sentences.
struct Point {
    /// The standing that it leads to.
    level: Standing,
    code: &'static str,
    fact: String,
    threshold: String,
    /// The input to change.
    input: &'static str,
}

/// The standing at `as_of`, by what had been recorded by `known`.
pub fn evaluate(
    facts: &[Fact],
    book: &RuleBook,
    as_of: Time,
    known: Time,
) -> Result<Evaluation, NoRulesThen> {
    let rules = book.at(as_of).ok_or(NoRulesThen)?;
    let history = History::read(facts, as_of, known);
    let mut points = grounds::against(&history, rules);
    points.sort_by_key(|point| point.level);
    let missing = green::missing(&history, rules);
    let standing = match points.first() {
        Some(gravest) => gravest.level,
        None if missing.is_empty() => Standing::GreenChannel,
        None => Standing::Compliant,
    };
    let remedies = if points.is_empty() { &missing } else { &points };
    let next_turn = history.turns(rules).chain(book.starts_after(as_of)).filter(|turn| *turn > as_of).min();
    Ok(Evaluation {
        standing,
        rule_version: rules.version.clone(),
        remedies: remedies.iter().map(|point| point.remedy(rules)).collect(),
        reasons: reasons(&points, standing, rules),
        facts_as_of_time: history.facts_as_of_time(),
        next_turn,
        used: history.names(),
    })
}

/// The name of the fact by which commands are overdue at that moment, as known then.
pub fn overdue(facts: &[Fact], now: Time) -> Option<&str> {
    History::read(facts, now, now).overdue.first().map(|fact| fact.name.as_str())
}

fn reasons(points: &[Point], standing: Standing, rules: &RuleSet) -> Vec<Ground> {
    if !points.is_empty() {
        return points.iter().map(|point| point.ground(rules)).collect();
    }
    let (code, fact) = if standing == Standing::GreenChannel {
        (grounds::GREEN, "all three criteria met, over two clean rounds")
    } else {
        (grounds::COMPLIANT, "nothing on record against it")
    };
    let point =
        Point { level: standing, code, fact: fact.to_owned(), threshold: String::new(), input: "standing" };
    vec![point.ground(rules)]
}

// === impl Point ===

impl Point {
    fn ground(&self, rules: &RuleSet) -> Ground {
        let text = rules.text(self.code);
        Ground {
            code: self.code,
            law: text.law.clone(),
            zh: text.zh.clone(),
            en: text.en.clone(),
            fact: self.fact.clone(),
            threshold: self.threshold.clone(),
        }
    }

    fn remedy(&self, rules: &RuleSet) -> Remedy {
        let text = rules.text(self.code);
        Remedy {
            fact: self.input.to_owned(),
            have: self.fact.clone(),
            need: self.threshold.clone(),
            zh: text.remedy_zh.clone(),
            en: text.remedy_en.clone(),
        }
    }
}
