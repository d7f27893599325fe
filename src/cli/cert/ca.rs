//! `greenlane cert ca`: makes a CA, and at once its first list.

use std::path::Path;

use super::{Failure, LIST_VALID, said, scope, sign, wrong};
use crate::{
    domain::{caller::Caller, time::Time},
    pki::{
        Scope,
        folder::{Folder, scopes},
    },
};

/// The trust domain of a folder for which none was named.
const TRUST_DOMAIN: &str = "gw.example";

#[derive(clap::Args)]
pub(super) struct Args {
    /// auditor, carrier, mvno, operator, police, portal, regulator, server or all.
    #[arg(long)]
    class: Wanted,
    /// The domain of every identity. The folder's first CA decides it (gw.example where none is given); the gateway's
    /// configuration says the same in tls.trust_domain.
    #[arg(long, value_name = "DOMAIN")]
    trust_domain: Option<String>,
}

#[derive(Clone)]
enum Wanted {
    All,
    One(Scope),
}

pub(super) fn run(args: &Args, dir: &Path, now: Time) -> Result<(), Failure> {
    let folder = match (&args.trust_domain, Folder::existing(dir)) {
        (None, Ok(folder)) => folder,
        (named, _) => {
            let domain = named.as_deref().unwrap_or(TRUST_DOMAIN);
            if !is_domain(domain) {
                return Err(wrong(format!(
                    "{domain} is no trust domain; it is like gw.example, in lower case"
                )));
            }
            Folder::open(dir, domain).map_err(said)?
        }
    };
    let made: Vec<Scope> = match args.class {
        Wanted::All => scopes().filter(|scope| !folder.has(*scope)).collect(),
        Wanted::One(scope) => vec![scope],
    };
    for scope in made {
        folder.make_ca(scope, now).map_err(said)?;
        println!("{scope}: {}, of {}", folder.path(scope, "ca.pem").display(), folder.trust_domain());
    }
    // Without a list the door lets nobody of the class in: an empty one is signed at once.
    sign(&folder, now, LIST_VALID)
}

/// Whether identities can be written under it.
fn is_domain(domain: &str) -> bool {
    let all = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_".contains(&byte);
    !domain.is_empty()
        && domain.bytes().all(all)
        && Caller::parse(domain, &format!("spiffe://{domain}/mvno/a")).is_ok()
}

// === impl Wanted ===

impl std::str::FromStr for Wanted {
    type Err = String;
    fn from_str(word: &str) -> Result<Self, String> {
        if word == "all" { Ok(Self::All) } else { scope(word).map(Self::One) }
    }
}
