//! An agent that is told by a context where its gateway is and whose certificate it shows, as `greenlane ctl` is.

use std::{
    path::Path,
    process::{Command, Output},
};

use nix::sys::signal::Signal;

use crate::{support::process::Process, world::World};

fn greenlane(world: &World, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_greenlane"));
    command
        .args(words)
        .current_dir(world.home.path())
        .env("GREENLANE_CONTEXTS", world.home.path().join("of"));
    command.env_remove("GREENLANE_CONTEXT").env_remove("GREENLANE_LOG");
    command
}

fn add(world: &World, name: &str, identity: &str) {
    let certs = world.node.certs(identity);
    let words = ["ctl", "context", "add", name, "--address", &world.node.address, "--certs"];
    let done = greenlane(world, &words).arg(certs).output().expect("it runs");
    assert!(done.status.success(), "{done:?}");
}

fn agent(world: &World, hook: &Path, more: &[&str]) -> Command {
    let mut command = greenlane(world, &["agent", "--state", "state", "--exec"]);
    command.arg(hook).args(more);
    command
}

#[track_caller]
fn is_wrong(output: Output, line: &str) {
    let said = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(64), "{said}");
    assert!(said.contains(line), "{said}");
}

#[track_caller]
fn takes(agent: Process, world: &World, receiver: &str) {
    agent.says(|line| line.contains("listening")).expect("it listens");
    agent.signal(Signal::SIGTERM);
    assert!(agent.ended().success());
    let journal = world.lines("state/journal");
    assert!(journal.iter().any(|line| line.contains(receiver)), "{journal:?}");
    std::fs::remove_dir_all(world.home.path().join("state")).expect("the state");
}

#[test]
fn a_context_says_where_and_who() {
    let world = World::start();
    let hook = world.script("hook", "cat >/dev/null");
    is_wrong(agent(&world, &hook, &[]).output().expect("it runs"), "no context is selected");
    add(&world, "first", "mvno-m01");
    add(&world, "second", "carrier-telecom");
    let named = ["--context", "second"];
    takes(Process::start(&mut agent(&world, &hook, &named)), &world, "carriers/telecom");
    takes(Process::start(&mut agent(&world, &hook, &[])), &world, "mvnos/m01");
    let mut of_environment = agent(&world, &hook, &[]);
    takes(Process::start(of_environment.env("GREENLANE_CONTEXT", "second")), &world, "carriers/telecom");
    // One that is not there is not replaced by another.
    is_wrong(agent(&world, &hook, &["--context", "third"]).output().expect("it runs"), "no context third");
    // Half of it by hand is none.
    let address = world.node.address.as_str();
    is_wrong(agent(&world, &hook, &["--addr", address]).output().expect("it runs"), "--certs");
    is_wrong(agent(&world, &hook, &["--certs", "x"]).output().expect("it runs"), "--addr");
}
