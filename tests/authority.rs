//! The identity authority over the wire: the gateway's side in this process, the simulated one as a process of its own,
//! with mutual TLS between them. What is no plain answer is NOT_AVAILABLE, every time.

#[path = "support/all.rs"]
pub mod support;

use std::{
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use greenlane::{
    authority::{
        Authority, Question,
        remote::{Remote, Settings},
        simulated::READY,
    },
    domain::{
        identity::outcome::AuthorityMatch::{self, Match, Mismatch, NotAvailable},
        name::ParticipantName,
    },
    host::SystemClock,
};
use support::{port, process::Process};

const PERSON: &str = "119999199003070019";

fn simulate(dir: &Path, listen: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_greenlane"));
    command.args(["authority", "simulate", "--listen", listen, "--dir"]).arg(dir);
    command
}

/// Starts one and says where it listens.
fn started(dir: &Path, listen: &str) -> (Process, String) {
    let process = Process::start(&mut simulate(dir, listen));
    process.says(|line| line.starts_with(READY)).unwrap_or_else(|said| panic!("it said:\n{said}"));
    let said = process.said();
    let address = said.lines().find_map(|line| line.strip_prefix(READY)).expect("it said so").to_owned();
    (process, address)
}

/// What `dir` has for the gateway; a short patience, so that silence is not waited for.
fn settings(dir: &Path, address: &str) -> Settings {
    let file = |name| dir.join("gateway").join(name);
    let usual = Settings::new(address, file("ca.pem"), file("cert.pem"), file("key.pem"));
    Settings { limit: Duration::from_millis(500), failures: u32::MAX, rest: Duration::ZERO, ..usual }
}

fn remote(settings: &Settings) -> Remote {
    Remote::new(settings, Arc::new(SystemClock::start())).expect("settings")
}

async fn ask(remote: &Remote, number: &str, name: &str) -> AuthorityMatch {
    let mvno = ParticipantName::parse_mvno("mvnos/m01").expect("a name");
    remote.ask(Question::new(mvno, "RESIDENT_ID", number, name)).await
}

#[tokio::test]
async fn every_outage_and_every_odd_answer_is_not_available() {
    let folder = tempfile::tempdir().expect("a folder");
    let (process, address) = started(folder.path(), "127.0.0.1:0");
    let patient = Settings { limit: Duration::from_secs(60), ..settings(folder.path(), &address) };
    let authority = remote(&patient);
    assert_eq!(ask(&authority, PERSON, "某甲").await, Match);
    assert_eq!(ask(&authority, PERSON, "张某").await, Mismatch);
    // By the sequence of the number, as the table of `authority::simulated` has it.
    for (sequence, wanted) in
        [("900", Mismatch), ("920", NotAvailable), ("940", NotAvailable), ("980", NotAvailable)]
    {
        assert_eq!(
            ask(&authority, &format!("11999919900307{sequence}0"), "某甲").await,
            wanted,
            "{sequence}"
        );
    }
    assert_eq!(ask(&authority, "X1234567", "NOBODY").await, NotAvailable);
    assert_eq!(ask(&authority, "", "某甲").await, NotAvailable);
    let mvno = ParticipantName::parse_mvno("mvnos/m01").expect("a name");
    assert_eq!(authority.ask(Question::new(mvno, "LIBRARY_CARD", PERSON, "某甲")).await, NotAvailable);
    let hasty = remote(&settings(folder.path(), &address));
    assert_eq!(ask(&hasty, "119999199003079600", "某甲").await, NotAvailable);
    // Its log has nothing of anybody.
    let said = process.said();
    assert!(!said.contains("119999") && !said.contains('某'), "{said}");
}

#[tokio::test]
async fn many_at_once_take_turns() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_process, address) = started(folder.path(), "127.0.0.1:0");
    let narrow = Settings { at_once: 2, limit: Duration::from_secs(60), ..settings(folder.path(), &address) };
    let authority = Arc::new(remote(&narrow));
    let mut asked = tokio::task::JoinSet::new();
    for n in 0..200 {
        let authority = authority.clone();
        asked.spawn(async move {
            let (name, wanted) = if n % 2 == 0 { ("某甲", Match) } else { ("张某", Mismatch) };
            assert_eq!(ask(&authority, PERSON, name).await, wanted);
        });
    }
    while let Some(done) = asked.join_next().await {
        done.expect("each has its own answer");
    }
}

#[tokio::test]
async fn neither_side_takes_a_stranger() {
    let (folder, other) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let (_process, address) = started(folder.path(), "127.0.0.1:0");
    drop(started(other.path(), "127.0.0.1:0"));
    let (own, strange) = (settings(folder.path(), &address), settings(other.path(), &address));
    let unknown =
        Settings { certificate: strange.certificate.clone(), key: strange.key.clone(), ..own.clone() };
    let mistaken = Settings { ca: strange.ca.clone(), ..own.clone() };
    // Of another name than its certificate has.
    let misnamed = Settings { address: address.replace("127.0.0.1", "127.0.0.2"), ..own.clone() };
    for settings in [unknown, mistaken, misnamed] {
        assert_eq!(ask(&remote(&settings), PERSON, "某甲").await, NotAvailable);
    }
    assert_eq!(
        ask(&remote(&Settings { limit: Duration::from_secs(60), ..own }), PERSON, "某甲").await,
        Match
    );
}

#[tokio::test]
async fn it_is_asked_again_when_it_is_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let address = format!("127.0.0.1:{}", port::free());
    let (process, _) = started(folder.path(), &address);
    let authority = remote(&Settings { limit: Duration::from_secs(60), ..settings(folder.path(), &address) });
    assert_eq!(ask(&authority, PERSON, "某甲").await, Match);
    process.kill();
    for _ in 0..3 {
        assert_eq!(ask(&authority, PERSON, "某甲").await, NotAvailable);
    }
    // Its certificates are those of before.
    let _process = started(folder.path(), &address);
    let mut tries = 0;
    while ask(&authority, PERSON, "某甲").await != Match {
        tries += 1;
        assert!(tries < 100, "it does not come back");
    }
}

#[tokio::test]
async fn one_that_does_not_answer_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_process, address) = started(folder.path(), "127.0.0.1:0");
    let settings = Settings {
        failures: 3,
        rest: Duration::from_secs(3600),
        limit: Duration::from_secs(60),
        ..settings(folder.path(), &address)
    };
    let authority = remote(&settings);
    // Refused questions are no outage, whoever asks them.
    for _ in 0..10 {
        assert_eq!(ask(&authority, PERSON, "").await, NotAvailable);
    }
    for _ in 0..3 {
        assert_eq!(ask(&authority, PERSON, "某甲").await, Match);
        assert_eq!(ask(&authority, "119999199003079400", "某甲").await, NotAvailable);
    }
    for _ in 0..3 {
        assert_eq!(ask(&authority, "119999199003079400", "某甲").await, NotAvailable);
    }
    assert_eq!(ask(&authority, PERSON, "某甲").await, NotAvailable, "it is not asked");
}

#[test]
fn settings_that_cannot_be_used_say_so() {
    let folder = tempfile::tempdir().expect("a folder");
    drop(started(folder.path(), "127.0.0.1:0"));
    let fine = settings(folder.path(), "127.0.0.1:9444");
    let wrong = |settings: Settings| {
        let made = Remote::new(&settings, Arc::new(SystemClock::start()));
        made.err().expect("refused").to_string()
    };
    for address in ["nowhere", "a b:1", "host:1/path", ":1", ""] {
        let said = wrong(Settings { address: address.to_owned(), ..fine.clone() });
        assert!(said.starts_with("authority.address:"), "{said}");
    }
    let other_key = folder.path().join("key.pem");
    for (said, wanted) in [
        (
            wrong(Settings { ca: folder.path().join("missing.pem"), ..fine.clone() }),
            "missing.pem cannot be read",
        ),
        (wrong(Settings { certificate: fine.key.clone(), ..fine.clone() }), "has no CERTIFICATE section"),
        (wrong(Settings { key: other_key, ..fine.clone() }), "cannot be used together"),
    ] {
        assert!(said.contains(wanted), "{said}");
    }
}

#[test]
fn it_is_for_this_machine_and_for_its_parent() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = simulate(folder.path(), "0.0.0.0:0").stdin(Stdio::null()).output().expect("it runs");
    assert_eq!(open.status.code(), Some(64));
    // Its standard input has ended already.
    let orphan = Process::start(simulate(folder.path(), "127.0.0.1:0").arg("--until-stdin-ends"));
    assert!(orphan.ended().success());
}
