//! A gateway, a folder of contexts, and what the command line says to it.

use std::{
    path::PathBuf,
    process::{Command, Output},
};

use crate::support::{folder::Folder, golden, node::Node};

/// A gateway and somebody who uses it.
pub struct World {
    pub node: Node,
    pub home: Folder,
}

/// What a command printed, and how it ended.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

// === impl World ===

impl World {
    /// With contexts `m07`, selected, and `carrier`.
    pub fn start() -> Self {
        let world = Self { node: Node::start(), home: Folder::make() };
        world.add("m07", "mvno-m07");
        world.add("carrier", "carrier-unicom");
        world
    }

    /// A context of that identity.
    pub fn add(&self, name: &str, identity: &str) -> Said {
        let certs = self.node.certs(identity);
        let said = self.ctl(&[
            "context",
            "add",
            name,
            "--address",
            &self.node.address,
            "--certs",
            certs.to_str().expect("text"),
        ]);
        assert_eq!(said.code, 0, "{said:?}");
        said
    }

    /// A command, to be run as one likes.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_greenlane"));
        command.arg("ctl").args(words).current_dir(self.home.path());
        command.env("XDG_CONFIG_HOME", self.home.path()).env_remove("GREENLANE_CONTEXTS");
        command
    }

    /// `greenlane ctl` with these words.
    pub fn ctl(&self, words: &[&str]) -> Said {
        Said::of(self.command(words).output().expect("it runs"))
    }

    /// The same, compared with what is kept under that name.
    #[track_caller]
    pub fn golden(&self, name: &str, words: &[&str]) -> Said {
        let said = self.ctl(words);
        let text =
            format!("$ greenlane ctl {}\n{}{}exit code {}\n", words.join(" "), said.out, said.err, said.code);
        golden::same(&format!("ctl/{name}.txt"), &self.steady(&text));
        said
    }

    /// What differs from run to run beside times and ids: where the gateway is, and how long things took.
    pub fn steady(&self, text: &str) -> String {
        let text = text.replace(&self.node.address, "<address>");
        let text = text.replace(self.node.dir.to_str().expect("text"), "<dev>");
        let text = text.replace(self.home.path().to_str().expect("text"), "<home>");
        let mut steady = String::new();
        for line in text.lines() {
            if line.trim_start().starts_with("subject token") {
                steady.push_str(" subject token <token>\n");
                continue;
            }
            let words: Vec<&str> = line.split(' ').collect();
            let shown = words.iter().enumerate().map(|(at, word)| {
                let unit = words
                    .get(at + 1)
                    .is_some_and(|next| ["ms", "days", "s", "ms;", "rows/s,"].contains(next));
                if unit && word.parse::<f64>().is_ok() { "<n>" } else { word }
            });
            steady.push_str(&shown.collect::<Vec<_>>().join(" "));
            steady.push('\n');
        }
        let skew = steady.find("\"clockSkewMs\": ").map(|at| at + "\"clockSkewMs\": ".len());
        if let Some(at) = skew {
            let end = steady[at..].find('\n').map_or(steady.len(), |end| at + end);
            steady.replace_range(at..end, "<n>");
        }
        steady
    }

    /// A file in the folder where commands are run.
    pub fn file(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }
}

// === impl Said ===

impl Said {
    pub fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("text");
        Self { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
    }
}
