//! Contexts: names, permissions, the selected one.

use std::os::unix::fs::PermissionsExt;

use super::*;

fn context(name: &str) -> Context {
    let addresses = vec!["gw.example:8443".to_owned(), "[::1]:8443".to_owned()];
    Context { name: name.to_owned(), addresses, certs: PathBuf::from("/certs") }
}

fn lines<T>(result: Result<T, Failure>) -> String {
    result.err().expect("refused").lines.join("\n")
}

#[test]
fn kept_as_given_and_only_for_their_owner() {
    let folder = tempfile::tempdir().expect("a folder");
    let contexts =
        Contexts::at(Some(&folder.path().join("deep/er"))).map_err(|failure| failure.lines).expect("one");
    assert!(lines(contexts.get(None)).contains("no context is selected"));
    assert!(contexts.add(&context("prod"), false).is_ok());
    assert!(lines(contexts.add(&context("prod"), false)).contains("--replace"));
    assert!(contexts.add(&context("prod"), true).is_ok());
    assert!(contexts.select("prod").is_ok());
    let found = contexts.get(None).map_err(|failure| failure.lines).expect("selected");
    assert_eq!((found.name.as_str(), found.addresses.len()), ("prod", 2));
    assert_eq!(found.certs, Path::new("/certs"));

    let file = contexts.path("prod");
    let mode = |path: &Path| fs::metadata(path).expect("there").mode() & 0o777;
    assert_eq!((mode(&file), mode(file.parent().expect("a folder"))), (0o600, 0o700));
    for open in [0o640, 0o604, 0o620, 0o601] {
        fs::set_permissions(&file, fs::Permissions::from_mode(open)).expect("ours");
        assert!(lines(contexts.get(None)).contains("open to other users"), "{open:o}");
    }
    fs::set_permissions(&file, fs::Permissions::from_mode(0o400)).expect("ours");
    assert!(contexts.get(None).is_ok());

    assert!(contexts.remove("prod").is_ok());
    assert!(lines(contexts.get(None)).contains("no context is selected"));
    assert!(lines(contexts.get(Some("prod"))).contains("there is no context prod"));
}

#[test]
fn names_are_files_and_nothing_else() {
    for bad in ["", ".", "..", "../x", "a/b", "-x", "a b", "名", &"x".repeat(65)] {
        assert!(checked(bad).is_err(), "{bad}");
    }
    for good in ["a", "m07.prod", "M_7-x"] {
        assert!(checked(good).is_ok(), "{good}");
    }
}

#[test]
fn a_spoilt_file_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let contexts = Contexts::at(Some(folder.path())).map_err(|failure| failure.lines).expect("one");
    for spoilt in ["", "addresses = []\ncerts = \"/c\"", "addresses = [\"a:1; rm\"]\ncerts = \"/c\"", "x = 1"]
    {
        assert!(write(&contexts.path("x"), spoilt).is_ok());
        assert!(contexts.get(Some("x")).is_err(), "{spoilt}");
    }
}
