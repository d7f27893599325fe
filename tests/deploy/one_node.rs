//! `deploy/one-node`, as it stands.

use crate::{
    golden,
    node::{Node, greenlane},
    partner, readme,
    support::network,
};

#[test]
fn one_node_as_written() {
    network::alone(&["192.0.2.11/24"], || partner::block_on(as_written()));
}

async fn as_written() {
    let folder = readme::sample("one-node");
    readme::run(folder.path(), &readme::block("One node: certificates", "sh"));
    let start = readme::block("One node: start", "sh");
    let (before, serve) = start.trim_end().rsplit_once('\n').expect("several lines");
    assert_eq!(serve, "greenlane serve --config greenlane.toml");
    readme::run(folder.path(), before);

    let before =
        greenlane(folder.path(), &["doctor", "--config", "greenlane.toml"]).output().expect("it runs");
    golden::compare("one-node-before.txt", &before);
    assert!(!folder.path().join("greenlane.db.lock").exists(), "the doctor makes nothing");

    let node = Node::start(folder.path(), "greenlane.toml");
    node.is(200, "ready");
    let revision = partner::bring_in(folder.path(), "127.0.0.1:8443").await;
    partner::is_denied(folder.path(), "192.0.2.11:8443", revision).await;
    let doctor = node.doctor();
    assert_eq!(doctor.status.code(), Some(0));
    golden::compare("one-node.txt", &doctor);
    node.stop();

    let after =
        greenlane(folder.path(), &["doctor", "--config", "greenlane.toml"]).output().expect("it runs");
    golden::compare("one-node-after.txt", &after);
}
