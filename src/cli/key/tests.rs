use std::{fs, os::unix::fs::PermissionsExt};

use super::*;
use crate::vault::keyfile;

#[test]
fn keys_are_made_added_and_listed() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("kek.key");
    let make = || run(&Command::Make(make::Args { purpose: Purpose::Kek, out: file.clone() }));
    let add = || run(&Command::Add(add::Args { file: file.clone() }));
    assert!(add().is_err(), "there is none to add to");
    assert!(make().is_ok());
    assert!(make().is_err(), "never overwritten");
    let first = keyfile::read(&file, Purpose::Kek).expect("a key");
    // An editor that left the last line without its end.
    let text = fs::read_to_string(&file).expect("text");
    fs::write(&file, text.trim_end()).expect("written");
    assert!(add().is_ok());
    let both = keyfile::read(&file, Purpose::Kek).expect("two keys");
    assert_eq!((first.len(), both.len()), (1, 2));
    assert_eq!(first[0].id(), both[0].id());
    assert_eq!(fs::metadata(&file).expect("it is there").permissions().mode() & 0o777, 0o600);
    assert!(run(&Command::List(list::Args { file: file.clone(), purpose: Purpose::Kek })).is_ok());
    assert!(run(&Command::List(list::Args { file, purpose: Purpose::Index })).is_err());
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing is left beside it");
}
