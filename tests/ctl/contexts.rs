//! Contexts as files: who may read them, and what is said when there is none.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
};

use crate::world::World;

#[test]
fn kept_for_their_owner_alone() {
    let world = World::start();
    world.golden("context-list", &["context", "list"]);
    let json = world.ctl(&["context", "list", "--output", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json.out).expect("JSON");
    assert_eq!(json["contexts"][0]["name"], "carrier");
    assert_eq!(json["contexts"][1]["selected"], true);

    let file = world.file("greenlane/contexts/m07.toml");
    assert_eq!(fs::metadata(&file).expect("there").mode() & 0o777, 0o600);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("ours");
    let refused = world.golden("context-open", &["whoami"]);
    assert_eq!(refused.code, 1);
    assert_eq!(world.ctl(&["whoami", "--context", "carrier"]).code, 0);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("ours");
    assert_eq!(world.ctl(&["whoami"]).code, 0);

    assert_eq!(world.ctl(&["context", "select", "carrier"]).code, 0);
    assert!(world.ctl(&["whoami"]).out.contains("carriers/unicom"));
    assert_eq!(world.ctl(&["context", "remove", "carrier"]).code, 0);
    world.golden("context-none", &["whoami"]);
    world.golden("context-unknown", &["whoami", "--context", "carrier"]);
}

/// A key that others can read is no secret: no context is made of it.
#[test]
fn an_open_key_is_refused() {
    let world = World::start();
    let certs = world.node.certs("mvno-m01");
    fs::set_permissions(certs.join("key.pem"), fs::Permissions::from_mode(0o640)).expect("ours");
    let add = ["context", "add", "m01", "--address", "127.0.0.1:1", "--certs", certs.to_str().expect("text")];
    let said = world.ctl(&add);
    assert!(said.code == 64 && said.err.contains("open to other users"), "{said:?}");
    let nowhere = ["context", "add", "m01", "--address", "127.0.0.1:1", "--certs", "/no/such"];
    assert_eq!(world.ctl(&nowhere).code, 64);
}
