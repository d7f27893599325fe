//! The house rules that no compiler holds: which room may know which, how large a file may be, who makes a status,
//! who may call what, and what must never be in the repository. Read from the source text.
//!
//! `UPDATE_GOLDEN=1 cargo test --test house` writes `tests/golden/access.txt` again; its change is then reviewed.

#[path = "house/floors.rs"]
mod floors;
#[path = "house/golden.rs"]
mod golden;
#[path = "house/source.rs"]
mod source;
#[path = "house/words.rs"]
mod words;

use source::{Source, sources};

/// Lines that are not tests, at most.
const MOST_LINES: usize = 500;

/// Fails with every complaint at once.
#[track_caller]
fn none(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
}

#[test]
fn a_folder_has_its_file_beside_it() {
    let named_mod = |source: &&Source| source.path.ends_with("/mod.rs");
    none(sources().iter().filter(named_mod).map(|source| source.path.clone()).collect());
}

#[test]
fn a_file_is_a_room() {
    let too_long = |source: &Source| {
        let lines = source.code.lines().count();
        (lines >= MOST_LINES).then(|| format!("{}: {lines} lines", source.path))
    };
    none(sources().iter().filter_map(too_long).collect());
}

#[test]
fn a_file_says_what_it_owns() {
    let silent = |source: &&Source| !source.text.starts_with("//!");
    none(sources().iter().filter(silent).map(|source| source.path.clone()).collect());
}

/// Every refusal leaves by one door, so that each has its ErrorInfo and its Chinese.
#[test]
fn one_file_makes_statuses() {
    let makes = |source: &Source| -> Vec<String> {
        let made = statuses_made(&source.code);
        made.iter().map(|made| format!("{}: {made}", source.path)).collect()
    };
    let elsewhere = sources().into_iter().filter(|source| source.path != "src/rpc/status.rs");
    none(elsewhere.flat_map(|source| makes(&source)).collect());
}

/// Calls of a constructor of `Status`; the words of other types that end so are none.
fn statuses_made(code: &str) -> Vec<String> {
    let mut made = Vec::new();
    for (at, _) in code.match_indices("Status::") {
        let before = code[..at].chars().next_back();
        let name: String =
            code[at + "Status::".len()..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let own_word = before.is_none_or(|c| !c.is_alphanumeric() && c != '_');
        if own_word && name.starts_with(|c: char| c.is_ascii_lowercase()) {
            made.push(format!("Status::{name}"));
        }
    }
    made
}

#[test]
fn the_eye_for_statuses_sees() {
    assert_eq!(statuses_made("Err(Status::new(code, text))"), ["Status::new"]);
    assert_eq!(statuses_made("tonic::Status::with_details(a)"), ["Status::with_details"]);
    assert_eq!(statuses_made("map_err(Status::internal)"), ["Status::internal"]);
    assert_eq!(statuses_made("ServingStatus::Serving; Status::Open").len(), 0);
}
