//! `greenlane cert revoke`: revokes by serial number or by identity, and signs fresh lists.

use super::{Failure, LIST_VALID, said, sign};
use crate::{
    domain::time::Time,
    pki::{
        Scope,
        folder::{Folder, FolderError, Listed, scopes},
    },
};

#[derive(clap::Args)]
pub(super) struct Args {
    /// Everything of this identity that is valid, like mvno/m07.
    #[arg(long, required_unless_present = "serial", conflicts_with = "serial")]
    identity: Option<String>,
    /// One certificate, by its serial number as `list` shows it.
    #[arg(long)]
    serial: Option<String>,
    /// Why; it is kept in the index.
    #[arg(long, value_parser = clap::builder::NonEmptyStringValueParser::new())]
    reason: String,
}

pub(super) fn run(args: &Args, folder: &Folder, now: Time) -> Result<(), Failure> {
    let serial = args.serial.as_ref().map(|serial| serial.to_ascii_lowercase());
    let wanted = |listed: &Listed| {
        let alive = listed.revoked.is_none() && listed.not_after > now;
        serial.as_ref() == Some(&listed.serial) || (alive && args.identity.as_ref() == Some(&listed.identity))
    };
    let mut found = Vec::new();
    for scope in scopes() {
        let listed = folder.list(scope).map_err(said)?;
        found.extend(listed.into_iter().filter(&wanted).map(|listed| (scope, listed)));
    }
    if found.is_empty() {
        return Err(match &args.identity {
            Some(identity) => Failure::from(format!(
                "{identity} has no valid certificate of this folder; `greenlane cert list` shows all"
            )),
            None => said(FolderError::Unknown),
        });
    }
    for (scope, listed) in found {
        folder.revoke(scope, &listed.serial, &args.reason, now).map_err(said)?;
        println!("revoked {} of {}", listed.serial, listed.identity);
        if scope == Scope::Server {
            println!("clients read no list: give the server another certificate as well");
        }
    }
    sign(folder, now, LIST_VALID)
}
