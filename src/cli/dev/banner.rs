//! What `dev` says when it is up: lines to copy, in the order in which one would try them.

use std::path::Path;

use crate::domain::time::Time;

/// The banner.
pub(super) fn text(dir: &Path, address: &str, ops: &str, notes: &[String]) -> String {
    let dir = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    let certs = dir.join("certs");
    let certs = certs.display();
    let cure = Time::of_date(2035, 1, 1);
    let notes: String = notes.iter().map(|note| format!("  {note}\n")).collect();
    format!(
        r#"
  greenlane is up: {address} (gRPC, mutual TLS), http://{ops} (/livez /readyz /metrics)
{notes}
  Sample MVNOs: m01 green, m07 compliant, m17 on watch, m25 rectifying, m31 suspended, m37 revoked, m40 unknown.
  In a second shell, with grpcurl 1.9.3 installed (each block is a role; source its env.sh first):

  # The carrier looks before it cooperates: ALLOW in the green lane, and DENY with reasons and remedies.
  . {certs}/carrier-unicom/env.sh
  gl ComplianceService/CheckStatus -d '{{"mvno": "mvnos/m01", "action": "ACTION_ALLOCATE_NUMBERS"}}'
  gl ComplianceService/CheckStatus -d '{{"mvno": "mvnos/m25", "action": "ACTION_ALLOCATE_NUMBERS"}}'
  gl ComplianceService/WatchStandings -d '{{"mvnos": ["mvnos/m01"]}}'      # stays open; Ctrl-C ends it

  # The regulator records what inspectors found, and opens a finding; the carrier's next check is DENY.
  . {certs}/regulator-miit/env.sh
  gl SupervisionService/RecordInspection -d '{{"inspection": {{"mvno": "mvnos/m01", "method": "INSPECTION_METHOD_OUTLET_COVERT", "outlets_checked": 40, "outlets_breach": 3, "inspect_time": "'$(date -u +%Y-%m-%dT%H:%M:%SZ)'"}}}}'
  gl SupervisionService/OpenFinding -d '{{"mvno": "mvnos/m01", "severity": "FINDING_SEVERITY_SEVERE", "text": "lines opened without a document", "cure_by_time": "{cure}"}}'
  gl SupervisionService/CloseFinding -d '{{"finding": "THE NAME FROM ABOVE", "outcome": "FINDING_OUTCOME_VERIFIED"}}'
  gl NumberingService/AllocateNumbers -d '{{"mvno": "mvnos/m07", "prefix": "1700123", "reason": "growth in the north"}}'
  gl NumberingService/AllocateNumbers -d '{{"mvno": "mvnos/m31", "prefix": "1700124", "reason": "refused: suspended"}}'

  # The auditor asks about any day, as it was known on any later day.
  . {certs}/auditor/env.sh
  gl ComplianceService/CheckStatus -d '{{"mvno": "mvnos/m20", "action": "ACTION_ALLOCATE_NUMBERS", "as_of_time": "2016-08-15T00:00:00Z"}}'
  gl ComplianceService/CheckStatus -d '{{"mvno": "mvnos/m20", "action": "ACTION_ALLOCATE_NUMBERS", "known_time": "2016-07-21T00:00:00Z"}}'

  # The manual is on the wire:
  gl list
  gl describe SupervisionService
  gl describe CheckStatusResponse

  Everything is kept in {}; `greenlane dev info` prints this again. Ctrl-C stops.
"#,
        dir.display()
    )
}
