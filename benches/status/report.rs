//! What the README shows: the figures, and the targets beside them.

use crate::{
    contest::{Medians, NAMES, Outcome, SERVERS},
    figures::mib,
    table::Table,
};

// The places in the contest's names.
const GATEWAY: usize = 0;
const DEFAULT: usize = 1;
const CURRENT: usize = 2;

/// Start and idle memory of the gateway.
pub struct Rest {
    /// Milliseconds from the start of the process to the first answered check.
    pub start: f64,
    /// Resident bytes before any load, in the order of the contest's names.
    pub idle: [u64; SERVERS],
}

/// The figures.
pub fn figures(outcomes: &[Outcome], rest: &Rest) -> Table {
    let mut table = Table::new([
        "connections",
        "server",
        "CPU/call, saturated",
        "calls/s",
        "CPU/call, equal load",
        "p50",
        "p99",
        "memory (idle)",
    ]);
    for outcome in outcomes {
        for (number, server) in outcome.servers.iter().enumerate() {
            let first = if number == GATEWAY { outcome.connections.to_string() } else { String::new() };
            table.row([
                first,
                NAMES[number].to_owned(),
                format!("{:.1} µs", server.cpu_saturated),
                format!("{:.0} ({:.0} % busy)", server.rate, server.busy * 100.0),
                format!("{:.1} µs at {:.0}/s", server.cpu_steady, outcome.rate),
                format!("{:.0} µs", server.p50),
                format!("{:.0} µs", server.p99),
                format!("{:.1} ({:.1}) MiB", mib(server.memory), mib(rest.idle[number] as f64)),
            ]);
        }
    }
    table
}

/// The targets.
pub fn targets(outcomes: &[Outcome], rest: &Rest) -> Table {
    let of = |outcome: &Outcome| format!("{} connections", outcome.connections);
    let head = ["greenlane", "target", "met"].map(str::to_owned);
    let mut table = Table::new(head.into_iter().chain(outcomes.iter().map(of)));
    type Figure = fn(&Medians) -> f64;
    let ratios: [(&str, Figure, usize, f64); 5] = [
        ("CPU/call, saturated, to the default", |of| of.cpu_saturated, DEFAULT, 0.8),
        ("CPU/call, equal load, to the default", |of| of.cpu_steady, DEFAULT, 0.8),
        ("CPU/call, saturated, to current_thread", |of| of.cpu_saturated, CURRENT, 1.2),
        ("CPU/call, equal load, to current_thread", |of| of.cpu_steady, CURRENT, 1.2),
        ("p99 at equal load, to the default", |of| of.p99, DEFAULT, 1.0),
    ];
    for (name, figure, yardstick, most) in ratios {
        let ratio = |of: &Outcome| figure(&of.servers[GATEWAY]) / figure(&of.servers[yardstick]);
        let found: Vec<f64> = outcomes.iter().map(ratio).collect();
        let head = [name.to_owned(), format!("<= {most}x"), met(found.iter().all(|ratio| *ratio <= most))];
        table.row(head.into_iter().chain(found.iter().map(|ratio| format!("{ratio:.2}x"))));
    }
    let idle = mib(rest.idle[GATEWAY] as f64);
    let start = ["start to the first answer".to_owned(), "<= 300 ms".to_owned(), met(rest.start <= 300.0)];
    table.row(start.into_iter().chain([format!("{:.0} ms", rest.start)]));
    let memory = ["idle memory".to_owned(), "<= 40 MiB".to_owned(), met(idle <= 40.0)];
    table.row(memory.into_iter().chain([format!("{idle:.1} MiB")]));
    table
}

fn met(met: bool) -> String {
    if met { "yes" } else { "no" }.to_owned()
}
