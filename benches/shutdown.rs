//! `cargo bench --bench shutdown`: numbers planned, approved, released, delivered to 3 carriers and 42 MVNOs and
//! acknowledged, beside a bare bulk insert of the rows that this leaves; how that grows; how fast an upheld appeal is
//! back; and what 100 receivers that read nothing cost the others. Prints the tables of the README. `ROUNDS=5` makes it
//! longer; without `--bench` it is a glance that shows that it runs. What is `pub` here is shared, and not all of it used.

#[path = "shutdown/appeals.rs"]
mod appeals;
#[path = "shutdown/bare.rs"]
mod bare;
#[path = "../tests/support/blocks.rs"]
mod blocks;
#[path = "harness/child.rs"]
pub mod child;
#[path = "harness/cores.rs"]
mod cores;
#[path = "harness/figures.rs"]
pub mod figures;
#[path = "../tests/support/officers.rs"]
pub mod officers;
#[path = "shutdown/order.rs"]
mod order;
#[path = "shutdown/receivers.rs"]
mod receivers;
#[path = "shutdown/site.rs"]
mod site;
#[path = "shutdown/stalled.rs"]
mod stalled;
#[path = "harness/table.rs"]
mod table;
#[path = "shutdown/targets.rs"]
mod targets;

use std::{env, sync::Arc};

use greenlane::{domain::time::Clock, host::SystemClock};

use cores::Cores;
use order::Outcome;

/// The gateway's allocator, for the yardstick too: what it saves is no merit of ours.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How much of everything.
struct Size {
    /// Numbers of an order, the middle one what the promises are about.
    numbers: Vec<usize>,
    rounds: usize,
    appeals: usize,
    stalled: usize,
    samples: usize,
}

fn main() {
    let bench = env::args().any(|arg| arg == "--bench");
    let asked =
        |name: &str, ordinary| env::var(name).ok().map_or(ordinary, |text| text.parse().expect("a number"));
    let size = if bench {
        Size {
            numbers: vec![6_000, 60_000, 100_000],
            rounds: asked("ROUNDS", 3),
            appeals: 200,
            stalled: 100,
            samples: 400,
        }
    } else {
        Size { numbers: vec![60, 600], rounds: 1, appeals: 3, stalled: 3, samples: 3 }
    };
    let cores = Cores::take();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(run(&size, cores));
}

async fn run(size: &Size, cores: Cores) {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let folder = tempfile::tempdir().expect("a folder");
    let mut outcomes: Vec<Vec<Outcome>> = size.numbers.iter().map(|_| Vec::new()).collect();
    for round in 0..size.rounds {
        for (place, numbers) in size.numbers.iter().enumerate() {
            let dir = folder.path().join(format!("{round}-{numbers}"));
            outcomes[place].push(order::run(&dir, *numbers, cores, &clock).await);
        }
    }
    println!("{}", order::table(&size.numbers, &outcomes));
    let appeals = appeals::run(&folder.path().join("appeals"), size.appeals, cores, &clock).await;
    let stalled =
        stalled::run(&folder.path().join("stalled"), size.stalled, size.samples, cores, &clock).await;
    println!("{}", stalled::table(size.stalled, &stalled));
    println!("{}", targets::table(&outcomes, &appeals, &stalled));
}
