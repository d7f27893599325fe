//! `greenlane cert crl`: fresh revocation lists. To be run by a timer, well before the last ones end.

use super::{Failure, sign};
use crate::{
    domain::time::{DAY, Time},
    pki::folder::Folder,
};

#[derive(clap::Args)]
pub(super) struct Args {
    /// How long they are valid; the gateway lets nobody of a class in whose list has ended.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=365))]
    days: u32,
}

pub(super) fn run(args: &Args, folder: &Folder, now: Time) -> Result<(), Failure> {
    sign(folder, now, DAY * args.days)
}
