//! Two nodes on one database, and a shell that goes through the README's first chapter while the node that it talks to
//! is killed: at most one call has to be made again. `ROUNDS=20` is the full run, each with the kill at another moment.

use std::{
    env,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use crate::support::{
    figure::{asked, chance},
    node::Node,
    postgres::Cluster,
};

/// Each call of the chapter; one that fails is made once more, with the same request_id, and told.
const SCRIPT: &str = r#"
call() {
  echo asking
  if said=$("$@" 2>&1); then echo "answered"; return; fi
  if again=$("$@" 2>&1); then echo "answered again"; said=$again; return; fi
  echo "lost: $said; $again"; exit 1
}
check() {
  call gl ComplianceService/CheckStatus -d '{"mvno": "mvnos/m01", "action": "ACTION_ALLOCATE_NUMBERS"}'
  case $said in *"$1"*) ;; *) echo "wrong: $said"; exit 1 ;; esac
}
as() { . "$CERTS/$1/env.sh"; }
as carrier-unicom; check DECISION_ALLOW
as regulator-miit
call gl SupervisionService/RecordInspection -d '{"inspection": {"mvno": "mvnos/m01", "method": "INSPECTION_METHOD_OUTLET_COVERT", "outlets_checked": 40, "outlets_breach": 1, "inspect_time": "'"$(date -u +%Y-%m-%dT%H:%M:%SZ)"'"}, "request_id": "inspection-'$ROUND'"}'
as carrier-unicom; check DECISION_ALLOW
as regulator-miit
call gl SupervisionService/OpenFinding -d '{"mvno": "mvnos/m01", "severity": "FINDING_SEVERITY_SEVERE", "text": "lines opened without a document", "cure_by_time": "2035-01-01T00:00:00Z", "request_id": "finding-'$ROUND'"}'
finding=$(printf '%s\n' "$said" | sed -n 's/.*"name": "\(.*findings.*\)",/\1/p')
as carrier-telecom; check DECISION_DENY
as regulator-miit
call gl SupervisionService/CloseFinding -d '{"finding": "'"$finding"'", "outcome": "FINDING_OUTCOME_DISMISSED", "request_id": "close-'$ROUND'"}'
as carrier-unicom; check DECISION_ALLOW
as auditor
call gl ComplianceService/GetStanding -d '{"mvno": "mvnos/m01"}'
echo done
"#;
/// What a call takes at most, about, in microseconds.
const LONGEST: usize = 60_000;
/// Calls in it.
const CALLS: usize = 8;

/// The chapter, with `node` killed at some moment of some call. How many calls were made again.
fn walked(dir: &Node, node: &mut Node, round: usize) -> usize {
    let mut command = Command::new("bash");
    command.args(["-c", SCRIPT]).env("CERTS", dir.dir.join("certs")).env("ROUND", round.to_string());
    if let Some(grpcurl) = env::var_os("GRPCURL") {
        command.env("GRPCURL", grpcurl);
    }
    let mut shell = command.stdout(Stdio::piped()).spawn().expect("bash runs");
    let lines = BufReader::new(shell.stdout.take().expect("piped")).lines();
    let (last, moment) = (chance(CALLS - 1), Duration::from_micros(chance(LONGEST) as u64));
    let (mut answered, mut again, mut finished, mut killed) = (0, 0, false, false);
    for line in lines {
        let line = line.expect("text");
        match line.as_str() {
            // At any moment of the call, or between it and the next.
            "asking" if answered == last && !killed => {
                killed = true;
                thread::sleep(moment);
                node.kill();
            }
            "asking" => {}
            "answered" => answered += 1,
            "answered again" => (answered, again) = (answered + 1, again + 1),
            "done" => finished = true,
            other => panic!("round {round}: {other}"),
        }
    }
    assert!(shell.wait().expect("it ends").success() && finished, "round {round}");
    assert_eq!(answered, CALLS);
    again
}

#[test]
fn a_killed_node_costs_the_second_shell_one_call_at_most() {
    let rounds = asked("ROUNDS", 2);
    let url = Cluster::shared().fresh_database();
    let folder = tempfile::tempdir().expect("a folder");
    let on = ["--postgres", url.as_str()];
    let mut first = Node::dev(folder.path(), &on);
    let second = Node::dev(folder.path(), &[&on[..], &["--node", "2"]].concat());
    let mut again = Vec::new();
    for round in 0..rounds {
        again.push(walked(&second, &mut first, round));
        first.start_again();
    }
    let most = again.iter().max().copied().unwrap_or(0);
    println!(
        "journeys {rounds}, a node killed in each: calls made again {}, at most {most} in one",
        again.iter().sum::<usize>()
    );
    assert!(most <= 1, "{again:?}");
}
