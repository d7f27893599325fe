//! The shutdown of the README, from order to appeal, as it stands there: two agents and two officers in shells of their
//! own. What the officers see is kept in `tests/golden/shutdown/`.

use std::{env, fs, path::Path, process::Command};

use crate::{
    support::{golden, process::Process},
    world::World,
};

/// The blocks of the chapter, one for each shell.
fn blocks() -> Vec<String> {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("text");
    let (_, chapter) = readme.split_once("## A shutdown, from order to appeal").expect("its chapter");
    let chapter = chapter.split("\n## ").next().expect("its end");
    let blocks = chapter.split("```bash\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.map(str::to_owned).collect()
}

fn shell(world: &World, script: &str) -> Command {
    let script = script.replace("127.0.0.1:8443", &world.node.address);
    let script = script.replace("greenlane-dev", world.node.dir.to_str().expect("text"));
    let binary = Path::new(env!("CARGO_BIN_EXE_greenlane")).parent().expect("a folder");
    let path = format!("{}:{}", binary.display(), env::var("PATH").expect("a path"));
    let mut bash = Command::new("bash");
    bash.args(["-c", &format!("exec 2>&1\n{script}")]).current_dir(world.home.path()).env("PATH", path);
    bash.env_remove("GREENLANE_LOG");
    bash
}

/// The functions that a shell defined in its first block, where this one has none of its own.
fn known(first: &str, script: &str) -> String {
    let defines = |line: &&str| line.starts_with("field() {");
    match script.lines().any(|line| defines(&line)) {
        true => String::new(),
        false => first.lines().filter(defines).map(|line| format!("{line}\n")).collect(),
    }
}

/// What differs from run to run beside times and ids: hashes, confirm codes, and where everything lies.
fn steady(world: &World, text: &str) -> String {
    let text = text.replace(&world.node.address, "<address>");
    let mut text = text.replace(world.node.dir.to_str().expect("text"), "<dev>");
    let plan = fs::read_to_string(world.home.path().join("plan.json")).expect("the plan");
    for field in ["confirmCode", "planSha256"] {
        let value = plan.split_once(&format!("\"{field}\": \"")).and_then(|(_, rest)| rest.split('"').next());
        let value = value.unwrap_or_else(|| panic!("no {field}: {plan}"));
        text = text.replace(value, &format!("<{field}>"));
    }
    // The day by which an appeal is decided, in its two sentences.
    for before in ["已受理，将于", "decided by "] {
        if let Some(at) = text.find(before).map(|at| at + before.len()) {
            text.replace_range(at..at + "2016-07-01".len(), "<day>");
        }
    }
    text
}

#[test]
fn the_readme_is_four_shells() {
    let world = World::start();
    let blocks = blocks();
    assert_eq!(blocks.len(), 5, "a shell each for carrier and MVNO, three turns of officers");
    let agents: Vec<Process> =
        blocks[..2].iter().map(|script| Process::start(&mut shell(&world, script))).collect();
    for agent in &agents {
        agent.says(|line| line.contains("listening")).expect("it listens");
    }
    for (script, name) in blocks[2..].iter().zip(["1-issued", "2-approved", "3-appealed"]) {
        // The last block is the third shell again, which knows what it was told before.
        let said =
            shell(&world, &format!("{}{script}", known(&blocks[2], script))).output().expect("bash runs");
        let said = String::from_utf8(said.stdout).expect("text");
        golden::same(&format!("shutdown/{name}.txt"), &steady(&world, &said));
    }
    for agent in &agents {
        let said = agent.said();
        assert!(said.contains("done") && !said.contains("170000"), "{said}");
    }
}
