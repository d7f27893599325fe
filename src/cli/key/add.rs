//! `greenlane key add`: a newer key-encryption key at the end of a file, which is written whole or not at all.

use std::{fs, path::PathBuf};

use zeroize::Zeroizing;

use super::said;
use crate::{
    cli::Failure,
    pki::folder::write_secret,
    vault::keyfile::{self, KeyLine, Purpose},
};

#[derive(clap::Args)]
pub struct Args {
    /// The file.
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    // A file that could not be used is not made longer either.
    keyfile::read(&args.file, Purpose::Kek).map_err(said)?;
    let before = keyfile::text(&args.file).map_err(said)?;
    let key = KeyLine::fresh(Purpose::Kek);
    let line = key.line();
    let mut text = Zeroizing::new(String::with_capacity(before.len() + line.len() + 1));
    text.push_str(&before);
    if !before.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(&line);
    let mut beside = args.file.clone().into_os_string();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    write_secret(&beside, &text).map_err(|error| error.to_string())?;
    fs::rename(&beside, &args.file).map_err(|error| format!("{}: {error}", args.file.display()))?;
    println!("{} {} in {}", Purpose::Kek, key.id(), args.file.display());
    Ok(())
}
