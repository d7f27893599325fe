//! Nodes: the same address after every end, from a folder of `dev` or from a configuration file.

use std::fs;

use greenlane::rpc::pb::{self, server_info_service_client::ServerInfoServiceClient};

use crate::support::{node::Node, port};

async fn answers(node: &Node) {
    let mut client = ServerInfoServiceClient::new(node.lazy("auditor"));
    client.get_server_info(pb::GetServerInfoRequest::default()).await.expect("an answer");
}

#[tokio::test]
async fn a_node_comes_back_where_it_was() {
    let mut node = Node::start();
    let address = node.address.clone();
    answers(&node).await;
    node.pause();
    node.resume();
    answers(&node).await;
    node.kill();
    node.start_again();
    assert_eq!(node.address, address);
    answers(&node).await;
    assert!(node.stop().success());
    node.start_again();
    answers(&node).await;
}

#[tokio::test]
async fn a_node_serves_from_a_file() {
    let mut dev = Node::start();
    assert!(dev.stop().success());
    let classes = ["auditor", "carrier", "mvno", "operator", "police", "portal", "regulator"];
    let crls = classes.map(|class| format!("\"pki/{class}/crl.pem\"")).join(", ");
    let anchors = classes.map(|class| format!("{class} = \"pki/{class}/ca.pem\"\n")).concat();
    let config = dev.dir.join("greenlane.toml");
    let text = format!(
        "[server]\nlisten = \"127.0.0.1:{}\"\n[ops]\nlisten = \"127.0.0.1:{}\"\n\
         [store]\nurl = \"sqlite://greenlane.db\"\n[receipts]\nkey = \"receipt.key\"\n\
         [tls]\ncertificate = \"certs/server/cert.pem\"\nkey = \"certs/server/key.pem\"\n\
         trust_domain = \"dev.greenlane\"\ncrls = [{crls}]\n[tls.anchors]\n{anchors}",
        port::free(),
        port::free()
    );
    fs::write(&config, text).expect("written");
    let mut node = Node::serve(&config, &dev.dir);
    answers(&node).await;
    node.kill();
    node.start_again();
    answers(&node).await;
}
