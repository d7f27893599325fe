//! `greenlane protoset`: the descriptors of every service, for tools that cannot ask by reflection.

use std::{
    io::{IsTerminal, Write},
    path::{Path, PathBuf},
};

use super::Failure;
use crate::rpc::pb;

/// Write the descriptors of every service, with comments, as a FileDescriptorSet.
#[derive(clap::Args)]
pub struct Args {
    /// Where to; otherwise to standard output, for `greenlane protoset > greenlane.protoset`.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Runs it.
pub fn run(args: &Args) -> Result<(), Failure> {
    match args.out.as_deref().filter(|out| *out != Path::new("-")) {
        Some(out) => std::fs::write(out, pb::DESCRIPTORS)
            .map_err(|error| Failure::from(format!("{}: {error}", out.display()))),
        None if std::io::stdout().is_terminal() => Err(Failure {
            lines: vec!["descriptors are nothing to read; name a file with --out, or redirect".to_owned()],
            code: 64,
        }),
        None => std::io::stdout()
            .write_all(pb::DESCRIPTORS)
            .map_err(|error| Failure::from(format!("standard output: {error}"))),
    }
}
