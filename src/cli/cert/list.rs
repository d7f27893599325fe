//! `greenlane cert list`: every certificate that was issued, and how it stands.

use super::{Failure, said, scope, second};
use crate::{
    domain::time::Time,
    pki::{
        Scope,
        folder::{Folder, Listed, scopes},
    },
};

#[derive(clap::Args)]
pub(super) struct Args {
    /// Of one class, or `server`, only.
    #[arg(long, value_parser = scope)]
    class: Option<Scope>,
}

pub(super) fn run(args: &Args, folder: &Folder, now: Time) -> Result<(), Failure> {
    println!("{:<34} {:<30} {:<22} STATE", "SERIAL", "IDENTITY", "VALID UNTIL");
    for scope in scopes().filter(|scope| args.class.is_none_or(|wanted| wanted == *scope)) {
        for listed in folder.list(scope).map_err(said)? {
            let until = second(listed.not_after).to_string();
            println!("{:<34} {:<30} {until:<22} {}", listed.serial, listed.identity, state(&listed, now));
        }
    }
    Ok(())
}

fn state(listed: &Listed, now: Time) -> String {
    match &listed.revoked {
        Some((time, reason)) => format!("revoked {}: {reason}", second(*time)),
        None if listed.not_after <= now => "expired".to_owned(),
        None => "valid".to_owned(),
    }
}
