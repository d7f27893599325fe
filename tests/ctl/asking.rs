//! Questions: whoami, check, doctor; as tables and as JSON; and what refusals look like.

use crate::world::World;

#[test]
fn who_and_whether() {
    let world = World::start();
    world.golden("whoami", &["whoami"]);
    world.golden("whoami-json", &["whoami", "--output", "json"]);
    assert_eq!(world.golden("check-allow", &["check", "m07", "new-activations"]).code, 0);
    let carrier = ["--context", "carrier"];
    let ask = |words: &[&'static str]| [&carrier[..], words].concat();
    let denied = world.golden("check-deny", &ask(&["check", "mvnos/m25", "ALLOCATE_NUMBERS"]));
    assert_eq!(denied.code, 1);
    world.golden("check-json", &ask(&["check", "m01", "ACTION_ALLOCATE_NUMBERS", "--output", "json"]));
    assert_eq!(world.golden("check-not-yours", &["check", "m01", "sign-agreement"]).code, 1);
    world.golden("check-not-yours-json", &["check", "m01", "sign-agreement", "--output", "json"]);
    assert_eq!(world.golden("check-unknown-action", &["check", "m07", "dance"]).code, 64);
    world.golden("check-no-mvno", &["check", "mvnos/ü", "sign-agreement"]);
}

#[test]
fn the_doctor_looks_at_every_step() {
    let mut world = World::start();
    assert_eq!(world.golden("doctor", &["doctor"]).code, 0);
    let json = world.ctl(&["doctor", "--output", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json.out).expect("JSON");
    let checks: Vec<&str> =
        json["checks"].as_array().expect("a list").iter().filter_map(|line| line["check"].as_str()).collect();
    assert_eq!(checks, ["key", "certificate", "dns", "tcp", "tls", "clock", "role", "latency"]);

    // Another gateway's CA; and nobody there at all.
    let stranger = World::start();
    std::fs::copy(stranger.node.certs("auditor").join("ca.pem"), world.node.certs("mvno-m07").join("ca.pem"))
        .expect("copied");
    assert_eq!(world.golden("doctor-wrong-ca", &["doctor"]).code, 1);
    world.node.kill();
    assert_eq!(world.golden("doctor-nobody", &["doctor"]).code, 1);
}

/// With several nodes the first that answers is asked.
#[test]
fn the_next_node_answers() {
    let world = World::start();
    let certs = world.node.certs("mvno-m07");
    let gone = format!("127.0.0.1:{},{}", crate::support::port::free(), world.node.address);
    let add =
        ["context", "add", "two", "--select", "--address", &gone, "--certs", certs.to_str().expect("text")];
    assert_eq!(world.ctl(&add).code, 0);
    assert!(world.ctl(&["whoami"]).out.contains("mvnos/m07"));
}
