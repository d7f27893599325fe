//! One order from its plan to the last acknowledgement, beside the bare insert of the rows that it leaves.

use std::{path::Path, sync::Arc, time::Duration};

use greenlane::{domain::time::Clock, rpc::pb};
use tokio::time::interval;

use crate::{
    bare::Bare,
    blocks,
    cores::Cores,
    figures::{median, mib},
    officers::Wish,
    receivers::{Receivers, identities},
    site::{MVNOS, Site},
    table::Table,
};

/// What one run took.
pub struct Outcome {
    pub numbers: usize,
    pub rows: usize,
    /// From the first message of the plan to its answer.
    pub planned: Duration,
    /// From the second officer's yes, as it is sent, to the first command at a carrier.
    pub first: Duration,
    /// From the first message of the plan to the last number read as done.
    pub whole: Duration,
    /// The bare insert of the same rows.
    pub bare: Duration,
    /// The most memory beyond what the gateway had before, in bytes.
    pub memory: u64,
}

/// Looks at the gateway's memory.
const LOOK: Duration = Duration::from_millis(20);

/// Runs one on a gateway of its own.
pub async fn run(dir: &Path, numbers: usize, cores: Cores, clock: &Arc<dyn Clock>) -> Outcome {
    let site = Site::start(dir, MVNOS, cores);
    let mut receivers = Receivers::start(&site, &identities(1..=MVNOS), clock).await;
    let mut officers = site.officers().await;
    let mut bare = Bare::of(&site.database(), &dir.join("bare.db"));
    let msisdns = (0..numbers).map(|n| {
        let (mvno, carrier) = (n % MVNOS + 1, n / MVNOS % blocks::CARRIERS.len());
        blocks::number(carrier, mvno, n / MVNOS / blocks::CARRIERS.len() + 1)
    });
    let wish = Wish { order_number: "BENCH-1".to_owned(), msisdns: msisdns.collect() };
    let before = site.server.memory();
    let (mut most, mut looks) = (before, interval(LOOK));
    let mut work = std::pin::pin!(async {
        let begun = clock.monotonic();
        let plan = officers.plan(&wish).await;
        let planned = clock.monotonic() - begun;
        let order = officers.issue(&plan.plan, &plan.confirm_code).await;
        let said = clock.monotonic();
        let order = officers.approve(order).await;
        let ended = officers.ended(&order.name).await;
        (begun, planned, said, clock.monotonic(), ended)
    });
    let mut first = None;
    let (begun, planned, said, done, ended) = loop {
        tokio::select! {
            worked = &mut work => break worked,
            arrival = receivers.next() => {
                if arrival.receiver < blocks::CARRIERS.len() && first.is_none() {
                    first = Some(arrival.at);
                }
            }
            _ = looks.tick() => most = most.max(site.server.memory()),
        }
    };
    assert_eq!(ended.state(), pb::OrderState::Completed, "{ended:?}");
    assert_eq!(usize::try_from(ended.counts.unwrap_or_default().verified), Ok(numbers));
    let (rows, took) = bare.insert(cores, clock.as_ref());
    Outcome {
        numbers,
        rows,
        planned,
        first: first.expect("a carrier got some").saturating_sub(said),
        whole: done - begun,
        bare: took,
        memory: most - before,
    }
}

/// The middle of a figure.
pub fn middle(outcomes: &[Outcome], figure: impl Fn(&Outcome) -> f64) -> f64 {
    median(outcomes.iter().map(figure))
}

/// Rows a second to those of the bare insert.
pub fn ratio(of: &Outcome) -> f64 {
    of.bare.as_secs_f64() / of.whole.as_secs_f64()
}

/// The figures.
pub fn table(sizes: &[usize], outcomes: &[Vec<Outcome>]) -> Table {
    let mut table = Table::new([
        "numbers",
        "rows",
        "plan",
        "first command at a carrier",
        "all read as done",
        "numbers/s",
        "rows/s",
        "bare insert, rows/s",
        "ratio",
        "memory",
    ]);
    for (size, outcomes) in sizes.iter().zip(outcomes) {
        let of = |figure: fn(&Outcome) -> f64| middle(outcomes, figure);
        table.row([
            size.to_string(),
            format!("{:.0}", of(|of| of.rows as f64)),
            format!("{:.0} ms", of(|of| of.planned.as_secs_f64() * 1e3)),
            format!("{:.0} ms", of(|of| of.first.as_secs_f64() * 1e3)),
            format!("{:.0} ms", of(|of| of.whole.as_secs_f64() * 1e3)),
            format!("{:.0}", of(|of| of.numbers as f64 / of.whole.as_secs_f64())),
            format!("{:.0}", of(|of| of.rows as f64 / of.whole.as_secs_f64())),
            format!("{:.0}", of(|of| of.rows as f64 / of.bare.as_secs_f64())),
            format!("{:.2}x", of(ratio)),
            format!("+{:.0} MiB", of(|of| mib(of.memory as f64))),
        ]);
    }
    table
}
