//! `greenlane config check` and `greenlane config example`.

use std::path::PathBuf;

use super::Failure;
use crate::{
    config::{Config, EXAMPLE},
    net::tls::{Current, Material},
};
use std::sync::Arc;

/// What to do with a configuration.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Report every mistake of a configuration file, and of the files that it names.
    Check {
        /// The configuration file.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Print a configuration with every key, its default and what it means.
    Example,
}

/// Runs it.
pub fn run(command: &Command) -> Result<(), Failure> {
    match command {
        Command::Example => {
            print!("{EXAMPLE}");
            Ok(())
        }
        Command::Check { file } => {
            let wrong = |lines| Failure { lines, code: 64 };
            let config = Config::load(file).map_err(wrong)?;
            let material =
                Material::load(&config.settings.tls).map_err(|error| wrong(vec![error.to_string()]))?;
            let clock = Arc::new(crate::host::SystemClock::start());
            Current::new(&material, clock).map_err(|error| wrong(vec![error.to_string()]))?;
            println!("{}: no mistakes", file.display());
            Ok(())
        }
    }
}
