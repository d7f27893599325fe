//! `deploy/` copied to where it may be used, and the commands of its README.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use crate::support::folder::Folder;

/// The repository's own folder.
pub fn deploy() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy")
}

/// A copy of one of its samples.
pub fn sample(name: &str) -> Folder {
    let folder = Folder::make();
    for entry in fs::read_dir(deploy().join(name)).expect("a sample") {
        let entry = entry.expect("an entry");
        fs::copy(entry.path(), folder.path().join(entry.file_name())).expect("copied");
    }
    folder
}

/// The first block of that language under that heading.
pub fn block(heading: &str, language: &str) -> String {
    let text = fs::read_to_string(deploy().join("README.md")).expect("the README");
    let section = text.split_once(&format!("### {heading}\n")).expect("the heading").1;
    let section = section.split("\n### ").next().expect("a section");
    let from = section.split_once(&format!("```{language}\n")).expect("a block").1;
    from.split_once("```").expect("its end").0.to_owned()
}

/// A shell in that folder that knows `greenlane`.
pub fn shell(folder: &Path, script: &str) -> Command {
    let mut bash = Command::new("bash");
    let path = std::env::var("PATH").expect("a PATH");
    let bin = Path::new(env!("CARGO_BIN_EXE_greenlane")).parent().expect("a folder");
    bash.env("PATH", format!("{}:{path}", bin.display()));
    bash.current_dir(folder).args(["-euo", "pipefail", "-c", script]);
    bash
}

/// Runs a script to its good end.
pub fn run(folder: &Path, script: &str) {
    let output = shell(folder, script).output().expect("bash");
    assert!(output.status.success(), "{script}: {}", said(&output));
}

/// Both outputs of a command.
pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}
