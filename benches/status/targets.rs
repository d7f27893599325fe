//! The targets of the design, and how far the gateway is from each.

use crate::harness::{
    contest::{Medians, Outcome},
    figures::mib,
    table::Table,
};

/// The places of the contestants: the gateway, and the yardsticks.
const GATEWAY: usize = 0;
const DEFAULT: usize = 1;
const CURRENT: usize = 2;

/// What is compared: its name, the figure, the yardstick, and the most that is allowed. The design does not say at
/// which load a call's time is taken, so the same target stands at both.
type Ratio = (&'static str, fn(&Medians) -> f64, usize, f64);
const RATIOS: [Ratio; 5] = [
    ("CPU/call, saturated, to the default's", |of| of.cpu_saturated, DEFAULT, 0.8),
    ("CPU/call, saturated, to the current_thread's", |of| of.cpu_saturated, CURRENT, 1.2),
    ("p99, equal load, to the default's", |of| of.p99, DEFAULT, 1.0),
    ("CPU/call, equal load, to the default's", |of| of.cpu_steady, DEFAULT, 0.8),
    ("CPU/call, equal load, to the current_thread's", |of| of.cpu_steady, CURRENT, 1.2),
];
/// Milliseconds from the start of the process to the first answer, at most.
const START: f64 = 300.0;
/// MiB without load, at most.
const IDLE: f64 = 40.0;

/// The table; `start` in milliseconds, `idle` in bytes.
pub fn table(outcomes: &[Outcome], start: f64, idle: u64) -> Table {
    let head = ["greenlane", "target", "met"].map(str::to_owned);
    let contests = outcomes.iter().map(|outcome| match outcome.connections {
        1 => "1 connection".to_owned(),
        several => format!("{several} connections"),
    });
    let mut table = Table::new(head.into_iter().chain(contests));
    for (name, figure, yardstick, most) in RATIOS {
        let ratio = |of: &Outcome| figure(&of.medians[GATEWAY]) / figure(&of.medians[yardstick]);
        let found: Vec<f64> = outcomes.iter().map(ratio).collect();
        let met = met(found.iter().all(|ratio| *ratio <= most));
        let head = [name.to_owned(), format!("<= {most:.1}x"), met.to_owned()];
        table.row(head.into_iter().chain(found.iter().map(|ratio| format!("{ratio:.2}x"))));
    }
    let idle = mib(idle as f64);
    table.row([
        "start to the first answer",
        &format!("<= {START} ms"),
        met(start <= START),
        &format!("{start:.0} ms"),
    ]);
    table.row(["idle memory", &format!("<= {IDLE} MiB"), met(idle <= IDLE), &format!("{idle:.1} MiB")]);
    table
}

fn met(met: bool) -> &'static str {
    if met { "yes" } else { "no" }
}
