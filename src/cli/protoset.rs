//! `greenlane protoset`: the descriptors of every service, for tools that cannot ask by reflection.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use super::Failure;
use crate::rpc::pb;

/// Write the descriptors of every service, with comments, as a FileDescriptorSet.
#[derive(clap::Args)]
pub struct Args {
    /// Where to; `-` for standard output.
    #[arg(long, default_value = "greenlane.protoset", value_name = "FILE")]
    out: PathBuf,
}

/// Runs it.
pub fn run(args: &Args) -> Result<(), Failure> {
    let written = if args.out == Path::new("-") {
        std::io::stdout().write_all(pb::DESCRIPTORS)
    } else {
        std::fs::write(&args.out, pb::DESCRIPTORS)
    };
    written.map_err(|error| Failure::from(format!("{}: {error}", args.out.display())))
}
