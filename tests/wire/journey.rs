//! The journey of the banner, by a shell with the released grpcurl. What it prints is kept in `tests/golden/journey/`;
//! `UPDATE_GOLDEN=1 cargo test --test wire journey` writes it anew.

use std::{
    env,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use crate::support::{self, node::Node};

/// A shell that has sourced an identity's `env.sh`.
fn shell(world: &Node, identity: &str, script: &str) -> Command {
    let mut command = Command::new("bash");
    let env = world.certs(identity).join("env.sh");
    command.args(["-c", &format!(". '{}'; {script}", env.display())]);
    if let Some(grpcurl) = env::var_os("GRPCURL") {
        command.env("GRPCURL", grpcurl);
    }
    command
}

/// What it prints, both streams, in order.
fn run(world: &Node, identity: &str, script: &str) -> String {
    let output = shell(world, identity, &format!("{script} 2>&1")).output().expect("bash runs");
    String::from_utf8(output.stdout).expect("text")
}

fn golden(name: &str, found: &str) {
    support::golden::same(&format!("journey/{name}"), found);
}

/// The name of the thing that an answer shows first.
fn name_in(answer: &str) -> String {
    let line = answer.lines().find(|line| line.contains("\"name\": ")).expect("a name");
    line.split('"').nth(3).expect("a name").to_owned()
}

fn check(mvno: &str, more: &str) -> String {
    format!(
        "gl ComplianceService/CheckStatus -d '{{\"mvno\": \"mvnos/{mvno}\", \"action\": \"ACTION_ALLOCATE_NUMBERS\"{more}}}'"
    )
}

/// A watch that prints what it hears.
struct Watcher {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

// === impl Watcher ===

impl Watcher {
    fn start(world: &Node) -> Self {
        let script = "gl ComplianceService/WatchStandings -d '{\"mvnos\": [\"mvnos/m01\"]}'";
        let mut child =
            shell(world, "carrier-unicom", script).stdout(Stdio::piped()).spawn().expect("bash runs");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        Self { child, lines }
    }

    /// Everything up to the line that says so.
    fn until(&mut self, wanted: &str) -> String {
        let mut heard = String::new();
        for line in self.lines.by_ref() {
            let line = line.expect("text");
            heard.push_str(&line);
            heard.push('\n');
            if line.contains(wanted) {
                return heard;
            }
        }
        panic!("the watch ended without {wanted}: {heard}");
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it ends with the gateway at the latest
        let _ = self.child.wait();
    }
}

/// What a newcomer does: paste the banner's own lines into a shell, in their order.
#[test]
fn the_banner_is_a_script() {
    let mut world = Node::start();
    let info = Command::new(env!("CARGO_BIN_EXE_greenlane"))
        .args(["dev", "info", "--dir"])
        .arg(&world.dir)
        .output()
        .expect("it runs");
    let info = String::from_utf8(info.stdout).expect("text");
    assert!(info.contains("greenlane is up"), "{info}");
    let typed = |line: &&str| [". ", "gl ", "FINDING="].iter().any(|start| line.starts_with(start));
    let lines: Vec<&str> = info.lines().map(str::trim).filter(typed).collect();
    assert!(lines.len() > 12, "{info}");
    // The watch stays open, so it is not for a script; the journey below has one.
    let script: Vec<&str> = lines.into_iter().filter(|line| !line.contains("WatchStandings")).collect();
    golden("00-banner.txt", &run(&world, "portal", &format!("{{ {}\n}}", script.join("\n"))));

    world.kill();
    let info =
        Command::new(env!("CARGO_BIN_EXE_greenlane")).args(["dev", "info", "--dir"]).arg(&world.dir).output();
    let info = String::from_utf8(info.expect("it runs").stdout).expect("text");
    assert!(info.contains("greenlane is not running now"), "{info}");
}

#[test]
fn the_banner_line_by_line() {
    let kept = tempfile::tempdir().expect("a folder");
    let mut world = Node::at(kept.path());

    golden("01-green.txt", &run(&world, "carrier-unicom", &check("m01", "")));
    golden("02-rectifying.txt", &run(&world, "carrier-unicom", &check("m25", "")));

    let mut watcher = Watcher::start(&world);
    watcher.until("\"bookmark\"");
    let inspect = "gl SupervisionService/RecordInspection -d '{\"inspection\": {\"mvno\": \"mvnos/m01\", \"method\": \"INSPECTION_METHOD_OUTLET_COVERT\", \"outlets_checked\": 40, \"outlets_breach\": 3, \"inspect_time\": \"'$(date -u +%Y-%m-%dT%H:%M:%SZ)'\"}}'";
    golden("03-inspection.txt", &run(&world, "regulator-miit", inspect));
    let open = "gl SupervisionService/OpenFinding -d '{\"mvno\": \"mvnos/m01\", \"severity\": \"FINDING_SEVERITY_SEVERE\", \"text\": \"lines opened without a document\", \"cure_by_time\": \"2035-01-01T00:00:00Z\"}'";
    let opened = run(&world, "regulator-miit", open);
    golden("04-finding.txt", &opened);
    golden("05-denied.txt", &run(&world, "carrier-telecom", &check("m01", "")));
    watcher.until("STANDING_RECTIFYING");

    let close = format!(
        "gl SupervisionService/CloseFinding -d '{{\"finding\": \"{}\", \"outcome\": \"FINDING_OUTCOME_VERIFIED\"}}'",
        name_in(&opened)
    );
    golden("06-closed.txt", &run(&world, "regulator-miit", &close));
    golden("07-compliant.txt", &run(&world, "carrier-unicom", &check("m01", "")));

    golden(
        "08-summer-of-2016.txt",
        &run(&world, "auditor", &check("m20", ", \"as_of_time\": \"2016-08-15T00:00:00Z\"")),
    );
    golden(
        "09-not-yet-known.txt",
        &run(&world, "auditor", &check("m20", ", \"known_time\": \"2016-07-21T00:00:00Z\"")),
    );
    golden(
        "10-m01-then.txt",
        &run(&world, "auditor", &check("m01", ", \"as_of_time\": \"2016-08-15T00:00:00Z\"")),
    );

    let allocate = |mvno: &str, prefix: &str| {
        format!(
            "gl NumberingService/AllocateNumbers -d '{{\"mvno\": \"mvnos/{mvno}\", \"prefix\": \"{prefix}\", \"reason\": \"growth in the north\"}}'"
        )
    };
    golden("11-allocated.txt", &run(&world, "regulator-miit", &allocate("m07", "1700123")));
    golden("12-refused.txt", &run(&world, "regulator-miit", &allocate("m31", "1700124")));
    golden(
        "13-lookup.txt",
        &run(
            &world,
            "carrier-unicom",
            "gl NumberingService/LookupNumber -d '{\"msisdn\": \"+86 170-0123-0001\"}'",
        ),
    );

    golden("14-role-missing.txt", &run(&world, "carrier-unicom", open));
    golden("15-all-faults.txt", &run(&world, "regulator-miit", "gl SupervisionService/OpenFinding -d '{}'"));
    golden("16-receipt.txt", &run(&world, "carrier-unicom", &check("m07", ", \"with_receipt\": true")));
    golden("17-list.txt", &run(&world, "portal", "gl list"));
    golden(
        "18-describe.txt",
        &run(
            &world,
            "auditor",
            "gl describe CheckStatusRequest; gl describe SupervisionService.OpenFinding; gl describe google.rpc.ErrorInfo",
        ),
    );
    golden(
        "19-flags-anywhere.txt",
        &run(&world, "auditor", "gl -max-time 5 ServerInfoService/GetServerInfo -emit-defaults"),
    );
    golden(
        "20-health.txt",
        &run(
            &world,
            "portal",
            "gl grpc.health.v1.Health/Check -d '{\"service\": \"greenlane.v1.ComplianceService\"}'",
        ),
    );

    // Killed, and started again: everything that was answered is there.
    let before = run(&world, "auditor", "gl ComplianceService/GetStanding -d '{\"mvno\": \"mvnos/m01\"}'");
    drop(watcher);
    world.kill();
    world.start_again();
    let after = run(&world, "auditor", "gl ComplianceService/GetStanding -d '{\"mvno\": \"mvnos/m01\"}'");
    assert_eq!(before, after);
    golden(
        "21-after-kill.txt",
        &run(&world, "carrier-unicom", "gl NumberingService/LookupNumber -d '{\"msisdn\": \"17001230001\"}'"),
    );

    // Without a certificate nobody gets in, whatever the tool calls it.
    let grpcurl = env::var_os("GRPCURL").unwrap_or_else(|| "grpcurl".into());
    let ca = world.certs("auditor").join("ca.pem");
    let refused = Command::new(grpcurl)
        .args(["-max-time", "5", "-cacert"])
        .arg(ca)
        .args([&world.address, "list"])
        .output();
    assert!(!refused.expect("grpcurl runs").status.success());
}
