//! ImportRegistrations beside a bare loop of inserts of the same rows, part by part in turn, on SQLite and PostgreSQL;
//! and how much memory the gateway takes for it.

use std::{fmt::Display, path::Path, sync::Arc, time::Duration};

use greenlane::domain::time::Clock;

use super::{
    bare::Bare,
    bare_postgres,
    import::{self, CHUNK, Part},
    people::{BLOCK, MVNO, block},
    site::Site,
};
use crate::{
    harness::{child::Server, cores::Cores, figures, figures::mib, table::Table},
    support::postgres::{Cluster, Options},
};

/// The first block of the numbers.
const FIRST_BLOCK: u64 = 1_712_000;
/// The first of the persons.
const FIRST_PERSON: u64 = 0;
/// The gateway and the bare loop take turns so often.
const TURNS: u64 = 10;
/// After a start, before memory is read.
const SETTLED: Duration = Duration::from_secs(2);

/// How an import did.
pub struct Found {
    /// Rows taken in.
    rows: u64,
    /// Seconds of the gateway and of the bare loop for each part.
    parts: Vec<(f64, f64)>,
    /// Seconds of the gateway's own time.
    cpu: f64,
    /// The most memory that it had, less what it had before.
    pub more: f64,
    /// What it had before.
    before: f64,
}

/// On SQLite.
pub async fn sqlite(folder: &Path, rows: u64, cores: Cores, clock: &Arc<dyn Clock>) -> Found {
    let site = Site::make(&folder.join("import"), cores);
    site.hand_out(FIRST_BLOCK, rows.div_ceil(BLOCK));
    let mut bare = Bare::of(&site.database(), &folder.join("bare.db"));
    let node = site.start();
    run(site.dir(), &node, rows, clock, |commits| bare.insert(commits, cores, clock.as_ref()).1).await
}

/// On PostgreSQL, gateway and database on the server's core.
pub async fn postgres(folder: &Path, rows: u64, cores: Cores, clock: &Arc<dyn Clock>) -> Found {
    let settings = [("shared_buffers", "256MB"), ("max_wal_size", "2GB")];
    let start = || Cluster::start_with(Options { settings: &settings, ..Options::default() });
    let cluster = cores.on_server(start);
    let (url, dir) = (cluster.create_database("kept"), folder.join("import-postgres"));
    drop(crate::harness::gateway::start_on(&dir, &url, cores));
    let blocks = block(FIRST_BLOCK, 0).parse::<u64>().expect("digits");
    let hand_out = format!(
        "INSERT INTO allocation (id, prefix, mvno, carrier, allocate_time, allocated_by, reason)
         SELECT 'bench-' || n, n::text, 'mvnos/{MVNO}', 'carriers/unicom', 0, 'regulators/miit', 'for the bench'
         FROM generate_series({blocks}, {}) n",
        blocks + rows.div_ceil(BLOCK) - 1
    );
    cluster.sql("kept", &hand_out);
    cluster.sql("postgres", "CREATE DATABASE bare TEMPLATE kept");
    let mut bare = bare_postgres::Bare::of(&url, &cluster.url("bare"));
    let node = crate::harness::gateway::start_on(&dir, &url, cores);
    run(&dir, &node, rows, clock, |commits| bare.insert(commits, cores).1).await
}

async fn run(
    dir: &Path,
    node: &Server,
    rows: u64,
    clock: &Arc<dyn Clock>,
    mut bare: impl FnMut(usize) -> Duration,
) -> Found {
    tokio::time::sleep(SETTLED).await;
    let (before, begun) = (node.memory(), node.cpu());
    let channel = import::connect(dir, node).await;
    let mut parts = Vec::new();
    for turn in 0..TURNS {
        let (first, end) = (rows * turn / TURNS, rows * (turn + 1) / TURNS);
        let part = Part { first_block: FIRST_BLOCK, first: FIRST_PERSON + first, rows: end - first };
        let took = import::run(channel.clone(), part, clock.as_ref()).await;
        let commits = usize::try_from(part.rows.div_ceil(CHUNK)).expect("a few");
        parts.push((took.as_secs_f64(), bare(commits).as_secs_f64()));
    }
    Found {
        rows,
        parts,
        cpu: (node.cpu() - begun).as_secs_f64(),
        more: mib(node.peak().saturating_sub(before) as f64),
        before: mib(before as f64),
    }
}

/// The figures of several.
pub fn figures<'f>(found: impl IntoIterator<Item = (&'static str, &'f Found)>) -> impl Display {
    let head = ["import", "rows", "rows/s", "bare rows/s", "gateway's CPU/row", "memory before", "most"];
    let mut table = Table::new(head);
    for (name, found) in found {
        let all = |of: fn(&(f64, f64)) -> f64| found.rows as f64 / found.parts.iter().map(of).sum::<f64>();
        table.row([
            name.to_owned(),
            found.rows.to_string(),
            format!("{:.0}", all(|part| part.0)),
            format!("{:.0}", all(|part| part.1)),
            format!("{:.1} µs", found.cpu * 1e6 / found.rows as f64),
            format!("{:.1} MiB", found.before),
            format!("{:.1} MiB", found.before + found.more),
        ]);
    }
    table
}

// === impl Found ===

impl Found {
    /// How its rate is to the bare loop's: the median of the parts.
    pub fn to_bare(&self) -> f64 {
        figures::median(self.parts.iter().map(|(gateway, bare)| bare / gateway))
    }
}
