//! Receivers that open a stream and read nothing of it, while there is more for them than any buffer holds: what the
//! others feel of them, and what the gateway keeps for them.

use std::{ops::Range, path::Path, sync::Arc, time::Duration};

use greenlane::{domain::time::Clock, rpc::pb};

use crate::{
    blocks,
    cores::Cores,
    figures::{mib, percentile},
    officers::{Officers, Wish},
    receivers::{Receivers, identities, open},
    site::{MVNOS, Site},
    table::Table,
};

/// Numbers of each stalled receiver: several commands with their notices, a megabyte or so.
const HEAP: usize = 1_000;
/// MVNOs that read.
const READERS: usize = 4;

/// Deliveries without and with stalled receivers, sorted, and what these cost.
pub struct Outcome {
    pub without: Vec<Duration>,
    pub with: Vec<Duration>,
    pub memory: u64,
}

/// Times deliveries to a few with `stalled` others there who read nothing of a heap of commands each, and without them:
/// before and after, so that what the record and the caches have grown by counts for both.
pub async fn run(
    dir: &Path,
    stalled: usize,
    samples: usize,
    cores: Cores,
    clock: &Arc<dyn Clock>,
) -> Outcome {
    let first = MVNOS + 1;
    let site = Site::start(dir, MVNOS + stalled, cores);
    let mut receivers = Receivers::start(&site, &identities(1..=READERS), clock).await;
    let mut officers = site.officers().await;
    let stalling: Vec<String> =
        (first..first + stalled).map(|m| format!("mvno-{}", blocks::mvno(m))).collect();
    heap(&site, &stalling, first..first + stalled, &mut officers, &mut receivers, clock).await;
    // One order takes what is cold.
    deliveries(&mut officers, &mut receivers, 0, 1, clock).await;
    let half = samples.div_ceil(2);
    let mut without = deliveries(&mut officers, &mut receivers, 1, half, clock).await;
    let before = site.server.memory();
    let mut held = Vec::new();
    for identity in &stalling {
        held.push(open(site.narrow(identity).await).await);
    }
    let mut with = deliveries(&mut officers, &mut receivers, half + 1, 2 * half, clock).await;
    let memory = site.server.memory().saturating_sub(before);
    drop(held);
    without.extend(deliveries(&mut officers, &mut receivers, 3 * half + 1, half, clock).await);
    without.sort_unstable();
    with.sort_unstable();
    Outcome { without, with, memory }
}

/// What they will not read must be there: they read it once, and then come again as if they never had.
async fn heap(
    site: &Site,
    stalling: &[String],
    mvnos: Range<usize>,
    officers: &mut Officers,
    readers: &mut Receivers,
    clock: &Arc<dyn Clock>,
) {
    let mut once = Receivers::start(site, stalling, clock).await;
    let msisdns = mvnos.flat_map(|m| (1..=HEAP).map(move |n| blocks::number(n % 3, m, n))).collect();
    let order = officers.shut_down(&Wish { order_number: "HEAP".to_owned(), msisdns }).await;
    let mut ended = std::pin::pin!(officers.ended(&order.name));
    loop {
        tokio::select! {
            _ = &mut ended => return,
            _ = once.next() => {}
            _ = readers.next() => {}
        }
    }
}

/// From the second officer's yes, as it is sent, to each receiver's first command of that order.
async fn deliveries(
    officers: &mut Officers,
    receivers: &mut Receivers,
    from: usize,
    count: usize,
    clock: &Arc<dyn Clock>,
) -> Vec<Duration> {
    let mut took = Vec::new();
    for n in from..from + count {
        let msisdns = (1..=READERS).map(|m| blocks::number(n % 3, m, 1_000 + n)).collect();
        let plan = officers.plan(&Wish { order_number: format!("BENCH-{n}"), msisdns }).await;
        let order = officers.issue(&plan.plan, &plan.confirm_code).await;
        let said = clock.monotonic();
        let order = officers.approve(order).await;
        let mut ended = std::pin::pin!(officers.ended(&order.name));
        let mut waves = 0;
        loop {
            tokio::select! {
                _ = &mut ended => break,
                arrival = receivers.next() => {
                    let of_first = arrival.command.order == order.name
                        && arrival.command.kind() == pb::CommandKind::Shutdown;
                    if of_first && waves < 2 {
                        waves += 1;
                        took.push(arrival.at.saturating_sub(said));
                    }
                }
            }
        }
    }
    took
}

/// The figures.
pub fn table(stalled: usize, outcome: &Outcome) -> Table {
    let ms = |took: &[Duration], percent| format!("{:.1} ms", percentile(took, percent).as_secs_f64() * 1e3);
    let mut table = Table::new(["receivers that read nothing", "delivery to others, p50", "p99", "memory"]);
    table.row(["0".to_owned(), ms(&outcome.without, 50), ms(&outcome.without, 99)]);
    let memory = format!("+{:.0} MiB", mib(outcome.memory as f64));
    table.row([stalled.to_string(), ms(&outcome.with, 50), ms(&outcome.with, 99), memory]);
    table
}
