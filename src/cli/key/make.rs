//! `greenlane key make`: a file with a new key.

use std::path::PathBuf;

use crate::{
    cli::Failure,
    pki::folder::write_secret,
    vault::keyfile::{KeyLine, Purpose},
};

#[derive(clap::Args)]
pub struct Args {
    /// What it is for: `kek` wraps the keys of subjects, `index` finds them again. Each has a file of its own.
    #[arg(long, value_name = "PURPOSE", value_parser = super::purpose)]
    pub(super) purpose: Purpose,
    /// Where it goes.
    #[arg(long, value_name = "FILE")]
    pub(super) out: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let key = KeyLine::fresh(args.purpose);
    write_secret(&args.out, &key.line()).map_err(|error| Failure::from(error.to_string()))?;
    println!("{} {} in {}", args.purpose, key.id(), args.out.display());
    Ok(())
}
