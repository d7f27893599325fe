//! What speaks against an MVNO, each with the standing that it leads to.

use super::{
    Point, Standing,
    history::{History, Round, Sample},
};
use crate::domain::{fact::FindingSeverity, rules::RuleSet};

/// The code of an answer at green standing.
pub(super) const GREEN: &str = "GREEN_CRITERIA_MET";
/// The code of an answer at compliant standing.
pub(super) const COMPLIANT: &str = "NOTHING_AGAINST";

/// Every code of a reason or remedy; a rule file has a text for each.
pub const CODES: &[&str] = &[
    "ASSESSMENT_MISSING",
    "ASSESSMENT_NOT_MET",
    "ASSESSMENT_STALE",
    "COMMANDS_OVERDUE",
    "COMPLETION_BELOW_TARGET",
    "COMPLETION_UNASSESSED",
    COMPLIANT,
    "DATA_COMPLIANCE_BELOW_TARGET",
    "DATA_COMPLIANCE_LOW",
    "DATA_COMPLIANCE_LOW_WITH_SEVERE_FINDING",
    "DATA_SAMPLE_MISSING",
    "DATA_SAMPLE_STALE",
    GREEN,
    "INSPECTION_STALE",
    "LICENCE_ENDED",
    "LICENCE_REVOKED",
    "MINOR_FINDING_OPEN",
    "MINOR_FINDING_OVERDUE",
    "NOT_INSPECTED",
    "NO_LICENCE_ON_RECORD",
    "OUTLET_BREACH_ELEVATED",
    "OUTLET_BREACH_HIGH",
    "ROUND_MISSING",
    "ROUND_NOT_CLEAN",
    "ROUND_STALE",
    "SECOND_CLEAN_ROUND_MISSING",
    "SEVERE_FINDING_OPEN",
    "SEVERE_FINDING_OVERDUE",
    "SEVERE_FINDING_RECENT",
    "SUSPENDED_BY_ORDER",
];

/// Everything that holds against it, in no order.
pub(super) fn against(history: &History<'_>, rules: &RuleSet) -> Vec<Point> {
    let mut points = Vec::new();
    licence(history, &mut points);
    findings(history, &mut points);
    inspections(history, rules, &mut points);
    completion(history, rules, &mut points);
    commands(history, &mut points);
    points
}

fn licence(history: &History<'_>, points: &mut Vec<Point>) {
    let ever =
        history.licences.iter().filter(|licence| licence.was_in_force(history.as_of)).max_by_key(|l| l.to);
    if history.licences.iter().any(|licence| licence.is_in_force(history.as_of)) {
        return;
    }
    let (level, code, fact) = match ever {
        None => (Standing::Unknown, "NO_LICENCE_ON_RECORD", "no licence was ever in force".to_owned()),
        Some(licence) => {
            let end = licence.to.map(|to| to.to_string()).unwrap_or_default();
            let code = if licence.by_order { "LICENCE_REVOKED" } else { "LICENCE_ENDED" };
            (Standing::Revoked, code, format!("no licence since {end}"))
        }
    };
    points.push(Point { level, code, fact, threshold: "a licence in force".to_owned(), input: "licence" });
}

fn findings(history: &History<'_>, points: &mut Vec<Point>) {
    for suspension in &history.suspensions {
        points.push(Point {
            level: Standing::Suspended,
            code: "SUSPENDED_BY_ORDER",
            fact: format!("suspended since {}", suspension.true_time),
            threshold: "no suspension in force".to_owned(),
            input: "suspension",
        });
    }
    let rows = [
        (FindingSeverity::Severe, true, Standing::Suspended, "SEVERE_FINDING_OVERDUE"),
        (FindingSeverity::Severe, false, Standing::Rectifying, "SEVERE_FINDING_OPEN"),
        (FindingSeverity::Minor, true, Standing::Rectifying, "MINOR_FINDING_OVERDUE"),
        (FindingSeverity::Minor, false, Standing::Watch, "MINOR_FINDING_OPEN"),
    ];
    for (severity, overdue, level, code) in rows {
        for finding in history.open(severity).filter(|finding| finding.is_overdue(history.as_of) == overdue) {
            points.push(Point {
                level,
                code,
                fact: format!("{} open since {}", finding.fact.name, finding.fact.true_time),
                threshold: format!("closed as VERIFIED by {}", finding.cure_by),
                input: "finding",
            });
        }
    }
}

fn inspections(history: &History<'_>, rules: &RuleSet, points: &mut Vec<Point>) {
    let limits = &rules.thresholds;
    let Some(newest) = history.inspected() else {
        points.push(Point {
            level: Standing::Unknown,
            code: "NOT_INSPECTED",
            fact: "no inspection on record".to_owned(),
            threshold: "at least one inspection".to_owned(),
            input: "inspection",
        });
        return;
    };
    if history.as_of.since(newest) > limits.inspection_age() {
        points.push(Point {
            level: Standing::Watch,
            code: "INSPECTION_STALE",
            fact: format!("newest inspection {newest}"),
            threshold: format!("not older than {} days", limits.inspection_days),
            input: "inspection",
        });
    }
    if let Some(round) = history.rounds.last() {
        outlets(*round, rules, points);
    }
    if let Some(sample) = history.sample {
        let severe = history.open(FindingSeverity::Severe).next().is_some();
        data(sample, severe, rules, points);
    }
}

fn outlets(round: Round, rules: &RuleSet, points: &mut Vec<Point>) {
    let limits = &rules.thresholds;
    let (level, code, limit) = if round.is_at_least(limits.outlet_rectifying_bp) {
        (Standing::Rectifying, "OUTLET_BREACH_HIGH", limits.outlet_rectifying_bp)
    } else if round.is_at_least(limits.outlet_watch_bp) {
        (Standing::Watch, "OUTLET_BREACH_ELEVATED", limits.outlet_watch_bp)
    } else {
        return;
    };
    let threshold = format!("below {}", percent(limit, 10_000));
    points.push(Point { level, code, fact: breach(round), threshold, input: "outlet_breach" });
}

fn data(sample: Sample, severe: bool, rules: &RuleSet, points: &mut Vec<Point>) {
    let limits = &rules.thresholds;
    let (level, code, limit) = if sample.is_below(limits.data_rectifying_bp) && severe {
        (Standing::Suspended, "DATA_COMPLIANCE_LOW_WITH_SEVERE_FINDING", limits.data_rectifying_bp)
    } else if sample.is_below(limits.data_rectifying_bp) {
        (Standing::Rectifying, "DATA_COMPLIANCE_LOW", limits.data_rectifying_bp)
    } else if sample.is_below(limits.data_watch_bp) {
        (Standing::Watch, "DATA_COMPLIANCE_BELOW_TARGET", limits.data_watch_bp)
    } else {
        return;
    };
    let threshold = format!("at least {}", percent(limit, 10_000));
    points.push(Point { level, code, fact: in_order(sample), threshold, input: "data_compliance" });
}

fn completion(history: &History<'_>, rules: &RuleSet, points: &mut Vec<Point>) {
    let Some(duty) = rules.thresholds.completion_duty_bp else { return };
    let (code, fact) = match history.completion() {
        Some(bp) if i64::from(bp) >= duty => return,
        Some(bp) => (
            "COMPLETION_BELOW_TARGET",
            format!("{} registered under a real name", percent(bp.into(), 10_000)),
        ),
        None => ("COMPLETION_UNASSESSED", "never assessed".to_owned()),
    };
    points.push(Point {
        level: Standing::Watch,
        code,
        fact,
        threshold: percent(duty, 10_000),
        input: "real_name_completion",
    });
}

fn commands(history: &History<'_>, points: &mut Vec<Point>) {
    for overdue in &history.overdue {
        points.push(Point {
            level: Standing::Watch,
            code: "COMMANDS_OVERDUE",
            fact: format!("{}, the oldest since {}", overdue.body.summary(), overdue.true_time),
            threshold: "every command executed by its due time".to_owned(),
            input: "commands",
        });
    }
}

/// `33.94 % (37 of 109 outlets)`.
pub(super) fn breach(round: Round) -> String {
    format!(
        "{} in breach ({} of {} outlets, {})",
        percent(round.breach, round.checked),
        round.breach,
        round.checked,
        round.at
    )
}

/// `91.30 % in order (9130 of 10000 records)`.
pub(super) fn in_order(sample: Sample) -> String {
    format!(
        "{} in order ({} of {} records, {})",
        percent(sample.ok, sample.size),
        sample.ok,
        sample.size,
        sample.at
    )
}

/// A share in percent with two digits, cut, not rounded: 29.999 % is not 30 %.
pub(super) fn percent(part: i64, whole: i64) -> String {
    let bp = part * 10_000 / whole.max(1);
    format!("{}.{:02} %", bp / 100, bp % 100)
}
