//! `greenlane cert`: a small PKI in a folder, one CA per class; one verb per file. `certs/README.md` is its page, and
//! `pki::folder` keeps the files.

mod ca;
mod crl;
mod issue;
mod issue_server;
mod list;
mod receipt_key;
mod revoke;

use std::{fs, path::PathBuf, time::Duration};

use super::Failure;
use crate::{
    domain::{
        caller::Class,
        time::{Clock, DAY, Time},
    },
    host::SystemClock,
    pki::{
        Issued, Scope,
        folder::{Folder, FolderError, write, write_secret},
    },
};

/// Make CAs and certificates, revoke, list. Every class has a CA of its own.
#[derive(clap::Args)]
pub struct Args {
    /// The folder of the CAs.
    #[arg(long, default_value = "pki", value_name = "FOLDER", global = true)]
    dir: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Make the CA of a class, or `server`, or `all` that are missing. None is ever overwritten.
    Ca(ca::Args),
    /// Issue a client certificate.
    Issue(issue::Args),
    /// Issue the server's certificate.
    IssueServer(issue_server::Args),
    /// Revoke a certificate and sign fresh lists: a gateway that reads this folder ends its connections within a second.
    Revoke(revoke::Args),
    /// Sign fresh revocation lists for every class.
    Crl(crl::Args),
    /// List every certificate that was issued here.
    List(list::Args),
    /// Make an Ed25519 key that signs receipts.
    ReceiptKey(receipt_key::Args),
}

/// How long the lists are valid that are signed by the way.
const LIST_VALID: Duration = DAY.saturating_mul(30);

/// Runs it.
pub fn run(args: &Args) -> Result<(), Failure> {
    let now = SystemClock::start().now();
    let folder = || Folder::existing(&args.dir).map_err(said);
    match &args.command {
        Command::Ca(verb) => ca::run(verb, &args.dir, now),
        Command::Issue(verb) => issue::run(verb, &folder()?, now),
        Command::IssueServer(verb) => issue_server::run(verb, &folder()?, now),
        Command::Revoke(verb) => revoke::run(verb, &folder()?, now),
        Command::Crl(verb) => crl::run(verb, &folder()?, now),
        Command::List(verb) => list::run(verb, &folder()?, now),
        Command::ReceiptKey(verb) => receipt_key::run(verb),
    }
}

/// A folder that a certificate and its key go to.
struct Place<'a>(&'a PathBuf);

fn said(error: FolderError) -> Failure {
    Failure::from(error.to_string())
}

/// Asked for wrongly.
fn wrong(line: String) -> Failure {
    Failure { lines: vec![line], code: 64 }
}

fn scope(word: &str) -> Result<Scope, String> {
    match word {
        "server" => Ok(Scope::Server),
        _ => Class::parse(word).map(Scope::Class).ok_or_else(|| {
            "there are auditor, carrier, mvno, operator, police, portal, regulator and server".to_owned()
        }),
    }
}

/// Signs every class's list and says where they are.
fn sign(folder: &Folder, now: Time, valid: Duration) -> Result<(), Failure> {
    for path in folder.sign_crls(now, valid).map_err(said)? {
        println!("{}, valid until {}", path.display(), second(now.plus(valid)));
    }
    Ok(())
}

/// To the second: more is noise to a person.
fn second(time: Time) -> Time {
    Time::from_micros(time.micros() - time.micros().rem_euclid(1_000_000))
}

// === impl Place ===

impl Place<'_> {
    /// Refuses before anything is issued: a certificate whose key cannot be kept is of no use.
    fn check(&self) -> Result<(), Failure> {
        fs::create_dir_all(self.0).map_err(|error| format!("{}: {error}", self.0.display()))?;
        let key = self.0.join("key.pem");
        if key.exists() {
            let line = format!("{} exists and is not overwritten; name another --out", key.display());
            return Err(Failure::from(line));
        }
        Ok(())
    }

    /// Writes key.pem, cert.pem, and ca.pem, by which a client knows the server.
    fn keep(&self, issued: &Issued, folder: &Folder) -> Result<(), Failure> {
        write_secret(&self.0.join("key.pem"), &issued.key_pem).map_err(said)?;
        write(&self.0.join("cert.pem"), &issued.cert_pem).map_err(said)?;
        let server = folder.path(Scope::Server, "ca.pem");
        if server.exists() {
            let pem =
                fs::read_to_string(&server).map_err(|error| format!("{}: {error}", server.display()))?;
            write(&self.0.join("ca.pem"), &pem).map_err(said)?;
        } else {
            println!(
                "no ca.pem beside it: the server's CA is not in this folder, so add its certificate by hand"
            );
        }
        Ok(())
    }
}
