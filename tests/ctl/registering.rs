//! A line from its opening to its end, by flags and by JSON.

use std::{
    fs,
    io::Write,
    process::{Command, Stdio},
};

use crate::world::{Said, World};

/// A made-up person at the outlet and reader of the sample.
const FLAGS: [&str; 14] = [
    "register",
    "--document-type",
    "RESIDENT_ID",
    "--document-number",
    "119999199003070019",
    "--name",
    "王小明",
    "--channel",
    "mvnos/m07/channels/hall-7",
    "--reader-serial",
    "RD-000007",
    "--capture-method",
    "reader",
    "--msisdn",
];

fn register(world: &World, msisdn: &str, more: &[&str]) -> Said {
    world.ctl(&[&FLAGS[..], &[msisdn], more].concat())
}

#[test]
fn opened_and_closed() {
    let world = World::start();
    world.golden("register", &[&FLAGS[..], &["16200000001"]].concat());
    let taken = world.golden("register-taken", &[&FLAGS[..], &["16200000001"]].concat());
    assert_eq!(taken.code, 1);
    let faulty = ["--valid-to-date", "2020-01-01", "--validate-only"];
    world.golden("register-faults", &[&FLAGS[..], &["17000000002"], &faulty].concat());
    // What was typed is repeated nowhere.
    assert!(!taken.err.contains("119999"), "{taken:?}");

    let listed = register(&world, "16200000002", &["--output", "json"]);
    let listed: serde_json::Value = serde_json::from_str(&listed.out).expect("JSON");
    let name = listed["registration"].as_str().expect("a name");
    world.golden("close", &["close", name, "--reason", "the holder gave it up"]);
    assert_eq!(world.golden("close-again", &["close", name, "--reason", "the holder gave it up"]).code, 1);

    let quota = ["quota", "--document-number", "119999199003070019"];
    let counted = world.golden("quota", &quota);
    let json = world.ctl(&[&quota[..], &["--output", "json"]].concat());
    let json: serde_json::Value = serde_json::from_str(&json.out).expect("JSON");
    let token = json["subjectToken"].as_str().expect("a token");
    assert_eq!(world.ctl(&["quota", "--token", token]).out, counted.out);

    // The same request twice is one line.
    let id = ["--request-id", "mine", "--output", "json"];
    let (first, second) = (register(&world, "16200000003", &id), register(&world, "16200000003", &id));
    assert!(first.code == 0 && second.code == 0 && second.out.contains("\"replayed\": true"), "{second:?}");
}

#[test]
fn by_json_and_by_standard_input() {
    let world = World::start();
    let json = serde_json::json!({
        "msisdn": "16200000004",
        "event": "REGISTRATION_EVENT_OPEN",
        "individual": { "document": {
            "type": "DOCUMENT_TYPE_RESIDENT_ID", "number": "119999199003070027", "name": "李文",
        } },
        "capture": {
            "method": "CAPTURE_METHOD_READER", "reader_serial": FLAGS[10], "channel": FLAGS[8],
        },
    });
    fs::write(world.file("line.json"), json.to_string()).expect("written");
    let said = world.ctl(&["register", "--file", "line.json", "--validate-only"]);
    assert_eq!(said.code, 0, "{said:?}");
    let whole = serde_json::json!({ "registration": json, "request_id": "whole" });
    fs::write(world.file("line.json"), whole.to_string()).expect("written");
    assert_eq!(world.ctl(&["register", "--file", "line.json"]).code, 0);
    fs::write(world.file("line.json"), "{\"registration\": {\"msisdnn\": \"16200000004\"}}")
        .expect("written");
    let said = world.ctl(&["register", "--file", "line.json"]);
    assert!(said.code == 64 && !said.err.contains("1620000"), "{said:?}");

    // The number by standard input, so that no history has it.
    let words: Vec<&str> =
        FLAGS.iter().map(|word| if *word == "119999199003070019" { "-" } else { word }).collect();
    let mut command: Command = world.command(&[&words[..], &["16200000005"]].concat());
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("runs");
    child.stdin.take().expect("piped").write_all(b"119999199003070019\n").expect("taken");
    let said = Said::of(child.wait_with_output().expect("ends"));
    assert_eq!(said.code, 0, "{said:?}");
}
