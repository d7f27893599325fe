//! The floors: what each room may name of the others, and of the crates outside.

use crate::{
    none,
    source::{Source, read, sources},
};

/// What a room may name of the house, beside itself. A path stands for all beneath it.
const FLOORS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("host", &["domain"]),
    ("store", &["domain", "vault::Column"]),
    ("cache", &["domain", "host"]),
    ("service", &["domain", "store", "host", "cache", "vault", "authority"]),
    ("rpc", &["service", "domain", "net::Peer", "layer::deadline", "host"]),
    ("layer", &["domain", "rpc", "net::Peer", "net::HangUp", "store", "host"]),
    ("net", &["domain", "host"]),
    ("pki", &["domain", "host"]),
    ("vault", &["domain", "host"]),
    ("authority", &["domain", "vault", "cache", "net::tls", "host"]),
];

/// The rooms at the top of the stairs: they know everything.
const ROOFS: &[&str] = &["app", "cli", "config", "lib", "main"];

/// What a room may name of the crates outside, where that is a short list.
const OUTSIDE_ONLY: &[(&str, &[&str])] = &[
    ("domain", &["serde", "thiserror", "toml", "jiff", "serde_json", "unicode_normalization", "zeroize"]),
    ("vault", &["aws_lc_rs", "thiserror", "tracing", "zeroize"]),
];

/// Crates that a room must not name.
const OUTSIDE_NOT: &[(&str, &[&str])] = &[
    ("store", &["tonic", "tonic_types", "prost", "prost_types", "hyper", "http", "tower", "rustls"]),
    ("cache", &["tonic", "tonic_types", "prost", "prost_types", "hyper", "http", "tower", "rusqlite"]),
    (
        "service",
        &["tonic", "tonic_types", "prost", "prost_types", "hyper", "http", "tower", "rustls", "rusqlite"],
    ),
    ("rpc", &["rusqlite", "rustls"]),
    ("layer", &["rusqlite", "rustls"]),
    ("net", &["rusqlite", "tonic_types", "prost", "prost_types"]),
    ("pki", &["rusqlite", "tonic", "prost"]),
    ("authority", &["rusqlite", "tokio_postgres", "redis"]),
];

#[test]
fn every_room_has_a_floor() {
    let known = |room: &str| ROOFS.contains(&room) || FLOORS.iter().any(|(other, _)| *other == room);
    let unknown = |source: &Source| (!known(source.room())).then(|| format!("{}: no floor", source.path));
    none(sources().iter().filter_map(unknown).collect());
}

#[test]
fn no_room_knows_the_rooms_above() {
    none(sources().iter().flat_map(inside).collect());
}

#[test]
fn no_room_knows_crates_that_are_not_its_own() {
    let crates = crates();
    assert!(crates.iter().any(|name| name == "tonic_types"));
    none(sources().iter().flat_map(|source| outside(source, &crates)).collect());
}

/// The driver of SQLite is behind its port.
#[test]
fn sqlite_is_known_to_its_own_files() {
    let own = |source: &&Source| source.path.starts_with("src/store/sqlite");
    let names = |source: &Source| uses(&source.bare(), "rusqlite").then(|| source.path.clone());
    none(sources().iter().filter(|source| !own(source)).filter_map(names).collect());
}

/// The driver of Redis is behind the cache's.
#[test]
fn redis_is_known_to_its_own_files() {
    let own = |source: &&Source| source.path.starts_with("src/cache/redis");
    let names = |source: &Source| uses(&source.bare(), "redis").then(|| source.path.clone());
    none(sources().iter().filter(|source| !own(source)).filter_map(names).collect());
}

fn inside(source: &Source) -> Vec<String> {
    let Some((room, may)) = FLOORS.iter().find(|(room, _)| *room == source.room()) else { return Vec::new() };
    let fine = |path: &str| {
        let below = |allowed: &str| path == allowed || path.starts_with(&format!("{allowed}::"));
        below(room) || may.iter().any(|allowed| below(allowed))
    };
    let named = paths(&source.bare()).into_iter().filter(|path| !fine(path));
    named.map(|path| format!("{} names crate::{path}", source.path)).collect()
}

fn outside(source: &Source, crates: &[String]) -> Vec<String> {
    let of_room = |table: &'static [(&str, &'static [&str])]| {
        table.iter().find(|(room, _)| *room == source.room()).map(|(_, names)| *names)
    };
    let code = source.bare();
    let mut complaints = Vec::new();
    for name in crates.iter().filter(|name| uses(&code, name)) {
        let unwanted = of_room(OUTSIDE_NOT).is_some_and(|not| not.contains(&name.as_str()));
        let unlisted = of_room(OUTSIDE_ONLY).is_some_and(|only| !only.contains(&name.as_str()));
        if unwanted || unlisted {
            complaints.push(format!("{} names the crate {name}", source.path));
        }
    }
    complaints
}

/// Whether the code has a path that begins with that crate.
fn uses(code: &str, name: &str) -> bool {
    let begins = |at: usize| {
        let before = code[..at].trim_end_matches("r#").chars().next_back();
        before.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != ':')
    };
    code.match_indices(&format!("{name}::")).any(|(at, _)| begins(at))
        || code.lines().any(|line| line.trim() == format!("use {name};"))
}

/// The dependencies of the binary, as paths write them.
fn crates() -> Vec<String> {
    let manifest: toml::Table = read("Cargo.toml").parse().expect("a manifest");
    let table = manifest["dependencies"].as_table().expect("a table");
    table.keys().map(|name| name.replace('-', "_")).collect()
}

/// Every path into this crate, groups taken apart: `use crate::{a, b::{c, d}}` names a, b::c and b::d.
fn paths(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let before = code[..at].chars().next_back();
        if before.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != '$') {
            tree(&code[at + "crate::".len()..], "", &mut found);
        }
    }
    found
}

/// Reads one path or group, adds its leaves, and returns what follows it.
fn tree<'c>(code: &'c str, prefix: &str, found: &mut Vec<String>) -> &'c str {
    let code = code.trim_start();
    if let Some(mut rest) = code.strip_prefix('{') {
        loop {
            rest = rest.trim_start();
            if let Some(after) = rest.strip_prefix('}') {
                return after;
            }
            let length = rest.len();
            rest = tree(rest, prefix, found).trim_start();
            rest = rest.strip_prefix(',').unwrap_or(rest);
            if let Some(after) = rest.trim_start().strip_prefix("as ") {
                rest = after.trim_start().trim_start_matches(|c: char| c.is_alphanumeric() || c == '_');
                rest = rest.trim_start().strip_prefix(',').unwrap_or(rest);
            }
            assert!(rest.len() < length, "a group that cannot be read: {code:.80}");
        }
    }
    let end = code.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '*').unwrap_or(code.len());
    let (word, rest) = code.split_at(end);
    let path = if prefix.is_empty() { word.to_owned() } else { format!("{prefix}::{word}") };
    match rest.strip_prefix("::") {
        Some(rest) if !rest.starts_with('<') => tree(rest, &path, found),
        Some(_) | None => {
            found.push(path.trim_end_matches("::self").to_owned());
            rest
        }
    }
}

#[test]
fn the_eye_for_floors_sees() {
    let code = "use crate::{domain::{caller::Class, time::{self, Time}}, host as door,\n    net::Peer};\n\
                fn f() -> crate::rpc::status::X { crate::store::sql::fact::add() }\n\
                use crate::cli::*;";
    assert_eq!(
        paths(code),
        [
            "domain::caller::Class",
            "domain::time",
            "domain::time::Time",
            "host",
            "net::Peer",
            "rpc::status::X",
            "store::sql::fact::add",
            "cli::*",
        ]
    );
    let low = Source::new("src/store/x.rs", "use crate::{domain::time::Time, service::Gateway, store::sql};");
    assert_eq!(inside(&low), ["src/store/x.rs names crate::service::Gateway"]);
    let peer = Source::new("src/rpc/x.rs", "use crate::net::{Peer, Server};");
    assert_eq!(inside(&peer), ["src/rpc/x.rs names crate::net::Server"]);
    let crates = ["tonic".to_owned(), "serde".to_owned(), "uuid".to_owned()];
    let pure =
        Source::new("src/domain/x.rs", "use serde::Serialize;\nfn f() { uuid::Uuid::nil(); my_tonic::x() }");
    assert_eq!(outside(&pure, &crates), ["src/domain/x.rs names the crate uuid"]);
}
