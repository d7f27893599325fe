//! The system of record, file or server: reachable, safe, of which schema, and at which revision.

use std::path::Path;

use super::{lines::Lines, node::Node};
use crate::{
    domain::time::Clock,
    store::{
        Schema,
        postgres::{
            self, OpenError,
            probe::{Host, Report, Standbys},
        },
        sqlite::probe,
    },
};

const URL: &str = "store.url";
/// Clocks further apart than this date the same act differently, in microseconds.
const SKEW: i64 = 1_000_000;
/// Room for the ledger of a busy day.
const ROOM: u64 = 1 << 30;

/// Looks at a file; its revision, where it has one.
pub(super) fn sqlite(path: &Path, node: &Node, lines: &mut Lines) -> Option<i64> {
    let report = match probe::look(path) {
        Ok(report) => report,
        Err(error) => {
            lines.bad(URL, error.to_string());
            return None;
        }
    };
    let path = path.display();
    match (report.exists, report.is_in_use, node.is_ours()) {
        (_, true, true) => lines.ok(URL, format!("{path}: in use by a node")),
        (_, true, false) => {
            lines.warn(
                URL,
                format!("{path}: in use by a process that is not at ops.listen; two cannot have it"),
            );
        }
        (true, false, false) => lines.ok(URL, format!("{path}: nobody uses it")),
        (true, false, true) => lines.warn(URL, format!("{path}: the node at ops.listen uses another file")),
        (false, false, _) => lines.ok(URL, format!("{path}: not there; the first start makes it")),
    }
    match (report.place.network, report.place.free) {
        (Some(network), _) => {
            lines.bad(URL, format!("on {network}, where locks and flushes do not hold; take a local disk"));
        }
        (None, free) if free < ROOM => {
            lines.warn(URL, format!("a local file system with {} MiB free; make room", free >> 20));
        }
        (None, free) => lines.ok(URL, format!("a local file system with {} GiB free", free >> 30)),
    }
    let Some(inside) = report.inside else {
        if report.exists {
            lines.ok(URL, "a node ended without closing it; the next start takes over what it left");
        }
        return None;
    };
    if inside.is_wal {
        lines.ok(URL, "journal_mode is wal; a node sets synchronous to FULL, or does not start");
    } else {
        lines.bad(URL, "journal_mode is not wal; does another program write the file?");
    }
    schema(inside.schema, lines);
    if let Some(revision) = inside.revision {
        lines.ok(URL, format!("at revision {revision}"));
    }
    inside.revision
}

/// Looks at a server; the revision of the record, where it has one.
pub(super) async fn postgres(
    options: &postgres::Options,
    clock: &dyn Clock,
    lines: &mut Lines,
) -> Option<i64> {
    let hosts = postgres::probe::each(options).await;
    let report = postgres::probe::look(options, clock).await;
    tell_hosts(&hosts, report.is_ok(), lines);
    match report {
        Ok(report) => {
            tell(&report, options, lines);
            report.revision
        }
        // Each host's own line has said why.
        Err(_) if hosts.iter().all(|host| host.is_standby.is_err()) => None,
        Err(error) => {
            lines.bad(error.key(), error.to_string());
            None
        }
    }
}

fn tell_hosts(hosts: &[Host], is_reached: bool, lines: &mut Lines) {
    for Host { name, is_standby } in hosts {
        match is_standby {
            Ok(false) => lines.ok(URL, format!("{name}: takes writes")),
            Ok(true) => lines.ok(URL, format!("{name}: a standby")),
            // The others do: this one may be down, or be fenced.
            Err(error) if is_reached => lines.warn(error.key(), format!("{name}: {}", bare(error))),
            Err(error) => lines.bad(error.key(), error.to_string()),
        }
    }
    let primaries: Vec<&str> = hosts
        .iter()
        .filter(|host| matches!(host.is_standby, Ok(false)))
        .map(|host| host.name.as_str())
        .collect();
    if primaries.len() > 1 {
        let names = primaries.join(" and ");
        let what = "fence the one that was the primary before, at once";
        lines.bad(URL, format!("{names} all take writes: they are two records; {what}"));
    }
}

/// One host's error without the question that is for when no other takes writes.
fn bare(error: &OpenError) -> String {
    match error {
        OpenError::Unreachable { error, .. } => format!("out of reach: {error}"),
        other => other.to_string(),
    }
}

fn tell(report: &Report, options: &postgres::Options, lines: &mut Lines) {
    let (version, millis) = (&report.version, report.round_trip.as_secs_f64() * 1e3);
    if report.is_tested {
        lines.ok(URL, format!("version {version}, {millis:.2} ms there and back"));
    } else {
        lines.bad(URL, OpenError::TooOld(version.clone()).to_string());
    }
    for found in &report.settings {
        let (setting, value) = (found.setting, &found.value);
        match found.is_safe {
            true => lines.ok(URL, format!("{setting} is {value}")),
            false => lines.bad(
                URL,
                format!("{setting} is {value}, which loses acknowledged writes; set it to {}", found.needed),
            ),
        }
    }
    standbys(report.standbys.as_ref(), lines);
    match &report.tls {
        Some(protocol) => lines.ok("store.ca_file", format!("the session is over {protocol}")),
        None if options.is_local() => lines.ok("store.ca_file", "the session is in clear, on this machine"),
        None => {
            let what = "name the CA of the server's certificate";
            lines.warn("store.ca_file", format!("the session is in clear; {what}"));
        }
    }
    schema(report.schema, lines);
    if let Some(revision) = report.revision {
        lines.ok(URL, format!("at revision {revision}"));
    }
    clocks(report, lines);
    sessions(report, options, lines);
}

fn standbys(standbys: Option<&Standbys>, lines: &mut Lines) {
    let Some(Standbys { waited_for, synchronous, others, is_told }) = standbys else {
        return lines.ok(URL, "this engine has no standbys: it keeps its copies itself");
    };
    let others = others.join(", ");
    match (waited_for.as_str(), synchronous.as_slice()) {
        ("", _) if others.is_empty() => {
            lines.warn(URL, "no standby: what is acknowledged is on one machine alone; see deploy/README.md");
        }
        ("", _) => {
            let what = "name one in synchronous_standby_names";
            lines.warn(URL, format!("commits do not wait for the standby {others}; {what}"));
        }
        (_, [_, ..]) => lines.ok(URL, format!("commits wait for the standby {}", synchronous.join(", "))),
        (_, []) if !is_told => {
            let what = "GRANT pg_read_all_stats to this user to see whether it is in sync";
            lines.warn(URL, format!("the standby {others} is attached; {what}"));
        }
        (names, []) => {
            let what = "bring it back, or empty synchronous_standby_names";
            lines.bad(URL, format!("commits wait for {names}, which is not attached; {what}"));
        }
    }
}

fn clocks(report: &Report, lines: &mut Lines) {
    let Some(ahead) = report.ahead else { return };
    let millis = ahead / 1000;
    if ahead.abs() > SKEW {
        lines.warn(URL, format!("its clock is {millis} ms ahead of ours; set both by NTP"));
    } else {
        lines.ok(URL, "its clock and ours agree to a second");
    }
}

fn sessions(report: &Report, options: &postgres::Options, lines: &mut Lines) {
    const KEY: &str = "store.connections";
    let Some((used, most)) = report.sessions else { return };
    let ours = options.connections + 1;
    if used.saturating_mul(10) > most.saturating_mul(8) {
        let what = "raise max_connections, or lower this on every node";
        lines.warn(KEY, format!("{used} of {most} sessions are in use; a node takes up to {ours}; {what}"));
    } else {
        lines.ok(KEY, format!("{used} of {most} sessions are in use; a node takes up to {ours}"));
    }
}

fn schema(schema: Schema, lines: &mut Lines) {
    match schema {
        Schema::Empty => lines.ok(URL, "empty; the first start makes the schema"),
        Schema::Current(version) => lines.ok(URL, format!("schema {version}, which is this program's")),
        Schema::Older { found, ours } => {
            lines.warn(
                URL,
                format!("schema {found} is older than this program's {ours}; the next start migrates it"),
            );
        }
        Schema::Foreign => lines.bad(URL, OpenError::Foreign.to_string()),
        Schema::Newer { found, ours } => lines.bad(URL, OpenError::Newer { found, ours }.to_string()),
        Schema::Changed(version) => lines.bad(URL, OpenError::Changed(version).to_string()),
    }
}
