//! What `doctor` says, with what differs from run to run masked.

use std::{env, fs, path::Path, process::Output};

use crate::readme::said;

/// What stands between these differs; an empty end is the end of the line.
const MASKS: [(&str, &str, &str); 9] = [
    ("good for ", " days", "<n>"),
    (" CA ", ":", "<mark>"),
    ("signs receipts as ", "", "<id>"),
    ("vault.kek              ", " wraps", "<id>"),
    ("file system with ", " free", "<n>"),
    ("Redis ", ", RESP", "<version>"),
    ("RESP3, ", " ms", "<n>"),
    ("version ", " ms", "<version>, <n>"),
    ("store.connections      ", " of ", "<n>"),
];

/// Compares it with what was reviewed.
#[track_caller]
pub fn compare(name: &str, doctor: &Output) {
    let found: String = said(doctor).lines().map(|line| steady(line) + "\n").collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/doctor").join(name);
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &found).expect("written");
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, kept, "{name} differs from {}", path.display());
}

fn steady(line: &str) -> String {
    let mut line = line.to_owned();
    for (before, after, mask) in MASKS {
        let Some(from) = line.find(before).map(|at| at + before.len()) else { continue };
        let length = if after.is_empty() { Some(line.len() - from) } else { line[from..].find(after) };
        if let Some(length) = length {
            line.replace_range(from..from + length, mask);
        }
    }
    line
}
