//! `greenlane cert receipt-key`: the key that signs receipts. Its public half is in every answer of GetServerInfo.

use std::path::PathBuf;

use super::{Failure, said};
use crate::{pki::folder::write_secret_bytes, service::receipt::Signer};

#[derive(clap::Args)]
pub(super) struct Args {
    /// Where it goes; an existing one is never overwritten.
    #[arg(long, default_value = "receipt.key", value_name = "FILE")]
    out: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    write_secret_bytes(&args.out, &Signer::generate()).map_err(said)?;
    println!("{}", args.out.display());
    Ok(())
}
