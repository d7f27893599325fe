//! The figures of a contest as the README shows them.

use super::{
    contest::{Contestant, Outcome, Size},
    figures::mib,
    table::Table,
};

/// The figures; `idle` is each contestant's memory before any load.
pub fn figures(contestants: &[Contestant<'_>], outcomes: &[Outcome], idle: &[u64]) -> Table {
    let mut table = Table::new([
        "connections",
        "server",
        "CPU/call, saturated",
        "calls/s (core busy)",
        "CPU/call, equal load",
        "p50",
        "p99",
        "memory (idle)",
    ]);
    for outcome in outcomes {
        for (place, of) in outcome.medians.iter().enumerate() {
            table.row([
                if place == 0 { outcome.connections.to_string() } else { String::new() },
                contestants[place].name.clone(),
                format!("{:.1} µs", of.cpu_saturated),
                format!("{:.0} ({:.0} %)", of.rate, of.busy * 100.0),
                format!("{:.1} µs at {:.0}/s", of.cpu_steady, outcome.rate),
                format!("{:.0} µs", of.p50),
                format!("{:.0} µs", of.p99),
                format!("{:.1} ({:.1}) MiB", mib(of.memory), mib(idle[place] as f64)),
            ]);
        }
    }
    table
}

/// What was measured and what else the machine did, in sentences.
pub fn circumstances(size: &Size, answer: usize, others: f64) -> String {
    format!(
        "Medians of {} rounds of {} ms; {} calls under way at saturation; an answer has {answer} bytes. \
         Other processes used {:.0} % of the two cores meanwhile: p99 is the servers' own only where that is little.",
        size.rounds,
        size.span.measured.as_millis(),
        size.in_flight,
        others * 100.0,
    )
}
