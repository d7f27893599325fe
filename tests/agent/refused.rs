//! Agents that cannot be: each ends at once, with one line that says what to do.

use std::process::Output;

use crate::{support::process::Process, world::World};

#[track_caller]
fn ends(output: Output, code: i32, line: &str) {
    let said = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(said.contains(line), "{said}");
}

#[test]
fn who_cannot_take_commands_is_told() {
    let world = World::start();
    let hook = world.script("hook", "cat >/dev/null");
    let missing = world.home.path().join("missing");
    let run = |mut command: std::process::Command| command.output().expect("it runs");
    ends(run(world.command("mvno-m01", "--exec", &missing)), 64, "No such file");
    ends(run(world.command("mvno-m01", "--http", "http://192.0.2.1/".as_ref())), 64, "of this machine");
    ends(run(world.command("regulator-miit", "--exec", &hook)), 1, "gets no commands");

    let first = world.agent("mvno-m01", "--exec", &hook);
    first.says(|line| line.contains("listening")).expect("it listens");
    ends(run(world.command("mvno-m01", "--exec", &hook)), 1, "another agent");
    drop(first);

    let mut other = std::process::Command::new(env!("CARGO_BIN_EXE_greenlane"));
    other.args(["agent", "--addr", &world.node.address, "--certs"]).arg(world.node.certs("mvno-m02"));
    other.arg("--state").arg(world.state("mvno-m01")).arg("--exec").arg(&hook);
    ends(run(other), 1, "another receiver's state");
}

/// The gateway's key was turned, or somebody else speaks for it: nothing is done.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_key_signed_is_not_done() {
    let world = World::start();
    let hook = world.script("hook", "cat >/dev/null; echo run >>runs");
    let key = world.home.path().join("other.key");
    std::fs::write(&key, "00".repeat(32)).expect("written");
    let mut command = world.command("mvno-m01", "--exec", &hook);
    command.arg("--signing-key").arg(&key);
    let agent = Process::start(&mut command);
    agent.says(|line| line.contains("listening")).expect("it listens");
    world.officers().shut_down(&world.wish("KEY", 1)).await;
    agent.says(|line| line.contains("not signed")).expect("it says so");
    assert_eq!(agent.ended().code(), Some(1));
    assert!(world.lines("runs").is_empty());
}

/// Each ends the other's session, until one of them has seen enough of it.
#[test]
fn of_two_agents_one_gives_up() {
    let world = World::start();
    let hook = world.script("hook", "cat >/dev/null");
    let agent = |state: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_greenlane"));
        command.args(["agent", "--addr", &world.node.address, "--certs"]).arg(world.node.certs("mvno-m01"));
        command.arg("--state").arg(world.state(state)).arg("--exec").arg(&hook);
        Process::start(command.current_dir(world.home.path()).env_remove("GREENLANE_LOG"))
    };
    let mut agents = vec![agent("one"), agent("other")];
    let gave_up = |agent: &Process| agent.said().contains("another session takes this receiver's commands");
    let which = loop {
        if let Some(which) = agents.iter().position(gave_up) {
            break which;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    };
    assert_eq!(agents.remove(which).ended().code(), Some(1));
    let left = agents.remove(0);
    left.signal(nix::sys::signal::Signal::SIGTERM);
    assert!(left.ended().success());
}
