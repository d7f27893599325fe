//! What is handed to people: certificates of a folder, a kit, a receipt. By the real binary, bash and grpcurl.

use std::{
    env, fs,
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Command, Output, Stdio},
};

use crate::support::node::Node;

fn greenlane(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_greenlane")).args(args).output().expect("the binary runs")
}

/// What it said, having worked.
fn done(args: &[&str]) -> String {
    let output = greenlane(args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// What it complained of, with that exit code.
fn failed(code: i32, args: &[&str]) -> String {
    let output = greenlane(args);
    assert_eq!(output.status.code(), Some(code), "{args:?}");
    String::from_utf8(output.stderr).expect("text")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("text")
}

/// A shell that has sourced `env.sh` there.
fn bash(folder: &Path, script: &str) -> Command {
    let mut command = Command::new("bash");
    command.args(["-c", &format!(". ./env.sh; {script} 2>&1")]).current_dir(folder);
    if let Some(grpcurl) = env::var_os("GRPCURL") {
        command.env("GRPCURL", grpcurl);
    }
    command
}

/// What it printed, and whether it worked.
fn gl(folder: &Path, script: &str) -> (String, bool) {
    let output = bash(folder, script).output().expect("bash runs");
    (String::from_utf8(output.stdout).expect("text"), output.status.success())
}

fn unpack(zip: &Path, to: &Path) {
    let mut zip = zip::ZipArchive::new(fs::File::open(zip).expect("a file")).expect("a zip");
    for at in 0..zip.len() {
        let mut file = zip.by_index(at).expect("a file");
        let path = to.join(file.enclosed_name().expect("inside"));
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).expect("its bytes");
        fs::write(path, bytes).expect("written");
    }
}

#[test]
fn a_kit_works_as_its_page_says() {
    let world = Node::start();
    let kept = tempfile::tempdir().expect("a folder");
    let zip = kept.path().join("miit.zip");
    let certs = world.dir.join("certs");
    let pack = ["kit", "regulator-miit", "--from", text(&certs), "--out", text(&zip)];
    assert!(done(&pack).contains("private key"));
    assert!(failed(1, &pack).contains("miit.zip"), "an existing zip is not overwritten");
    assert!(failed(1, &["kit", "nobody", "--from", text(&certs), "--address", "a:1"]).contains("cert.pem"));
    assert!(
        failed(64, &["kit", "x", "--from", text(&certs), "--address", "$(id):1"]).contains("host and a port")
    );
    let folder = kept.path().join("kit");
    unpack(&zip, &folder);

    // The address came from the identity's own env.sh.
    let (answer, worked) = gl(&folder, "gl ServerInfoService/GetServerInfo");
    assert!(worked && answer.contains("regulators/miit/officer-1"), "{answer}");
    let before = world.written();
    for (call, file) in [
        ("SupervisionService/RecordInspection", "record-inspection"),
        ("SupervisionService/OpenFinding", "open-finding"),
        ("SupervisionService/SuspendMvno", "suspend-mvno"),
        ("SupervisionService/RecordAssessment", "record-assessment"),
        ("NumberingService/AllocateNumbers", "allocate-numbers"),
        ("ComplianceService/CheckStatus", "check-status"),
    ] {
        let (answer, worked) = gl(&folder, &format!("gl {call} -d '@requests/{file}.json'"));
        assert!(worked, "{file}: {answer}");
    }
    // These two need something to close or lift first; what they are is understood.
    for (call, file) in [("CloseFinding", "close-finding"), ("LiftSuspension", "lift-suspension")] {
        let (answer, worked) =
            gl(&folder, &format!("gl SupervisionService/{call} -d '@requests/{file}.json'"));
        assert!(!worked && answer.contains("greenlane.v1"), "{file}: {answer}");
        assert!(!answer.contains("unknown field") && !answer.contains("not understood"), "{file}: {answer}");
    }
    assert_eq!(world.written(), before, "the samples are for trying");

    // The descriptors alone are enough for a tool that cannot ask.
    let protoset = kept.path().join("greenlane.protoset");
    done(&["protoset", "--out", text(&protoset)]);
    let redirected = Command::new(env!("CARGO_BIN_EXE_greenlane")).arg("protoset").output().expect("it runs");
    assert_eq!(redirected.stdout, fs::read(&protoset).expect("written"));
    assert_eq!(
        fs::read(&protoset).expect("written"),
        fs::read(folder.join("greenlane.protoset")).expect("packed")
    );
    let described = Command::new(env::var_os("GRPCURL").unwrap_or_else(|| "grpcurl".into()))
        .args(["-protoset", text(&protoset), "describe", "greenlane.v1.CheckStatusRequest"])
        .output()
        .expect("grpcurl runs");
    let described = String::from_utf8(described.stdout).expect("text");
    assert!(described.contains("What you are about to do"), "{described}");
}

#[test]
fn a_receipt_is_verified_offline() {
    let world = Node::start();
    let carrier = world.certs("carrier-unicom");
    let check = "gl ComplianceService/CheckStatus -d '{\"mvno\": \"mvnos/m25\", \"action\": \"ACTION_ALLOCATE_NUMBERS\", \"with_receipt\": true}'";
    let kept = tempfile::tempdir().expect("a folder");
    let (file, key) = (kept.path().join("answer.json"), kept.path().join("info.json"));
    for emit in ["", " -emit-defaults"] {
        fs::write(&file, gl(&carrier, &format!("{check}{emit}")).0).expect("written");
        fs::write(&key, gl(&carrier, "gl ServerInfoService/GetServerInfo").0).expect("written");
        let said = done(&["receipt", "verify", text(&file), "--key", text(&key)]);
        for wanted in ["carriers/unicom", "mvnos/m25", "ALLOCATE_NUMBERS", "DENY", "VALID: signed by key"] {
            assert!(said.contains(wanted), "{wanted} in {said}");
        }
        let changed = fs::read_to_string(&file).expect("text").replace("DECISION_DENY", "DECISION_ALLOW");
        fs::write(&file, changed).expect("written");
        let said = failed(1, &["receipt", "verify", text(&file), "--key", text(&key)]);
        assert!(said.contains("INVALID") && said.contains("decision"), "{said}");
    }
}

#[test]
fn a_revoked_certificate_is_out_and_a_new_one_in() {
    let world = Node::start();
    let pki = world.dir.join("pki");
    let kept = tempfile::tempdir().expect("a folder");
    let out = kept.path().join("officer-3");
    let dir = ["--dir", text(&pki)];
    let cert = |verb: &str, args: &[&str]| done(&[&["cert", verb][..], &dir, args].concat());
    let issue = ["--identity", "regulator/miit/officer-3", "--out", text(&out)];
    let issued = cert("issue", &issue);
    assert!(issued.contains("serial"), "{issued}");
    let again = failed(1, &[&["cert", "issue"][..], &dir, &issue].concat());
    assert!(again.contains("not overwritten"), "{again}");
    let person =
        failed(64, &["cert", "issue", dir[0], dir[1], "--identity", "police/mps", "--out", text(&out)]);
    assert!(person.contains("needs a person"), "{person}");

    fs::copy(world.certs("auditor").join("env.sh"), out.join("env.sh")).expect("copied");
    let (answer, worked) = gl(&out, "gl ServerInfoService/GetServerInfo");
    assert!(worked && answer.contains("regulators/miit/officer-3"), "{answer}");
    // A watch that is under way ends when its certificate does.
    let mut watch = bash(&out, "gl ComplianceService/WatchStandings -d '{\"mvnos\": [\"mvnos/m01\"]}'")
        .stdout(Stdio::piped())
        .spawn()
        .expect("bash runs");
    let mut heard = BufReader::new(watch.stdout.take().expect("piped")).lines();
    assert!(heard.any(|line| line.expect("text").contains("bookmark")), "it hears where it stands");
    let connected = || {
        let (answer, _) = gl(&world.certs("auditor"), "gl grpc.health.v1.Health/Check");
        answer.contains("SERVING")
    };
    assert!(connected());
    cert("revoke", &["--identity", "regulator/miit/officer-3", "--reason", "left the office"]);
    heard.for_each(drop);
    assert!(!watch.wait().expect("ended").success(), "the watch was cut");
    let (answer, worked) = gl(&out, "gl -max-time 3 ServerInfoService/GetServerInfo");
    assert!(!worked, "{answer}");
    assert!(connected(), "others stay");

    let listed = cert("list", &["--class", "regulator"]);
    assert!(listed.contains("left the office") && !listed.contains("mvno/"), "{listed}");
    failed(
        1,
        &["cert", "revoke", dir[0], dir[1], "--identity", "regulator/miit/officer-3", "--reason", "again"],
    );
    failed(64, &["cert", "revoke", dir[0], dir[1], "--reason", "of whom?"]);
    assert!(failed(1, &["cert", "list", "--dir", text(&kept.path().join("none"))]).contains("cert ca"));
}

#[test]
fn a_class_at_a_time_and_never_twice() {
    let kept = tempfile::tempdir().expect("a folder");
    let pki = kept.path().join("pki");
    let ca = |class: &'static str| ["cert", "ca", "--dir", text(&pki), "--class", class];
    done(&[&ca("mvno")[..], &["--trust-domain", "gw.test"]].concat());
    assert!(pki.join("mvno/crl.pem").exists() && !pki.join("carrier").exists());
    assert!(failed(1, &ca("mvno")).contains("never overwritten"));
    assert!(failed(1, &[&ca("carrier")[..], &["--trust-domain", "gw.other"]].concat()).contains("gw.test"));
    let made = done(&ca("all"));
    assert!(made.contains("server") && !made.contains("mvno:"), "{made}");
    let out = kept.path().join("server");
    let issue = ["cert", "issue-server", "--dir", text(&pki), "--name", "gw.test", "--ip", "127.0.0.1"];
    done(&[&issue[..], &["--out", text(&out)]].concat());
    for file in ["cert.pem", "key.pem", "ca.pem"] {
        assert!(out.join(file).exists(), "{file}");
    }
}

#[test]
fn a_node_says_whether_it_is_ready() {
    let mut world = Node::start();
    assert_eq!(done(&["healthcheck", "--url", &format!("http://{}/readyz", world.ops)]), "ready\n");
    let ops = world.ops.clone();
    failed(1, &["healthcheck", "--url", &format!("http://{ops}/nothing")]);
    world.kill();
    failed(1, &["healthcheck", "--url", &format!("http://{ops}/readyz")]);
    failed(64, &["healthcheck", "--url", "https://gw.example"]);
}
