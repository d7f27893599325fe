//! Rule sets: data, one TOML file each, in force from a day on. Thresholds, ceilings, the table of decisions and every
//! sentence stand in the file; a file with a gap is refused whole, with the gap named.

use std::{collections::BTreeMap, time::Duration};

use serde::Deserialize;
use thiserror::Error;

use super::{
    decision::{Action, Bilingual, Decision},
    standing::{CODES, Standing},
    time::{DAY, Time},
};

/// The rule sets, by the day from which each is in force.
#[derive(Clone, Debug)]
pub struct RuleBook(Vec<RuleSet>);

/// One rule set.
#[derive(Clone, Debug)]
pub struct RuleSet {
    /// Its name: the day from which it is in force.
    pub version: String,
    /// Its first moment.
    pub in_force_from: Time,
    /// Limits.
    pub thresholds: Thresholds,
    ceilings: BTreeMap<Standing, i64>,
    decisions: BTreeMap<(Action, Standing), Decision>,
    conditions: BTreeMap<(Action, Standing), Bilingual>,
    texts: BTreeMap<String, Text>,
}

/// Limits of a rule set. Shares are in basis points (10,000 is all), ages in days of 24 hours.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// A round is clean below this share in breach.
    pub outlet_clean_bp: i64,
    /// WATCH from this share in breach on.
    pub outlet_watch_bp: i64,
    /// RECTIFYING from this share in breach on.
    pub outlet_rectifying_bp: i64,
    /// WATCH below this share in order.
    pub data_watch_bp: i64,
    /// RECTIFYING below this share in order.
    pub data_rectifying_bp: i64,
    /// An inspection older than this is stale.
    pub inspection_days: u32,
    /// An assessment older than this does not count for green.
    pub assessment_days: u32,
    /// The least time between two clean rounds.
    pub round_gap_least_days: u32,
    /// The most time between two clean rounds.
    pub round_gap_most_days: u32,
    /// The completion that everybody owes; unset where the rule set asks for none.
    pub completion_duty_bp: Option<i64>,
    /// The completion that green needs.
    pub completion_green_bp: i64,
}

/// The sentences of one code.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// The article or rule that it rests on.
    pub law: String,
    /// The reason in Chinese.
    pub zh: String,
    /// The reason in English.
    pub en: String,
    /// The remedy in Chinese.
    #[serde(default)]
    pub remedy_zh: String,
    /// The remedy in English.
    #[serde(default)]
    pub remedy_en: String,
}

/// Why a file is not a rule set.
#[derive(Debug, Error)]
pub enum RuleError {
    /// Not the TOML of a rule set.
    #[error("not a rule set: {0}")]
    Toml(#[from] toml::de::Error),
    /// Something is missing or unknown.
    #[error("rule set {version}: {what}")]
    Gap {
        /// Which file.
        version: String,
        /// What.
        what: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: String,
    thresholds: Thresholds,
    ceilings: BTreeMap<String, i64>,
    decisions: BTreeMap<String, BTreeMap<String, String>>,
    conditions: BTreeMap<String, BTreeMap<String, Bilingual>>,
    texts: BTreeMap<String, Text>,
}

// === impl RuleBook ===

impl RuleBook {
    /// The rule sets that greenlane ships.
    pub fn shipped() -> Self {
        const FILES: [&str; 2] =
            [include_str!("rules/2013-07-01.toml"), include_str!("rules/2017-01-01.toml")];
        let sets = FILES.iter().map(|text| RuleSet::parse(text)).collect::<Result<Vec<_>, _>>();
        Self::of(sets.expect("the shipped files are read by a test"))
    }

    /// A book of these sets.
    pub fn of(mut sets: Vec<RuleSet>) -> Self {
        sets.sort_by_key(|set| set.in_force_from);
        Self(sets)
    }

    /// The set in force at a moment; `None` before the first.
    pub fn at(&self, moment: Time) -> Option<&RuleSet> {
        self.0.iter().rev().find(|set| set.in_force_from <= moment)
    }

    /// The starts of later sets.
    pub fn starts_after(&self, moment: Time) -> impl Iterator<Item = Time> + '_ {
        self.0.iter().map(|set| set.in_force_from).filter(move |start| *start > moment)
    }

    /// Every set, the oldest first.
    pub fn sets(&self) -> &[RuleSet] {
        &self.0
    }
}

// === impl RuleSet ===

impl RuleSet {
    /// Reads a rule file, whole or not at all.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        let file: File = toml::from_str(text)?;
        let version = file.version.clone();
        Self::check(file).map_err(|what| RuleError::Gap { version, what })
    }

    fn check(file: File) -> Result<Self, String> {
        let day: jiff::civil::Date =
            file.version.parse().map_err(|_| "version is not a day like 2017-01-01")?;
        let mut decisions = BTreeMap::new();
        for action in Action::ALL {
            let row =
                file.decisions.get(action.as_str()).ok_or_else(|| format!("no decisions for {action}"))?;
            for standing in Standing::ALL {
                let word = row
                    .get(standing.as_str())
                    .ok_or_else(|| format!("no decision for {action} at {standing}"))?;
                let decision = Decision::parse(word).ok_or_else(|| format!("{word} is no decision"))?;
                decisions.insert((*action, *standing), decision);
            }
        }
        let mut conditions = BTreeMap::new();
        for (action, row) in file.conditions {
            for (standing, text) in row {
                let cell = Action::parse(&action).zip(Standing::parse(&standing));
                conditions.insert(cell.ok_or_else(|| format!("no cell {action} at {standing}"))?, text);
            }
        }
        for (cell, decision) in &decisions {
            if (*decision == Decision::Conditional) != conditions.contains_key(cell) {
                return Err(format!("{} at {}: CONDITIONAL and a condition go together", cell.0, cell.1));
            }
        }
        let ceilings = file.ceilings.into_iter().map(|(standing, blocks)| {
            Standing::parse(&standing)
                .map(|standing| (standing, blocks))
                .ok_or_else(|| format!("{standing} is no standing"))
        });
        if let Some(code) = CODES.iter().find(|code| !file.texts.contains_key(**code)) {
            return Err(format!("no text for {code}"));
        }
        Ok(Self {
            in_force_from: Time::of_date(day.year(), day.month(), day.day()),
            version: file.version,
            thresholds: file.thresholds,
            ceilings: ceilings.collect::<Result<_, _>>()?,
            decisions,
            conditions,
            texts: file.texts,
        })
    }

    /// The decision of an action at a standing.
    pub fn decision(&self, action: Action, standing: Standing) -> Decision {
        *self.decisions.get(&(action, standing)).expect("a rule set has every cell")
    }

    /// The conditions of a CONDITIONAL cell.
    pub fn conditions(&self, action: Action, standing: Standing) -> Option<&Bilingual> {
        self.conditions.get(&(action, standing))
    }

    /// Blocks of 10,000 numbers that an MVNO of that standing may hold; 0 where the file names none.
    pub fn ceiling(&self, standing: Standing) -> i64 {
        self.ceilings.get(&standing).copied().unwrap_or(0)
    }

    /// The sentences of a code.
    pub fn text(&self, code: &str) -> &Text {
        self.texts.get(code).expect("a rule set has a text for every code")
    }
}

// === impl Thresholds ===

impl Thresholds {
    /// How old an inspection may be.
    pub fn inspection_age(&self) -> Duration {
        DAY * self.inspection_days
    }

    /// How old an assessment may be.
    pub fn assessment_age(&self) -> Duration {
        DAY * self.assessment_days
    }

    /// The least time between two clean rounds.
    pub fn round_gap_least(&self) -> Duration {
        DAY * self.round_gap_least_days
    }

    /// The most time between two clean rounds.
    pub fn round_gap_most(&self) -> Duration {
        DAY * self.round_gap_most_days
    }
}
