//! `greenlane key`: the keys by which names and numbers are kept. `vault` uses them; here they are only made.

mod add;
mod list;
mod make;

use super::Failure;
use crate::vault::keyfile::{KeyFileError, Purpose};

/// What to do about a file of keys.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Make a file with a new key, readable by its owner only. An existing one is never overwritten.
    Make(make::Args),
    /// Add a newer key to a file of key-encryption keys: from the next start on it wraps, and the older ones unwrap.
    Add(add::Args),
    /// List the ids of a file's keys, oldest first. No key is shown.
    List(list::Args),
}

/// Runs it.
pub fn run(command: &Command) -> Result<(), Failure> {
    match command {
        Command::Make(args) => make::run(args),
        Command::Add(args) => add::run(args),
        Command::List(args) => list::run(args),
    }
}

fn purpose(word: &str) -> Result<Purpose, String> {
    Purpose::parse(word).ok_or_else(|| "there are kek and index".to_owned())
}

fn said(error: KeyFileError) -> Failure {
    Failure::from(error.to_string())
}

#[cfg(test)]
mod tests;
