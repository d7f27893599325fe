//! What is remembered, and what a crash may take.

use super::*;
use crate::rpc::pb;

fn verdict(code: &str) -> Verdict {
    let command = pb::Command { msisdns: vec!["+8617000000000".to_owned()], ..Default::default() };
    Verdict::failed(&command, code)
}

/// Opens one that was let go. A fork of a test beside this one may hold the lock until it runs its program.
fn open(folder: &Path) -> Result<Journal, String> {
    loop {
        match Journal::open(folder) {
            Err(line) if line.contains("another agent") => std::thread::yield_now(),
            opened => return opened,
        }
    }
}

fn write_all(folder: &Path) {
    let mut journal = open(folder).expect("a journal");
    assert!(journal.belongs_to("mvnos/m01").expect("written"));
    for sequence in [1, 2, 3] {
        let id = format!("command-{sequence}");
        assert_eq!(journal.begin(sequence, &id).expect("written"), 1);
        journal.finish(sequence, &id, &verdict("ONE")).expect("written");
    }
    journal.settle(1).expect("written");
    journal.settle(3).expect("written");
    assert_eq!(journal.cursor(), 1);
    assert_eq!(journal.begin(4, "command-4").expect("written"), 1);
}

#[test]
fn it_is_remembered() {
    let folder = tempfile::tempdir().expect("a folder");
    write_all(folder.path());
    for _ in 0..2 {
        let mut journal = open(folder.path()).expect("a journal");
        assert!(journal.belongs_to("mvnos/m01").expect("known"));
        assert!(!journal.belongs_to("mvnos/m02").expect("known"));
        assert_eq!(journal.cursor(), 1);
        assert_eq!(journal.verdict("command-2"), Some(&verdict("ONE")));
        assert_eq!(journal.verdict("command-4"), None);
    }
    let mut journal = open(folder.path()).expect("a journal");
    assert_eq!(journal.begin(4, "command-4").expect("written"), 2, "it may have been done before");
    journal.settle(2).expect("written");
    assert_eq!(journal.cursor(), 3, "3 was settled before");
    journal.move_to(9).expect("written");
    drop(journal);
    assert_eq!(open(folder.path()).expect("a journal").cursor(), 9);
}

#[test]
fn one_agent_has_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = open(folder.path()).expect("a journal");
    let second = Journal::open(folder.path()).err().expect("it is taken");
    assert!(second.contains("another agent"), "{second}");
    drop(first);
    assert!(open(folder.path()).is_ok());
}

/// However much of the end a crash took, what is left is a beginning of what was told.
#[test]
fn a_torn_end_is_the_end_of_a_line() {
    let folder = tempfile::tempdir().expect("a folder");
    write_all(folder.path());
    let whole = fs::read(folder.path().join("journal")).expect("written");
    let torn = tempfile::tempdir().expect("a folder");
    let path = torn.path().join("journal");
    let mut cursor = 0;
    for length in 0..=whole.len() {
        fs::write(&path, &whole[..length]).expect("written");
        let journal = open(torn.path()).expect("a journal");
        assert!(journal.cursor() >= cursor, "cut at {length}");
        cursor = journal.cursor();
    }
    assert_eq!(cursor, 1);
    // What lies before other lines is no torn end.
    let mut bad = whole.clone();
    bad[3] = b'#';
    fs::write(&path, &bad).expect("written");
    assert!(open(torn.path()).err().expect("not read").contains("line 1"));
}

#[test]
fn no_number_is_in_it() {
    let folder = tempfile::tempdir().expect("a folder");
    write_all(folder.path());
    let text = fs::read_to_string(folder.path().join("journal")).expect("written");
    assert!(!text.contains("170000"), "{text}");
}

#[test]
fn the_oldest_go_but_for_those_that_the_gateway_lacks() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut journal = open(folder.path()).expect("a journal");
    for sequence in 1..=KEPT + 10 {
        let (sequence, command) = (i64::try_from(sequence).expect("small"), sequence.to_string());
        journal.take(Line::Done { sequence, command, verdict: verdict("ONE") });
        if sequence != 2 {
            journal.take(Line::Settled(sequence));
        }
    }
    assert_eq!(journal.cursor(), 1);
    assert!(journal.verdict("1").is_none());
    assert!(journal.verdict("2").is_some());
    journal.take(Line::Settled(2));
    assert!(journal.verdict("2").is_none());
    assert_eq!(journal.commands.len(), KEPT);
}
