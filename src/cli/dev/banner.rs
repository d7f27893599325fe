//! What `dev` says when it is up: lines to copy, in the order in which one would try them.

use std::path::Path;

use crate::domain::time::Time;

/// The banner, of a gateway that is up or of one that is not.
pub(super) fn text(dir: &Path, address: &str, ops: &str, notes: &[String], up: bool) -> String {
    let dir = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    let certs = dir.join("certs");
    let (certs, kept) = (certs.display(), dir.display());
    // Whoever started this by cargo has no `greenlane` on the path.
    let program = std::env::current_exe().unwrap_or_else(|_| "greenlane".into());
    let greenlane = program.display();
    let cure = Time::of_date(2035, 1, 1);
    let state = if up { "is up" } else { "is not running now; when it is" };
    let notes: String = notes.iter().map(|note| format!("  {note}\n")).collect();
    format!(
        r#"
  greenlane {state}: {address} (gRPC, mutual TLS), http://{ops} (/livez /readyz /metrics)
{notes}
  Sample MVNOs: m01 green, m07 compliant, m17 on watch, m25 rectifying, m31 suspended, m37 revoked, m40 unknown.
  In a second shell, with grpcurl 1.9.3 installed (each block is a role; source its env.sh first):

  # The carrier looks before it cooperates: ALLOW in the green lane, and DENY with reasons and remedies.
  . {certs}/carrier-unicom/env.sh
  gl ComplianceService/CheckStatus -d '{{"mvno": "mvnos/m01", "action": "ACTION_ALLOCATE_NUMBERS"}}'
  gl ComplianceService/CheckStatus -d '{{"mvno": "mvnos/m25", "action": "ACTION_ALLOCATE_NUMBERS"}}'
  gl ComplianceService/WatchStandings -d '{{"mvnos": ["mvnos/m01"]}}'      # stays open; Ctrl-C ends it

  # The regulator records what inspectors found, and opens a finding; the next check is DENY, whoever asks.
  . {certs}/regulator-miit/env.sh
  gl SupervisionService/RecordInspection -d '{{"inspection": {{"mvno": "mvnos/m01", "method": "INSPECTION_METHOD_OUTLET_COVERT", "outlets_checked": 40, "outlets_breach": 3, "inspect_time": "'$(date -u +%Y-%m-%dT%H:%M:%SZ)'"}}}}'
  FINDING=$(gl SupervisionService/OpenFinding -d '{{"mvno": "mvnos/m01", "severity": "FINDING_SEVERITY_SEVERE", "text": "lines opened without a document", "cure_by_time": "{cure}"}}' | tee /dev/stderr | sed -n 's/.*"name": "\(.*\)".*/\1/p')
  gl ComplianceService/CheckStatus -d '{{"mvno": "mvnos/m01", "action": "ACTION_ALLOCATE_NUMBERS"}}'      # DENY, for every carrier
  gl SupervisionService/CloseFinding -d '{{"finding": "'$FINDING'", "outcome": "FINDING_OUTCOME_VERIFIED"}}'
  gl ComplianceService/CheckStatus -d '{{"mvno": "mvnos/m01", "action": "ACTION_ALLOCATE_NUMBERS"}}'      # ALLOW, and what is missing for green
  gl NumberingService/AllocateNumbers -d '{{"mvno": "mvnos/m07", "prefix": "1700123", "reason": "growth in the north"}}'
  gl NumberingService/AllocateNumbers -d '{{"mvno": "mvnos/m31", "prefix": "1700124", "reason": "refused: suspended"}}'

  # The auditor asks about any day, as it was known on any later day.
  . {certs}/auditor/env.sh
  gl ComplianceService/CheckStatus -d '{{"mvno": "mvnos/m20", "action": "ACTION_ALLOCATE_NUMBERS", "as_of_time": "2016-08-15T00:00:00Z"}}'
  gl ComplianceService/CheckStatus -d '{{"mvno": "mvnos/m20", "action": "ACTION_ALLOCATE_NUMBERS", "known_time": "2016-07-21T00:00:00Z"}}'

  # Numbers are shut down in four shells. A carrier and an MVNO take commands, each in a shell that stays open:
  {greenlane} agent --addr {address} --certs {certs}/carrier-telecom --state {kept}/agents/carrier-telecom --exec {kept}/hook.sh
  {greenlane} agent --addr {address} --certs {certs}/mvno-m01 --state {kept}/agents/mvno-m01 --exec {kept}/hook.sh
  # One officer plans and issues (each answer's next_step is what to send next), another one approves that very list.
  . {certs}/regulator-miit/env.sh
  gl ShutdownService/PlanShutdown -d '{{"order_number": "TEST-1", "reason": "fraud report", "legal_basis": ["反电信网络诈骗法§32"], "case_number": "CASE-1", "evidence_time": "'$(date -u +%Y-%m-%dT%H:%M:%SZ)'", "scopes": ["SCOPE_VOICE_OUT", "SCOPE_SMS_OUT"], "msisdns": ["17000000001"]}}'

  # The manual is on the wire:
  gl list
  gl describe SupervisionService
  gl describe CheckStatusResponse

  Everything is kept in {kept}; `greenlane dev info --dir {kept}` prints this again. Ctrl-C stops.
"#
    )
}
