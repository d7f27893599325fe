//! A node that has seen nothing yet, on a record of so many MVNOs: from the opening of its store to its first answer,
//! and what it asked the database meanwhile, by the database's own log.

use std::sync::Arc;

use greenlane::{domain::time::Clock, host::SystemClock};

use crate::{
    Row,
    support::postgres::Cluster,
    world::{Nodes, name},
};

const DATABASE: &str = "cold";
/// Statements at most.
const STATEMENTS: usize = 10;
/// Seconds at most.
const SECONDS: f64 = 1.0;

/// Copies of the first MVNO's rows, for the second and on: `{n}` is how many.
const COPIES: [&str; 4] = [
    "INSERT INTO participant (name, class, display_name, level, area, state, proposed_by, approved_by, create_time,
       update_time)
     SELECT 'mvnos/cold-' || n, class, display_name, level, area, state, proposed_by, approved_by, create_time,
       update_time FROM participant, generate_series(1, {n}) n WHERE name = 'mvnos/cold-0'",
    "INSERT INTO fact (name, mvno, kind, true_time, record_time, supersedes, recorded_by, body)
     SELECT replace(name, 'mvnos/cold-0/', 'mvnos/cold-' || n || '/'), 'mvnos/cold-' || n, kind, true_time,
       record_time, supersedes, recorded_by, body FROM fact, generate_series(1, {n}) n WHERE mvno = 'mvnos/cold-0'",
    "INSERT INTO standing (mvno, standing, previous, since_time, revision, rule_version, next_turn)
     SELECT 'mvnos/cold-' || n, standing, previous, since_time, revision, rule_version, next_turn
     FROM standing, generate_series(1, {n}) n WHERE mvno = 'mvnos/cold-0'",
    "ANALYZE",
];

/// The time and the statements, for so many MVNOs.
pub(super) async fn rows(mvnos: usize) -> Vec<Row> {
    let cluster = Cluster::start();
    let url = cluster.create_database(DATABASE);
    Nodes::on(&url, 1).await.compliant("cold", 1).await;
    for copies in COPIES {
        cluster.sql(DATABASE, &copies.replace("{n}", &(mvnos - 1).to_string()));
    }
    let last = name(&format!("mvnos/cold-{}", mvnos - 1));
    cluster.sql("postgres", &format!("ALTER DATABASE \"{DATABASE}\" SET log_statement = 'all'"));
    mark(&cluster, "from here");
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let begun = clock.monotonic();
    let nodes = Nodes::on(&url, 1).await;
    let standing = nodes.node(0).check(&last, 0).await.expect("answered").decided().standing;
    let took = (clock.monotonic() - begun).as_secs_f64();
    mark(&cluster, "to here");
    let log = cluster.log();
    let (_, after) = log.split_once("from here").expect("marked");
    let (between, _) = after.split_once("to here").expect("marked");
    // The line that is cut is the mark's own.
    let between = between.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let asked: Vec<&str> = between.lines().filter(|line| is_statement(line)).collect();
    let statements = asked.len();
    if statements > STATEMENTS {
        asked.iter().for_each(|line| eprintln!("{line}"));
    }
    vec![
        Row {
            what: format!(
                "a cold node of {mvnos} MVNOs, from its store's opening to its first answer ({standing})"
            ),
            yardstick: String::new(),
            found: format!("{:.0} ms", took * 1e3),
            target: "<= 1 s",
            met: took <= SECONDS,
        },
        Row {
            what: "what it asked the database meanwhile".to_owned(),
            yardstick: String::new(),
            found: format!("{statements} statements"),
            target: "<= 10",
            met: statements <= STATEMENTS,
        },
    ]
}

fn is_statement(line: &str) -> bool {
    line.contains("LOG:  execute") || line.contains("LOG:  statement")
}

/// Writes a word into the database's log, and waits until it is there.
fn mark(cluster: &Cluster, word: &str) {
    cluster.sql(DATABASE, &format!("SELECT '{word}'"));
    cluster.logged(word);
}
