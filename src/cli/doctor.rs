//! `greenlane doctor`: tells of everything that a configuration names whether it is reachable, safe and in sync, one
//! line a thing. Changes nothing: no schema, no file, no row; in Redis a key of its own, gone before it is told.

mod authority;
mod cache;
mod certificates;
mod database;
mod lines;
mod node;
mod secret;

use std::path::PathBuf;

use self::{lines::Lines, node::Node};
use super::{Failure, config::read};
use crate::{app::Database, host::SystemClock};

/// Tell what is reachable, safe and in sync, and what is not. Exit code 0: nothing is BAD.
#[derive(clap::Args)]
pub struct Args {
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

/// Runs it.
pub fn run(args: &Args) -> Result<(), Failure> {
    let settings = read(&args.config)?.settings;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("no runtime: {error}"))?;
    let clock = SystemClock::start();
    let mut lines = Lines::default();
    lines.ok("configuration", format!("{}: every key is known", args.config.display()));
    certificates::look(&settings, &clock, &mut lines);
    authority::look(&settings, &clock, &mut lines);
    let node = Node::look(settings.ops);
    node.tell(&settings, &mut lines);
    let revision = runtime.block_on(async {
        match &settings.database {
            Database::Sqlite(path, _) => database::sqlite(path, &node, &mut lines),
            Database::Postgres(options) => database::postgres(options, &clock, &mut lines).await,
        }
    });
    runtime.block_on(node.follows(revision, &mut lines));
    runtime.block_on(cache::look(&settings, &clock, &mut lines));
    print!("{lines}");
    match lines.count_bad() {
        0 => Ok(()),
        1 => Err(Failure::from("one thing is BAD".to_owned())),
        many => Err(Failure::from(format!("{many} things are BAD"))),
    }
}
