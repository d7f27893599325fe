//! The targets of the design, and how far the gateway is from each.

use crate::harness::table::Table;

/// One line of the table.
pub struct Target {
    /// What is done, and what it is measured against.
    pub what: String,
    /// What is allowed.
    pub allowed: Bound,
    /// What was found.
    pub found: f64,
    /// Behind both figures.
    pub unit: &'static str,
}

/// What is allowed.
#[derive(Clone, Copy)]
pub enum Bound {
    /// So much.
    AtMost(f64),
    /// So little.
    AtLeast(f64),
}

/// The table.
pub fn table(targets: &[Target]) -> Table {
    let mut table = Table::new(["greenlane", "target", "met", "found"]);
    for Target { what, allowed, found, unit } in targets {
        let (sign, bound, met) = match *allowed {
            Bound::AtMost(most) => ("<=", most, *found <= most),
            Bound::AtLeast(least) => (">=", least, *found >= least),
        };
        let met = if met { "yes" } else { "no" };
        table.row([
            what.clone(),
            format!("{sign} {bound}{unit}"),
            met.to_owned(),
            format!("{found:.2}{unit}"),
        ]);
    }
    table
}
