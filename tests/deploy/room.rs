//! A folder with everything that a node needs, on loopback and ports of the kernel's choice, and a configuration that
//! a test spells as it likes.

use std::{fs, path::Path};

use crate::{
    node::greenlane,
    readme::{run, said},
    support::folder::Folder,
};

const CERTIFICATES: &str = "greenlane cert ca --class all --trust-domain gw.example
greenlane cert issue-server --name gw.example --ip 127.0.0.1 --out server
greenlane cert receipt-key
head -c 32 /dev/urandom > seal.key";

const REST: &str = r#"
[server]
listen = "127.0.0.1:0"
workers = 1
[ops]
listen = "127.0.0.1:0"
[tls]
certificate = "server/cert.pem"
key = "server/key.pem"
trust_domain = "gw.example"
crls = ["pki/carrier/crl.pem"]
[tls.anchors]
carrier = "pki/carrier/ca.pem"
[receipts]
key = "receipt.key"
"#;

/// The folder.
pub struct Room(Folder);

// === impl Room ===

impl Room {
    pub fn make() -> Self {
        let folder = Folder::make();
        run(folder.path(), CERTIFICATES);
        Self(folder)
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file beside the configuration.
    pub fn keep(&self, name: &str, text: &str) {
        fs::write(self.path().join(name), text).expect("written");
    }

    /// Writes the configuration: those sections, and the rest as it should be.
    pub fn configure(&self, sections: &str) {
        self.keep("greenlane.toml", &format!("{sections}\n{REST}"));
    }

    /// A node that does not start for a mistake: its exit code is 64, and this is its only line.
    #[track_caller]
    pub fn refuses(&self, sections: &str) -> String {
        self.configure(sections);
        let output =
            greenlane(self.path(), &["serve", "--config", "greenlane.toml"]).output().expect("it runs");
        let said = said(&output);
        let told: Vec<&str> = said.lines().filter_map(|line| line.strip_prefix("greenlane: ")).collect();
        assert_eq!(output.status.code(), Some(64), "{said}");
        let [line] = told[..] else { panic!("one line is wanted:\n{said}") };
        line.to_owned()
    }

    /// What the doctor says of it, and its exit code.
    pub fn doctor(&self) -> (Option<i32>, String) {
        let output =
            greenlane(self.path(), &["doctor", "--config", "greenlane.toml"]).output().expect("it runs");
        (output.status.code(), said(&output))
    }
}
