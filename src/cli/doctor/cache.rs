//! The Redis that nodes share: whether it can be used as a node uses it, and how it is set.

use super::{lines::Lines, secret::exposed};
use crate::cache::redis::{Memory, Report};
use crate::{
    app::{Database, Settings},
    cache,
    domain::time::Clock,
};

const URL: &str = "cache.url";

/// Looks at it, where there is one.
pub(super) async fn look(settings: &Settings, clock: &dyn Clock, lines: &mut Lines) {
    let Some(cache) = &settings.cache else {
        return lines.ok(
            URL,
            match settings.database {
                Database::Sqlite(..) => "none; one node needs none",
                Database::Postgres(_) => "none; nodes hear of each other from the database alone",
            },
        );
    };
    let faults = cache::redis::faults(cache);
    if !faults.is_empty() {
        return faults.iter().for_each(|fault| lines.bad_of(fault));
    }
    match cache::redis::check(cache, clock).await {
        Ok(report) => tell(&report, lines),
        Err(fault) if fault.is_mistake() => return lines.bad_of(&fault),
        // A node starts without it, and is as right as ever.
        Err(fault) => {
            let text = fault.to_string();
            return lines.warn(URL, text.strip_prefix("cache.url: ").unwrap_or(&text));
        }
    }
    user(cache, lines);
    transport(cache, lines);
    match exposed(&cache.seal_key) {
        Some(what) => lines.warn("cache.seal_key_file", what),
        None => lines.ok("cache.seal_key_file", "others on this machine may not open it"),
    }
}

fn tell(report: &Report, lines: &mut Lines) {
    let Report { version, protocol, round_trip, mode, .. } = report;
    let millis = round_trip.as_secs_f64() * 1e3;
    if mode == "cluster" {
        lines.bad(URL, "this is a Redis Cluster; name one primary that is none");
    } else {
        lines.ok(URL, format!("Redis {version}, RESP{protocol}, {millis:.2} ms there and back"));
        lines.ok(URL, "this user may do all that a node does");
    }
    match &report.memory {
        None => lines.ok(URL, "its memory is not looked at: this user may not use INFO, and need not"),
        Some(Memory { limit: 0, .. }) => {
            lines.warn(URL, "maxmemory has no bound; set one, and maxmemory-policy to allkeys-lru");
        }
        Some(Memory { policy, .. }) if policy == "noeviction" => {
            let what = "set it to allkeys-lru";
            lines
                .warn(URL, format!("maxmemory-policy is noeviction: when full it keeps nothing new; {what}"));
        }
        Some(Memory { limit, policy }) => {
            lines.ok(URL, format!("maxmemory is {} MiB, maxmemory-policy {policy}", limit >> 20));
        }
    }
}

fn user(cache: &cache::Settings, lines: &mut Lines) {
    const USERNAME: &str = "cache.username";
    const PASSWORD: &str = "cache.password_file";
    match (&cache.username, &cache.password) {
        (Some(name), Some(path)) => match exposed(path) {
            Some(what) => lines.warn(PASSWORD, what),
            None => lines.ok(USERNAME, format!("{name}, with a password")),
        },
        (None, Some(_)) => {
            lines.warn(USERNAME, "the default user may do everything; give the nodes one of their own")
        }
        (_, None) => lines.warn(PASSWORD, "Redis asks for no password; whoever reaches it can empty it"),
    }
}

fn transport(cache: &cache::Settings, lines: &mut Lines) {
    const CA: &str = "cache.ca_file";
    if cache.url.starts_with("rediss://") {
        lines.ok(CA, "the connection is over TLS");
    } else if ["127.", "localhost", "[::1]"]
        .iter()
        .any(|near| cache.url.starts_with(&format!("redis://{near}")))
    {
        lines.ok(CA, "the connection is in clear, on this machine");
    } else {
        lines.warn(CA, "the connection is in clear; take rediss://, and name the CA of its certificate");
    }
}
