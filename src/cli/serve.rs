//! `greenlane serve`: a node from a configuration file.

use std::path::PathBuf;

use super::{Failure, config, log, node};

/// Start a gateway from a configuration file.
#[derive(clap::Args)]
pub struct Args {
    /// The configuration file; `greenlane config example` prints one.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

/// Runs it.
pub fn run(args: &Args) -> Result<(), Failure> {
    let config = config::load(&args.config)?;
    log::start(&config.log)?;
    node::run(config.settings, async |app| {
        tracing::info!(address = %app.address(), ops = %app.ops_address(), "ready");
        Ok(())
    })
}
