//! Logs: JSON for machines, lines for people, to standard error.

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, fmt};

use crate::config::Log;

/// Starts logging for the process.
pub fn start(log: &Log) -> Result<(), String> {
    let filter = EnvFilter::try_new(&log.filter).map_err(|error| format!("log.filter: {error}"))?;
    let lines =
        fmt().with_env_filter(filter).with_ansi(std::io::stderr().is_terminal()).with_writer(std::io::stderr);
    let started = if log.json {
        lines.json().flatten_event(true).with_current_span(false).try_init()
    } else {
        lines.compact().try_init()
    };
    started.map_err(|error| error.to_string())
}
