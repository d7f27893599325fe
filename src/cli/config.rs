//! `greenlane config check` and `greenlane config example`.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::Failure;
use crate::{
    app::StartError,
    config::{Config, EXAMPLE},
    host::SystemClock,
    net::tls::{Current, Material},
    service::receipt::Signer,
};

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
            load(file)?;
            println!("{}: no mistakes", file.display());
            Ok(())
        }
    }
}

/// A configuration without a mistake, its own or of the files that it names; otherwise all of them.
pub(super) fn load(file: &Path) -> Result<Config, Failure> {
    let wrong = |lines| Failure { lines, code: 64 };
    let config = Config::load(file).map_err(wrong)?;
    let mut faults: Vec<String> =
        Material::faults(&config.settings.tls).iter().map(ToString::to_string).collect();
    if faults.is_empty() {
        let fit =
            Material::load(&config.settings.tls).map_err(|error| error.to_string()).and_then(|material| {
                Current::new(&material, Arc::new(SystemClock::start())).map_err(|error| error.to_string())
            });
        faults.extend(fit.err());
    }
    let key = &config.settings.receipt_key;
    if std::fs::read(key).ok().and_then(|document| Signer::from_pkcs8(&document)).is_none() {
        faults.push(StartError::ReceiptKey(key.clone()).to_string());
    }
    if faults.is_empty() { Ok(config) } else { Err(wrong(faults)) }
}
