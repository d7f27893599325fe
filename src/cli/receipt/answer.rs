//! The answer around a receipt is not signed, only the statement is: whoever reads the answer must find the same in it.

use prost_types::Timestamp;
use serde_json::Value;

use super::field;
use crate::rpc::pb;

/// Whether the answer says what was signed; or what differs.
pub(super) fn same(answer: &Value, signed: &pb::CheckStatement) -> Result<(), String> {
    let text = |camel, snake| field(answer, camel, snake).and_then(Value::as_str).unwrap_or_default();
    let word = |camel, none: &'static str| {
        let text = text(camel, camel);
        if text.is_empty() { none } else { text }
    };
    // 64-bit numbers are text in protobuf JSON; some tools write numbers.
    let number = |camel, snake| match field(answer, camel, snake) {
        None => Some(0),
        Some(Value::String(text)) => text.parse::<i64>().ok(),
        Some(other) => other.as_i64(),
    };
    let time = |camel, snake| match text(camel, snake) {
        "" => Some(None),
        text => text.parse::<Timestamp>().ok().map(Some),
    };
    let reasons = answer.get("reasons").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let codes = reasons.iter().map(|reason| reason.get("code").and_then(Value::as_str).unwrap_or_default());
    let decision = pb::Decision::try_from(signed.decision).unwrap_or_default().as_str_name();
    let standing = pb::Standing::try_from(signed.standing).unwrap_or_default().as_str_name();
    let lane = pb::Lane::try_from(signed.lane).unwrap_or_default().as_str_name();
    let checks = [
        ("decision", word("decision", "DECISION_UNSPECIFIED") == decision),
        ("standing", word("standing", "STANDING_UNSPECIFIED") == standing),
        ("lane", word("lane", "LANE_UNSPECIFIED") == lane),
        ("reasons", codes.eq(signed.reason_codes.iter().map(String::as_str))),
        ("revision", number("revision", "revision") == Some(signed.revision)),
        ("ruleVersion", text("ruleVersion", "rule_version") == signed.rule_version),
        ("bulletinVersion", number("bulletinVersion", "bulletin_version") == Some(signed.bulletin_version)),
        ("factsAsOfTime", time("factsAsOfTime", "facts_as_of_time") == Some(signed.facts_as_of_time)),
        ("decideTime", time("decideTime", "decide_time") == Some(signed.decide_time)),
        ("expireTime", time("expireTime", "expire_time") == Some(signed.expire_time)),
        ("decisionId", text("decisionId", "decision_id") == signed.decision_id),
    ];
    let differing: Vec<&str> = checks.iter().filter(|(_, same)| !same).map(|(name, _)| *name).collect();
    if differing.is_empty() {
        return Ok(());
    }
    Err(format!(
        "the receipt is genuine, but the answer around it says something else in {}",
        differing.join(", ")
    ))
}
