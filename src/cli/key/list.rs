//! `greenlane key list`: the ids of a file's keys.

use std::path::PathBuf;

use super::said;
use crate::{
    cli::Failure,
    vault::keyfile::{self, Purpose},
};

#[derive(clap::Args)]
pub struct Args {
    /// The file.
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// What its keys are for.
    #[arg(long, default_value = "kek", value_name = "PURPOSE", value_parser = super::purpose)]
    pub(super) purpose: Purpose,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let keys = keyfile::read(&args.file, args.purpose).map_err(said)?;
    keys.iter().for_each(|key| println!("{} {}", args.purpose, key.id()));
    Ok(())
}
