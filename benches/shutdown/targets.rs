//! What was promised, beside what was measured.

use std::time::Duration;

use crate::{
    figures::{mib, percentile},
    order::{Outcome, middle, ratio},
    stalled,
    table::Table,
};

/// The promises; the last size but one of several is what they are about.
pub fn table(outcomes: &[Vec<Outcome>], appeals: &[Duration], stalled: &stalled::Outcome) -> Table {
    let of = &outcomes[outcomes.len().saturating_sub(2)];
    let mut table = Table::new(["greenlane", "target", "met", "measured"]);
    let mut row = |what: &str, target: &str, met: bool, measured: String| {
        table.row([what, target, if met { "yes" } else { "no" }, &measured]);
    };
    let found = middle(of, ratio);
    row("rows/s to a bare bulk insert's", ">= 0.3x", found >= 0.3, format!("{found:.2}x"));
    let found = middle(of, |of| of.first.as_secs_f64() * 1e3);
    row("first command at a carrier after approval", "<= 50 ms", found <= 50.0, format!("{found:.0} ms"));
    let found = mib(middle(of, |of| of.memory as f64));
    row("memory", "<= +64 MiB", found <= 64.0, format!("+{found:.0} MiB"));
    let each = |outcomes: &Vec<Outcome>| middle(outcomes, |of| of.whole.as_secs_f64() / of.numbers as f64);
    let first = outcomes.first().map_or(0.0, each);
    let found = outcomes.iter().map(each).fold(0.0, f64::max) / first;
    row("time a number as orders grow", "<= 1.1x", found <= 1.1, format!("{found:.2}x"));
    let found = percentile(appeals, 99).as_secs_f64() * 1e3;
    row("an upheld appeal at its receivers, p99", "<= 1000 ms", found <= 1e3, format!("{found:.0} ms"));
    let p99 = |took: &[Duration]| percentile(took, 99).as_secs_f64();
    let found = p99(&stalled.with) / p99(&stalled.without);
    row("others' delivery p99, beside stalled receivers", "<= 1.1x", found <= 1.1, format!("{found:.2}x"));
    let found = mib(stalled.memory as f64);
    row("memory for stalled receivers", "<= +64 MiB", found <= 64.0, format!("+{found:.0} MiB"));
    table
}
