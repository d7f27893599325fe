//! `greenlane authority`: an identity authority for development, as a process of its own.

mod material;
mod simulate;

use super::Failure;
use crate::authority::simulated::TABLE;

/// What to do about an identity authority.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Serve a made-up identity authority on this machine. It knows nobody real.
    #[command(after_help = TABLE)]
    Simulate(simulate::Args),
}

/// Runs it.
pub fn run(command: &Command) -> Result<(), Failure> {
    match command {
        Command::Simulate(args) => simulate::run(args),
    }
}
