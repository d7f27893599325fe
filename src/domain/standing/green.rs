//! What is missing for the green channel: evidence for all three criteria, over two clean rounds, none of it stale.

use super::{
    Point, Standing,
    grounds::{breach, in_order, percent},
    history::{History, Round},
};
use crate::domain::{
    fact::{AssessmentCriterion, AssessmentOutcome, FindingSeverity},
    rules::RuleSet,
};

/// Everything that is missing; nothing at green.
pub(super) fn missing(history: &History<'_>, rules: &RuleSet) -> Vec<Point> {
    let mut points = Vec::new();
    rounds(history, rules, &mut points);
    sample(history, rules, &mut points);
    for criterion in AssessmentCriterion::ALL {
        assessment(history, rules, *criterion, &mut points);
    }
    completion(history, rules, &mut points);
    points
}

fn point(code: &'static str, input: &'static str, fact: String, threshold: String) -> Point {
    Point { level: Standing::GreenChannel, code, fact, threshold, input }
}

fn rounds(history: &History<'_>, rules: &RuleSet, points: &mut Vec<Point>) {
    const INPUT: &str = "outlet_round";
    let limits = &rules.thresholds;
    let clean = |round: &Round| !round.is_at_least(limits.outlet_clean_bp);
    let need = format!("below {} in breach", percent(limits.outlet_clean_bp, 10_000));
    let Some(latest) = history.rounds.last() else {
        points.push(point("ROUND_MISSING", INPUT, "no outlet round on record".to_owned(), need));
        return;
    };
    if history.as_of.since(latest.at) > limits.inspection_age() {
        let need = format!("not older than {} days", limits.inspection_days);
        points.push(point("ROUND_STALE", INPUT, format!("latest round {}", latest.at), need));
    }
    if !clean(latest) {
        points.push(point("ROUND_NOT_CLEAN", INPUT, breach(*latest), need));
        return;
    }
    // The youngest round that can be the older one leaves the least time for something to have gone wrong since.
    let fits = |round: &Round| {
        let gap = latest.at.since(round.at);
        clean(round) && gap >= limits.round_gap_least() && gap <= limits.round_gap_most()
    };
    let older = history.rounds.iter().rposition(fits);
    let unbroken = older.filter(|at| history.rounds[*at..].iter().all(clean));
    let Some(at) = unbroken else {
        let need = format!(
            "a clean round {} to {} days before the latest, and none in breach since",
            limits.round_gap_least_days, limits.round_gap_most_days
        );
        points.push(point("SECOND_CLEAN_ROUND_MISSING", INPUT, format!("latest round {}", latest.at), need));
        return;
    };
    let since = history.rounds[at].at;
    for finding in history.findings.iter().filter(|finding| finding.severity == FindingSeverity::Severe) {
        if finding.was_open(since, history.as_of) {
            let end = finding.end.map_or_else(|| "open".to_owned(), |end| format!("open until {end}"));
            let need = "two clean rounds after it was closed".to_owned();
            points.push(point(
                "SEVERE_FINDING_RECENT",
                "finding",
                format!("{} {end}", finding.fact.name),
                need,
            ));
        }
    }
}

fn sample(history: &History<'_>, rules: &RuleSet, points: &mut Vec<Point>) {
    const INPUT: &str = "data_compliance";
    let limits = &rules.thresholds;
    let need = format!("at least {}", percent(limits.data_watch_bp, 10_000));
    let Some(sample) = history.sample else {
        points.push(point("DATA_SAMPLE_MISSING", INPUT, "no data sample on record".to_owned(), need));
        return;
    };
    if sample.is_below(limits.data_watch_bp) {
        points.push(point("DATA_COMPLIANCE_BELOW_TARGET", INPUT, in_order(sample), need));
    }
    if history.as_of.since(sample.at) > limits.inspection_age() {
        let need = format!("not older than {} days", limits.inspection_days);
        points.push(point("DATA_SAMPLE_STALE", INPUT, format!("latest sample {}", sample.at), need));
    }
}

fn assessment(
    history: &History<'_>,
    rules: &RuleSet,
    criterion: AssessmentCriterion,
    points: &mut Vec<Point>,
) {
    let input = match criterion {
        AssessmentCriterion::LawfulOperation => "lawful_operation",
        AssessmentCriterion::RealNameRegistration => "real_name_registration",
        AssessmentCriterion::SocialResponse => "social_response",
    };
    let limits = &rules.thresholds;
    let need = format!("MET, not older than {} days", limits.assessment_days);
    let (code, have) = match history.assessed(criterion) {
        None => ("ASSESSMENT_MISSING", "never assessed".to_owned()),
        Some(assessed) if assessed.outcome == AssessmentOutcome::NotMet => {
            ("ASSESSMENT_NOT_MET", format!("NOT_MET at {}", assessed.at))
        }
        Some(assessed) if history.as_of.since(assessed.at) > limits.assessment_age() => {
            ("ASSESSMENT_STALE", format!("MET at {}", assessed.at))
        }
        Some(_) => return,
    };
    points.push(point(code, input, have, need));
}

fn completion(history: &History<'_>, rules: &RuleSet, points: &mut Vec<Point>) {
    let need = rules.thresholds.completion_green_bp;
    let (code, have) = match history.completion() {
        Some(bp) if i64::from(bp) >= need => return,
        Some(bp) => (
            "COMPLETION_BELOW_TARGET",
            format!("{} registered under a real name", percent(bp.into(), 10_000)),
        ),
        None => ("COMPLETION_UNASSESSED", "never assessed".to_owned()),
    };
    points.push(point(code, "real_name_completion", have, percent(need, 10_000)));
}
