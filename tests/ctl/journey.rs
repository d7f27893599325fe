//! The MVNO's day as the README has it, line by line in a shell. 100,000 subscribers are taken in on the way.

use std::{env, fs, path::Path, process::Command};

use crate::{
    support::{folder::Folder, golden, node::Node},
    world::World,
};

#[test]
fn the_readme_is_a_script() {
    let world = World { node: Node::start(), home: Folder::make() };
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("text");
    let (_, section) = readme.split_once("## An MVNO's day").expect("its section");
    let script =
        section.split("```bash\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a script");
    let script = script.replace("127.0.0.1:8443", &world.node.address);
    let script = script.replace("greenlane-dev", world.node.dir.to_str().expect("text"));
    let binary = Path::new(env!("CARGO_BIN_EXE_greenlane")).parent().expect("a folder");
    let path = format!("{}:{}", binary.display(), env::var("PATH").expect("a path"));
    let mut bash = Command::new("bash");
    bash.args(["-c", &format!("exec 2>&1\n{script}")]).current_dir(world.home.path());
    bash.env("PATH", path).env("XDG_CONFIG_HOME", world.home.path()).env_remove("GREENLANE_CONTEXTS");
    let said = String::from_utf8(bash.output().expect("bash runs").stdout).expect("text");
    // How often a line of progress comes is the machine's matter.
    let said: Vec<&str> = said.lines().filter(|line| !line.contains(" of 100000 rows")).collect();
    golden::same("ctl/journey.txt", &world.steady(&said.join("\n")));
}
