//! The configuration file of `greenlane serve`: typed sections in TOML, every mistake reported at once. Paths are
//! relative to the file.

mod authority;
mod cache;
mod database;
mod section;

use std::{collections::BTreeMap, path::Path, time::Duration};

use self::section::Section;
use crate::{
    app::Settings,
    domain::{budget::Rate, caller::Class},
    layer::limit,
    net::{Limits, tls::Paths},
    vault::Files,
};

/// What a configuration file says.
#[derive(Clone, Debug)]
pub struct Config {
    /// The node.
    pub settings: Settings,
    /// How it logs.
    pub log: Log,
}

/// How a node logs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Log {
    /// One JSON object a line, or lines for people.
    pub json: bool,
    /// A filter like `info,greenlane=debug`.
    pub filter: String,
}

/// A configuration with every key, its default and what it means: `greenlane config example` prints it.
pub const EXAMPLE: &str = include_str!("config/example.toml");

// === impl Config ===

impl Config {
    /// Reads a file. All of its mistakes, or a configuration.
    pub fn load(path: &Path) -> Result<Self, Vec<String>> {
        let text =
            std::fs::read_to_string(path).map_err(|error| vec![format!("{}: {error}", path.display())])?;
        Self::parse(&text, path.parent().unwrap_or(Path::new(".")))
    }

    /// Reads a text whose paths are relative to that folder.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, Vec<String>> {
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| vec![error.to_string()])?;
        let mut mistakes = Vec::new();
        let mut root = Section::root(table);
        let mut server = root.section("server");
        let mut tls = root.section("tls");
        let mut store = root.section("store");
        let mut ops = root.section("ops");
        let mut cache = root.section("cache");
        let mut receipts = root.section("receipts");
        let mut vault = root.section("vault");
        let mut authority = root.section("authority");
        let mut limits = root.section("limits");
        let mut log = root.section("log");
        let config = Self {
            settings: Settings {
                listen: server.address("listen", "0.0.0.0:8443"),
                ops: ops.address("listen", "127.0.0.1:9480"),
                database: database::read(&mut store, folder),
                cache: cache::read(&mut cache, folder),
                tls: paths(&mut tls, folder),
                receipt_key: receipts.path("key", folder),
                quota: quota(&mut limits),
                vault: files(&mut vault, folder),
                authority: authority::read(&mut authority, folder),
                limits: bounds(&mut limits),
                workers: server.count("workers", 0..=1024, 0),
                default_deadline: server.millis("default_deadline_ms", 1..=600_000, 10_000),
                longest_deadline: server.millis("longest_deadline_ms", 1..=600_000, 60_000),
                drain: server.millis("drain_ms", 0..=600_000, 30_000),
            },
            log: Log {
                json: log.choice("format", &["json", "pretty"]) == "json",
                filter: log.text("filter", "info"),
            },
        };
        for section in [server, tls, store, cache, ops, receipts, vault, authority, limits, log, root] {
            mistakes.extend(section.end());
        }
        if mistakes.is_empty() { Ok(config) } else { Err(mistakes) }
    }
}

fn paths(tls: &mut Section, folder: &Path) -> Paths {
    let mut named = tls.section("anchors");
    let mut anchors = BTreeMap::new();
    for class in Class::ALL {
        if let Some(path) = named.opt_path(class.as_str(), folder) {
            anchors.insert(class, path);
        }
    }
    tls.take(named);
    if anchors.is_empty() {
        tls.mistake(
            "anchors",
            "name the CA file of at least one class, like anchors.carrier = \"carrier/ca.pem\"",
        );
    }
    Paths {
        server_cert: tls.path("certificate", folder),
        server_key: tls.path("key", folder),
        anchors,
        crls: tls.paths("crls", folder),
        trust_domain: tls.required("trust_domain", "the domain of every identity, like \"gw.example\""),
    }
}

fn quota(limits: &mut Section) -> limit::Settings {
    let usual = limit::Settings::default();
    let mut count = |key, most: u64, usual: u32| {
        u32::try_from(limits.count(key, 1..=most, usual as usize)).unwrap_or(usual)
    };
    limit::Settings {
        calls: Rate {
            per_second: count("calls_per_second", 10_000_000, usual.calls.per_second),
            burst: count("calls_at_once", 10_000_000, usual.calls.burst),
        },
        refusals: Rate {
            per_second: count("refusals_per_second", 100_000, usual.refusals.per_second),
            burst: count("refusals_at_once", 100_000, usual.refusals.burst),
        },
        max_streams: count("max_streams_per_organisation", 1_000_000, 1024) as usize,
        ..usual
    }
}

/// Both files or neither: half a vault keeps nobody's name.
fn files(vault: &mut Section, folder: &Path) -> Option<Files> {
    match (vault.opt_path("kek", folder), vault.opt_path("index", folder)) {
        (Some(kek), Some(index)) => Some(Files { kek, index }),
        (None, None) => None,
        (given, _) => {
            vault.mistake(
                if given.is_some() { "index" } else { "kek" },
                "a file is needed beside the other one",
            );
            None
        }
    }
}

fn bounds(limits: &mut Section) -> Limits {
    let usual = Limits::default();
    let millis = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    Limits {
        max_connections: limits.count("max_connections", 1..=1_000_000, usual.max_connections),
        max_per_organisation: limits.count("max_per_organisation", 1..=1_000_000, usual.max_per_organisation),
        max_handshakes: limits.count("max_handshakes", 1..=65_536, usual.max_handshakes),
        handshake_deadline: limits.millis(
            "handshake_deadline_ms",
            1..=60_000,
            millis(usual.handshake_deadline),
        ),
        preface_deadline: limits.millis("preface_deadline_ms", 1..=60_000, millis(usual.preface_deadline)),
        idle_timeout: limits.millis("idle_timeout_ms", 1..=86_400_000, millis(usual.idle_timeout)),
        max_age: limits.millis("max_age_ms", 1..=86_400_000, millis(usual.max_age)),
        ..usual
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_is_a_configuration() {
        let config = Config::parse(EXAMPLE, Path::new("/etc/greenlane")).expect("no mistakes");
        assert_eq!(config.settings.tls.anchors.len(), 7);
        assert_eq!(config.settings.tls.server_key, Path::new("/etc/greenlane/server/key.pem"));
    }

    #[test]
    fn a_vault_has_both_keys_or_there_is_none() {
        let with = |vault: &str| {
            let text = EXAMPLE.replace("kek = \"kek.key\"", vault).replace("index = \"index.key\"", "");
            Config::parse(&text, Path::new("/etc/greenlane"))
        };
        assert!(with("").expect("none is fine").settings.vault.is_none());
        let mistakes = with("kek = \"kek.key\"").expect_err("half of it");
        assert!(mistakes.len() == 1 && mistakes[0].starts_with("vault.index:"), "{mistakes:?}");
    }

    #[test]
    fn every_mistake_is_reported_at_once() {
        let text = "[server]\nlisten = \"nowhere\"\nworkers = -1\nwrokers = 2\n[store]\nurl = \"mysql://x\"\n[log]\nformat = \"xml\"\n[colour]\n";
        let mistakes = Config::parse(text, Path::new("/")).expect_err("mistakes");
        for wanted in [
            "server.listen",
            "server.workers",
            "server.wrokers",
            "store.url",
            "log.format",
            "colour",
            "tls.anchors",
            "tls.certificate",
            "tls.key",
            "tls.crls",
            "tls.trust_domain",
            "receipts.key",
        ] {
            assert!(
                mistakes.iter().any(|mistake| mistake.starts_with(&format!("{wanted}:"))),
                "{wanted}: {mistakes:#?}"
            );
        }
    }
}
