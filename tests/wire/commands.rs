//! The command line: exit codes, and mistakes told at once.

use std::{
    io::{Read, Write},
    net::TcpStream,
    process::{Command, Output},
};

use crate::support::node::Node;

fn greenlane(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_greenlane")).args(args).output().expect("the binary runs")
}

#[test]
fn a_wrong_configuration_is_exit_64_with_every_mistake() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("greenlane.toml");
    std::fs::write(&file, "[server]\nlisten = 7\nworkers = \"many\"\n[shop]\n").expect("written");
    let file = file.to_str().expect("text");
    for args in [["config", "check", file], ["serve", "--config", file]] {
        let output = greenlane(&args);
        assert_eq!(output.status.code(), Some(64), "{args:?}");
        let said = String::from_utf8(output.stderr).expect("text");
        for mistake in ["server.listen", "server.workers", "shop", "tls.key", "store.url"] {
            assert!(said.contains(mistake), "{mistake} in {said}");
        }
    }
}

/// The files that a configuration names are read before anything starts, and all that are wrong are told.
#[test]
fn every_file_that_cannot_be_used_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("greenlane.toml");
    let example = greenlane(&["config", "example"]).stdout;
    std::fs::write(&file, example).expect("written");
    let file = file.to_str().expect("text");
    for args in [["config", "check", file], ["serve", "--config", file]] {
        let output = greenlane(&args);
        assert_eq!(output.status.code(), Some(64), "{args:?}");
        let said = String::from_utf8(output.stderr).expect("text");
        for missing in ["server/cert.pem", "server/key.pem", "mvno/ca.pem", "police/crl.pem", "receipt.key"] {
            assert!(said.contains(missing), "{missing} in {said}");
        }
    }
}

#[test]
fn the_example_says_every_key() {
    let output = greenlane(&["config", "example"]);
    assert!(output.status.success());
    assert!(String::from_utf8(output.stdout).expect("text").contains("[tls.anchors]"));
}

#[test]
fn an_unknown_command_is_exit_64() {
    assert_eq!(greenlane(&["brew-tea"]).status.code(), Some(64));
    assert_eq!(greenlane(&["dev", "info", "--dir", "no-such-folder"]).status.code(), Some(1));
}

/// Plain HTTP, as a probe speaks it.
pub fn get(address: &str, path: &str) -> String {
    let mut socket = TcpStream::connect(address).expect("it listens");
    write!(socket, "GET {path} HTTP/1.1\r\nhost: probe\r\nconnection: close\r\n\r\n").expect("asked");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).expect("text");
    answer
}

#[test]
fn probes_and_metrics_are_plain_http() {
    let world = Node::start();
    for (path, status) in [("/livez", "200"), ("/readyz", "200"), ("/metrics", "200"), ("/", "404")] {
        let answer = get(&world.ops, path);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{path}: {answer}");
    }
    assert!(get(&world.ops, "/metrics").contains("greenlane_grpc_request_duration_seconds"));
}
