//! `greenlane config check` and `greenlane config example`.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::Failure;
use crate::{
    app::{Database, StartError},
    cache,
    config::{Config, EXAMPLE},
    host::SystemClock,
    net::tls::{Current, Material},
    service::receipt::Signer,
    vault::Vault,
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

/// A configuration whose own text has no mistake; otherwise all of them.
pub(super) fn read(file: &Path) -> Result<Config, Failure> {
    Config::load(file).map_err(wrong)
}

/// A configuration without a mistake, its own or of the files that it names; otherwise all of them.
pub(super) fn load(file: &Path) -> Result<Config, Failure> {
    let config = read(file)?;
    let settings = &config.settings;
    let mut faults: Vec<String> = Material::faults(&settings.tls).iter().map(ToString::to_string).collect();
    if faults.is_empty() {
        let fit = Material::load(&settings.tls).map_err(|error| error.to_string()).and_then(|material| {
            Current::new(&material, Arc::new(SystemClock::start())).map_err(|error| error.to_string())
        });
        faults.extend(fit.err());
    }
    let key = &settings.receipt_key;
    if std::fs::read(key).ok().and_then(|document| Signer::from_pkcs8(&document)).is_none() {
        faults.push(StartError::ReceiptKey(key.clone()).to_string());
    }
    faults.extend(
        settings.vault.as_ref().and_then(|files| Vault::open(files).err()).map(|fault| fault.to_string()),
    );
    // What `[store]` names is read with the configuration, but for the folder of a file.
    if let Database::Sqlite(path, _) = &settings.database {
        let folder = path.parent().filter(|folder| *folder != Path::new("") && !folder.is_dir());
        let told =
            |folder: &Path| format!("store.url: {} is no folder; make it, or name another", folder.display());
        faults.extend(folder.map(told));
    }
    if let Some(cache) = &settings.cache {
        faults.extend(cache::redis::faults(cache).iter().map(ToString::to_string));
    }
    if faults.is_empty() { Ok(config) } else { Err(wrong(faults)) }
}

fn wrong(lines: Vec<String>) -> Failure {
    Failure { lines, code: 64 }
}
