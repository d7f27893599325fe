//! Imports: good rows and bad ones, Excel's files, Ctrl-C, a node that goes, and the same command again.

use std::{fs, path::PathBuf, process::Command};

use nix::sys::signal::Signal;

use crate::{
    support::process::Process,
    world::{Said, World},
};

/// The columns of a file that `dev subscribers` makes.
const HEADER: &str = "msisdn,document_type,document_number,name,sex,capture_method,register_time";

impl World {
    /// A file of made-up subscribers.
    fn subscribers(&self, name: &str, words: &[&str]) -> PathBuf {
        let mut command = Command::new(env!("CARGO_BIN_EXE_greenlane"));
        let output = command.args(["dev", "subscribers"]).args(words).output().expect("it runs");
        assert!(output.status.success(), "{output:?}");
        fs::write(self.file(name), &output.stdout).expect("written");
        self.file(name)
    }

    /// Lines that the gateway has.
    fn lines(&self) -> i64 {
        self.node.database().query_row("SELECT COUNT(*) FROM line", [], |row| row.get(0)).expect("a count")
    }
}

/// The last JSON that was printed.
fn summary(said: &Said) -> serde_json::Value {
    serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{said:?}"))
}

fn count(summary: &serde_json::Value, name: &str) -> i64 {
    summary[name].as_i64().unwrap_or_else(|| panic!("{name} in {summary}"))
}

#[test]
fn bad_rows_are_told_and_the_rest_is_in() {
    let world = World::start();
    world.subscribers("subs.csv", &["--rows", "3000", "--bad-every", "300"]);
    let rehearsed = world.golden("import-validate", &["import", "subs.csv", "--validate-only"]);
    assert_eq!((rehearsed.code, world.lines()), (1, 0));
    let said = world.golden("import", &["import", "subs.csv", "--import-id", "first"]);
    assert_eq!((said.code, world.lines()), (1, 2990));
    // What a row says is not in what is told about it.
    for told in [&rehearsed.err, &said.err] {
        assert!(!told.contains("119999") && !told.contains("1620000"), "{told}");
    }

    // The same once more: nothing is doubled, nothing is told twice.
    let again = world.ctl(&["import", "subs.csv", "--output", "json"]);
    let summary = summary(&again);
    assert_eq!((summary["importId"].as_str(), count(&summary, "accepted")), (Some("first"), 2990));
    assert_eq!((count(&summary, "rejected") + count(&summary, "unreadable"), world.lines()), (10, 2990));

    let shown = world.golden("import-show", &["import", "show", "first"]);
    assert_eq!(shown.code, 0);
    let rejected = world.ctl(&["import", "show", "first", "--rejected"]);
    assert!(rejected.out.starts_with(&format!("\u{feff}{HEADER},rejected_row,rejected_code,rejected_text")));
    let told: Vec<Vec<&str>> =
        rejected.out.lines().skip(1).map(|line| line.splitn(10, ',').collect()).collect();
    let codes: Vec<(&str, &str)> = told.iter().map(|cells| (cells[7], cells[8])).collect();
    let kinds = ["BAD_CHECKSUM", "BAD_LENGTH", "SEX_MISMATCH", "TOO_FEW_COLUMNS", "BAD_LENGTH"];
    let rows: Vec<String> = (1..=10).map(|n| (n * 300 + 1).to_string()).collect();
    let wanted: Vec<(&str, &str)> = rows.iter().map(String::as_str).zip(kinds.into_iter().cycle()).collect();
    assert_eq!(codes, wanted);
    assert!(told.iter().all(|cells| cells[0].starts_with("1620000")), "the original rows");

    // With the file gone the gateway has what it rejected, and says what it has not.
    fs::remove_file(world.file("subs.csv")).expect("removed");
    let kept = world.ctl(&["import", "show", "first", "--rejected"]);
    assert_eq!(
        kept.err,
        "never sent, and in the file alone (--file): rows that could not be read, 2 in all\n"
    );
    let columns = "msisdn,register_time,capture_method,document_type,document_number,name,sex";
    assert!(kept.out.starts_with(&format!("\u{feff}{columns},rejected_row,rejected_code,rejected_text")));
    let numbers = |out: &str| out.lines().skip(1).map(|line| line[..11].to_owned()).collect::<Vec<_>>();
    let sent = rejected.out.lines().filter(|line| !line.contains("TOO_FEW")).collect::<Vec<_>>().join("\n");
    assert_eq!(numbers(&kept.out), numbers(&sent), "the original rows");
    // That they were read is in the ledger.
    let reads = "SELECT detail FROM entry WHERE kind = 'READ'";
    let read: String = world.node.database().query_row(reads, [], |row| row.get(0)).expect("an entry");
    assert_eq!(read, "{\"originals\":8}");

    // Mended, it goes in as it is: here the sexes are.
    for (from, accepted, skipped) in [(&rejected.out, 2, 0), (&kept.out, 0, 2)] {
        let mended = from.replace("FEMALE", "X").replace("MALE", "FEMALE").replace(",X,", ",MALE,");
        fs::write(world.file("mended.csv"), mended).expect("written");
        let said = world.ctl(&["import", "mended.csv", "--output", "json"]);
        let summary = self::summary(&said);
        assert_eq!((count(&summary, "accepted"), count(&summary, "skipped")), (accepted, skipped));
    }
}

#[test]
fn files_of_excel() {
    let world = World::start();
    let text = fs::read_to_string(world.subscribers("utf8.csv", &["--rows", "20"]))
        .expect("text")
        .replace('\n', "\r\n");
    fs::write(world.file("bom.csv"), format!("\u{feff}{text}")).expect("written");
    let said = world.ctl(&["import", "bom.csv", "--output", "json"]);
    assert_eq!((said.code, world.lines()), (0, 20), "{said:?}");

    let next = fs::read_to_string(world.subscribers("next.csv", &["--rows", "20"])).expect("text");
    let next = next.replace("16200000", "16200001");
    fs::write(world.file("gb.csv"), encoding_rs::GB18030.encode(&next).0).expect("written");
    let said = world.ctl(&["import", "gb.csv", "--output", "json"]);
    assert_eq!((said.code, world.lines()), (0, 40), "{said:?}");
    assert!(said.err.contains("gb18030"), "{said:?}");

    let third = next.replace("16200001", "16200002");
    // Within the last name.
    let cut = &third.as_bytes()[..third.rfind(",MALE").max(third.rfind(",FEMALE")).expect("a last row") - 2];
    fs::write(world.file("cut.csv"), cut).expect("written");
    let said = world.ctl(&["import", "cut.csv", "--output", "json"]);
    assert_eq!((said.code, world.lines()), (1, 59), "{said:?}");
    assert!(said.err.contains("row 21") && said.err.contains("ROW_CUT_SHORT"), "{said:?}");
    let missing = third.replace(",name,", ",nome,");
    fs::write(world.file("missing.csv"), missing).expect("written");
    let said = world.golden("import-missing-column", &["import", "missing.csv"]);
    assert_eq!((said.code, world.lines()), (64, 59));
}

#[test]
fn duplicates_are_skipped_or_told() {
    let world = World::start();
    world.subscribers("subs.csv", &["--rows", "40"]);
    assert_eq!(world.ctl(&["import", "subs.csv"]).code, 0);
    let skipped = world.ctl(&["import", "subs.csv", "--import-id", "second", "--output", "json"]);
    assert_eq!((skipped.code, count(&summary(&skipped), "skipped")), (0, 40), "{skipped:?}");
    let error = ["import", "subs.csv", "--on-duplicate", "error", "--output", "json"];
    let told = world.ctl(&error);
    assert_eq!((told.code, count(&summary(&told), "rejected")), (1, 40), "{told:?}");
    assert_eq!(world.lines(), 40);
    // An id is of one file, and of one way.
    let other = world.subscribers("other.csv", &["--rows", "41"]);
    let said = world.ctl(&["import", other.to_str().expect("text"), "--import-id", "second"]);
    assert!(said.code == 64 && said.err.contains("another file"), "{said:?}");
}

/// Stopped in the middle and run again: nothing is lost, nothing is doubled.
#[test]
fn interrupted_and_gone_on() {
    let world = World::start();
    world.subscribers("subs.csv", &["--rows", "8000", "--bad-every", "1000"]);
    let import = Process::start(&mut world.command(&["import", "subs.csv", "--import-id", "one"]));
    import.says(|line| line.starts_with("row 1001")).unwrap_or_else(|said| panic!("{said}"));
    // With the node standing still it is surely in the middle.
    world.node.pause();
    import.signal(Signal::SIGINT);
    import.says(|line| line.starts_with("stopping when")).unwrap_or_else(|said| panic!("{said}"));
    world.node.resume();
    import
        .says(|line| line.contains("stopped; everything through row"))
        .unwrap_or_else(|said| panic!("{said}"));
    assert_eq!(import.ended().code(), Some(1));
    let half = world.lines();
    assert!((1..7992).contains(&half), "{half}");

    // Killed, too.
    let import = Process::start(&mut world.command(&["import", "subs.csv"]));
    import.says(|line| line.contains("as import one")).unwrap_or_else(|said| panic!("{said}"));
    import.kill();

    let said = world.ctl(&["import", "subs.csv", "--output", "json"]);
    let summary = summary(&said);
    assert_eq!(summary["importId"], "one");
    assert_eq!((count(&summary, "accepted"), world.lines()), (7992, 7992), "{said:?}");
    assert_eq!(count(&summary, "rejected") + count(&summary, "unreadable"), 8);
    // Never anything of a row in what is remembered.
    let state = fs::read_to_string(world.file("greenlane/imports/one.toml")).expect("a state");
    assert!(!state.contains("1620000") && !state.contains("119999"), "{state}");
}

/// The node is killed in the middle and comes back: the import waits for it and goes on.
#[test]
fn a_node_that_goes() {
    let mut world = World::start();
    world.subscribers("subs.csv", &["--rows", "6000", "--bad-every", "1000"]);
    let import = Process::start(&mut world.command(&["import", "subs.csv", "--output", "json"]));
    import.says(|line| line.starts_with("row 1001")).unwrap_or_else(|said| panic!("{said}"));
    world.node.kill();
    import.says(|line| line.contains("trying the next node")).unwrap_or_else(|said| panic!("{said}"));
    world.node.start_again();
    import.says(|line| line.contains("rows were rejected")).unwrap_or_else(|said| panic!("{said}"));
    assert_eq!(import.ended().code(), Some(1));
    assert_eq!(world.lines(), 5994);
}
