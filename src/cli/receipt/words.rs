//! A statement in plain words.

use prost_types::Timestamp;

use crate::rpc::pb;

/// One line a field; what the question did not have is left out.
pub(super) fn of(statement: &pb::CheckStatement) -> String {
    let time = |stamp: Option<Timestamp>| stamp.map(|stamp| stamp.to_string()).unwrap_or_default();
    let action = pb::Action::try_from(statement.action).unwrap_or_default().as_str_name();
    let decision = pb::Decision::try_from(statement.decision).unwrap_or_default().as_str_name();
    let standing = pb::Standing::try_from(statement.standing).unwrap_or_default().as_str_name();
    let lane = pb::Lane::try_from(statement.lane).unwrap_or_default().as_str_name();
    let plain = |name: &str, prefix: &str| name.trim_start_matches(prefix).to_owned();
    [
        ("asked by", statement.asker.clone()),
        ("about", statement.mvno.clone()),
        ("to do", plain(action, "ACTION_")),
        ("as of", time(statement.as_of_time)),
        ("as known at", time(statement.known_time)),
        ("answered", plain(decision, "DECISION_")),
        ("standing", plain(standing, "STANDING_")),
        ("lane", plain(lane, "LANE_")),
        ("because of", statement.reason_codes.join(" ")),
        ("at", time(statement.decide_time)),
        ("good until", time(statement.expire_time)),
        ("revision", statement.revision.to_string()),
        ("facts as of", time(statement.facts_as_of_time)),
        ("rule set", statement.rule_version.clone()),
        ("decision id", statement.decision_id.clone()),
    ]
    .iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(name, value)| format!("{name:<12} {value}\n"))
    .collect()
}
