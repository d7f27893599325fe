//! `cargo bench --bench nodes`: what several nodes on one PostgreSQL cost. A fact recorded there beside a bare INSERT, a
//! cold node of 4,200 MVNOs, and CheckStatus at one of three nodes beside the only node on a file; each in turn with
//! its yardstick in one run. Prints the table of deploy/README.md. `MVNOS=`, `WRITES=`, `ROUNDS=` and `SPAN_MS=` change
//! its size; without `--bench` it is a glance that shows that it runs.

#[path = "nodes/cold.rs"]
mod cold;
#[path = "nodes/fact.rs"]
mod fact;
#[path = "harness/all.rs"]
pub mod harness;
#[path = "nodes/one_of_three.rs"]
mod one_of_three;
#[path = "nodes/primary.rs"]
mod primary;
#[path = "../tests/support/all.rs"]
pub mod support;
#[path = "../tests/races/world.rs"]
pub mod world;

use std::env;

use harness::{contest::Size, cores::Cores, table::Table};
use support::{figure::asked, postgres::Cluster, redis::Redis};

/// The gateway's allocator, for what runs in this process.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A row of the table: what was measured beside which yardstick, and the most that it may be.
struct Row {
    what: String,
    yardstick: String,
    found: String,
    target: &'static str,
    met: bool,
}

fn main() {
    let bench = env::args().any(|arg| arg == "--bench");
    let runtime = || tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let mut rows = Vec::new();
    // Both of these wait for the database: they and it have the whole machine, in turn.
    let writes = asked("WRITES", if bench { 1000 } else { 20 });
    rows.push(runtime().expect("a runtime").block_on(fact::row(writes)));
    rows.push(runtime().expect("a runtime").block_on(primary::row(2 * writes)));
    let mvnos = asked("MVNOS", if bench { 4200 } else { 50 });
    rows.extend(runtime().expect("a runtime").block_on(cold::rows(mvnos)));
    let size = Size::asked(bench);
    let (cluster, redis) = (Cluster::start(), Redis::start());
    let cores = Cores::take();
    let alone = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    rows.push(alone.block_on(one_of_three::row(size, cores, &cluster, &redis)));

    let mut table = Table::new(["work", "yardstick in the same run", "found", "target", "met"]);
    for row in rows {
        let met = if row.met { "yes" } else { "no" };
        table.row([row.what.as_str(), &row.yardstick, &row.found, row.target, met].map(str::to_owned));
    }
    println!("{table}");
}
