//! A gateway, officers, and agents with hooks of a test's own.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::support::{
    folder::Folder,
    node::Node,
    officers::{Officers, Wish},
    process::Process,
};

/// A gateway, and a folder for what its receivers keep.
pub struct World {
    pub node: Node,
    pub home: Folder,
}

/// Carrier and MVNO of the sample's first block.
pub const RECEIVERS: [&str; 2] = ["carrier-telecom", "mvno-m01"];

// === impl World ===

impl World {
    pub fn start() -> Self {
        Self { node: Node::start(), home: Folder::make() }
    }

    /// Two officers of the ministry.
    pub fn officers(&self) -> Officers {
        Officers::new(self.node.lazy("regulator-miit"), self.node.lazy("regulator-miit-2"))
    }

    /// An order's beginnings, on so many numbers of the sample's first block.
    pub fn wish(&self, order_number: &str, numbers: usize) -> Wish {
        let msisdns = (1..=numbers).map(|n| format!("+861700000{n:04}")).collect();
        Wish { order_number: order_number.to_owned(), msisdns }
    }

    /// A shell script as a program. Another process writes it: a fork of a test beside this one would hold it open for
    /// writing for a moment, and what is open so cannot be run.
    pub fn script(&self, name: &str, text: &str) -> PathBuf {
        let path = self.home.path().join(name);
        let write = r#"printf '#!/bin/sh\nset -eu\n%s\n' "$1" >"$0" && chmod 700 "$0""#;
        let written = Command::new("sh").args(["-c", write]).arg(&path).arg(text).status();
        assert!(written.expect("a shell").success());
        path
    }

    /// Where an agent keeps its state.
    pub fn state(&self, identity: &str) -> PathBuf {
        self.home.path().join("state").join(identity)
    }

    /// The agent of that identity, with its hook: `--exec` or `--http`, and what follows it.
    pub fn command(&self, identity: &str, hook: &str, what: &Path) -> Command {
        self.command_by(&self.node.address, identity, hook, what)
    }

    /// The same, by another way to the gateway.
    pub fn command_by(&self, address: &str, identity: &str, hook: &str, what: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_greenlane"));
        command.args(["agent", "--addr", address, "--certs"]).arg(self.node.certs(identity));
        command.arg("--state").arg(self.state(identity)).arg(hook).arg(what);
        command.current_dir(self.home.path()).env_remove("GREENLANE_LOG");
        command
    }

    /// The same, running.
    pub fn agent(&self, identity: &str, hook: &str, what: &Path) -> Process {
        Process::start(&mut self.command(identity, hook, what))
    }

    /// The lines of a file of the home folder.
    pub fn lines(&self, name: &str) -> Vec<String> {
        let text = fs::read_to_string(self.home.path().join(name)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}
