//! Who may call what, as one table for review: what the protos say, method by method.

use std::{fmt::Write, fs, path::Path};

use greenlane::{domain::access::Effect, rpc::pb};

use crate::source::read;

const GOLDEN: &str = "tests/golden/access.txt";

fn table() -> String {
    let mut text = String::from(
        "# Who may call what, printed from the option beside each RPC.\n\
         # Written again by: UPDATE_GOLDEN=1 cargo test --test house\n",
    );
    for method in pb::methods() {
        let rule = &method.rule;
        let roles: Vec<&str> = rule.roles.iter().map(|class| class.as_str()).collect();
        let who = if rule.anyone { "anyone".to_owned() } else { roles.join(" ") };
        let effect = match rule.effect {
            Effect::Read => "reads",
            Effect::Write => "writes",
        };
        let more = match (method.streams, rule.dual_control) {
            (true, true) => ", streams, dual control",
            (true, false) => ", streams",
            (false, true) => ", dual control",
            (false, false) => "",
        };
        writeln!(text, "{}: {who} ({effect}{more})", method.path).expect("a string takes all");
    }
    text
}

#[test]
fn who_may_call_what_is_as_reviewed() {
    let table = table();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join(GOLDEN), &table).expect("written");
    }
    assert_eq!(read(GOLDEN), table, "look at the difference, then UPDATE_GOLDEN=1 cargo test --test house");
}

#[test]
fn every_method_has_a_row_and_somebody_who_may() {
    let golden = read(GOLDEN);
    for method in pb::methods() {
        let rows = golden.lines().filter(|row| row.starts_with(&format!("{}: ", method.path))).count();
        assert_eq!(rows, 1, "{}", method.path);
        assert_eq!(method.rule.roles.is_empty(), method.rule.anyone, "{}", method.path);
        assert_eq!(pb::method(method.path).map(|found| found.path), Some(method.path));
    }
    assert!(pb::method("/greenlane.v1.ComplianceService/NoSuch").is_none());
}

/// What is asked of an identity authority is not ours to serve, nor to describe.
#[test]
fn what_is_asked_of_others_is_not_served() {
    let described = |package: &[u8]| pb::DESCRIPTORS.windows(package.len()).any(|bytes| bytes == package);
    assert!(described(b"greenlane.v1") && !described(b"greenlane.authority"));
    assert!(pb::methods().all(|method| !method.path.contains("authority")));
}
