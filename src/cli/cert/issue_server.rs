//! `greenlane cert issue-server`: the certificate that partners know the gateway by.

use std::{net::IpAddr, path::PathBuf};

use super::{Failure, Place, said, second};
use crate::{
    domain::time::{DAY, Time},
    pki::{Validity, folder::Folder},
};

#[derive(clap::Args)]
pub(super) struct Args {
    /// A DNS name of it; may be given several times.
    #[arg(long, required = true)]
    name: Vec<String>,
    /// An address of it; may be given several times.
    #[arg(long)]
    ip: Vec<IpAddr>,
    /// Where cert.pem, key.pem and ca.pem go.
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// How long it is valid.
    #[arg(long, default_value_t = 397, value_parser = clap::value_parser!(u32).range(1..=825))]
    days: u32,
}

pub(super) fn run(args: &Args, folder: &Folder, now: Time) -> Result<(), Failure> {
    let place = Place(&args.out);
    place.check()?;
    let names: Vec<&str> = args.name.iter().map(String::as_str).collect();
    let validity = Validity::starting(now, DAY * args.days);
    let issued = folder.issue_server(&names, &args.ip, validity, now).map_err(said)?;
    place.keep(&issued, folder)?;
    let (names, out) = (names.join(" "), args.out.display());
    println!("{names}: {out}, serial {}, valid until {}", issued.serial, second(validity.to));
    Ok(())
}
