//! `greenlane cert issue`: a certificate and key for one partner.

use std::path::PathBuf;

use super::{Failure, Place, said, second, wrong};
use crate::{
    domain::{
        caller::Caller,
        time::{DAY, Time},
    },
    pki::{Identity, Validity, folder::Folder},
};

#[derive(clap::Args)]
pub(super) struct Args {
    /// `<class>/<id>[/<person>]`, like carrier/unicom or regulator/miit/officer-1. A regulator's, police's and operator's
    /// names a person.
    #[arg(long)]
    identity: String,
    /// Where cert.pem, key.pem and ca.pem go.
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// How long it is valid.
    #[arg(long, default_value_t = 397, value_parser = clap::value_parser!(u32).range(1..=825))]
    days: u32,
}

pub(super) fn run(args: &Args, folder: &Folder, now: Time) -> Result<(), Failure> {
    let identity = parse(folder.trust_domain(), &args.identity)?;
    let place = Place(&args.out);
    place.check()?;
    let validity = Validity::starting(now, DAY * args.days);
    let issued = folder.issue(&identity, validity, now).map_err(said)?;
    place.keep(&issued, folder)?;
    let (path, out) = (identity.path(), args.out.display());
    println!("{path}: {out}, serial {}, valid until {}", issued.serial, second(validity.to));
    Ok(())
}

/// By the door's own rules.
fn parse(trust_domain: &str, path: &str) -> Result<Identity, Failure> {
    let caller = Caller::parse(trust_domain, &format!("spiffe://{trust_domain}/{path}"))
        .map_err(|error| wrong(format!("{path}: {error}")))?;
    Ok(Identity {
        class: caller.class(),
        id: caller.organisation.id.to_string(),
        person: caller.person.map(|person| person.to_string()),
    })
}
