//! `greenlane cert`: a small PKI in a folder, one CA per class. `certs/README.md` is its page.

use std::{
    fs,
    net::IpAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use super::Failure;
use crate::{
    domain::{
        caller::{Caller, Class},
        time::{Clock, DAY, Time},
    },
    host::SystemClock,
    pki::{
        Identity, Issued, Scope, Validity,
        folder::{Folder, FolderError, write, write_secret, write_secret_bytes},
    },
    service::receipt::Signer,
};

/// Make CAs and certificates, revoke, list. Every class has a CA of its own.
#[derive(clap::Args)]
pub struct Args {
    /// The folder of the CAs.
    #[arg(long, default_value = "pki", value_name = "FOLDER", global = true)]
    dir: PathBuf,
    /// The trust domain of every identity.
    #[arg(long, default_value = "gw.example", value_name = "DOMAIN", global = true)]
    trust_domain: String,
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Make the CA of a class, or `server`, or `all` that are missing. None is ever overwritten.
    Ca {
        /// auditor, carrier, mvno, operator, police, portal, regulator, server or all.
        #[arg(long)]
        class: String,
    },
    /// Issue a client certificate.
    Issue {
        /// `<class>/<id>[/<person>]`, like carrier/unicom or regulator/miit/officer-1.
        #[arg(long)]
        identity: String,
        /// Where cert.pem, key.pem and ca.pem go.
        #[arg(long, value_name = "FOLDER")]
        out: PathBuf,
        /// How long it is valid.
        #[arg(long, default_value_t = 397, value_parser = clap::value_parser!(u32).range(1..=825))]
        days: u32,
    },
    /// Issue the server's certificate.
    IssueServer {
        /// A DNS name of it; may be given several times.
        #[arg(long, required = true)]
        name: Vec<String>,
        /// An address of it; may be given several times.
        #[arg(long)]
        ip: Vec<IpAddr>,
        /// Where cert.pem and key.pem go.
        #[arg(long, value_name = "FOLDER")]
        out: PathBuf,
        /// How long it is valid.
        #[arg(long, default_value_t = 397, value_parser = clap::value_parser!(u32).range(1..=825))]
        days: u32,
    },
    /// Revoke a certificate and sign fresh lists: a gateway that reads this folder ends its connections within a second.
    Revoke {
        /// The class of its CA.
        #[arg(long)]
        class: String,
        /// Its serial number, as `list` shows it.
        #[arg(long)]
        serial: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Sign fresh revocation lists for every class.
    Crl {
        /// How long they are valid; sign again before that.
        #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=365))]
        days: u32,
    },
    /// List every certificate that was issued here.
    List,
    /// Make an Ed25519 key that signs receipts.
    ReceiptKey {
        /// Where it goes.
        #[arg(long, default_value = "receipt.key", value_name = "FILE")]
        out: PathBuf,
    },
}

/// How long the lists that a revocation signs are valid.
const LIST_DAYS: u32 = 30;

/// Runs it.
pub fn run(args: &Args) -> Result<(), Failure> {
    let now = SystemClock::start().now();
    let folder = Folder::open(&args.dir, &args.trust_domain).map_err(said)?;
    match &args.command {
        Command::Ca { class } => make(&folder, class, now),
        Command::Issue { identity, out, days } => {
            let identity = parse(&args.trust_domain, identity)?;
            let validity = Validity::starting(now, DAY * *days);
            let issued = folder.issue(&identity, validity, now).map_err(said)?;
            keep(out, &issued)?;
            let server = folder.path(Scope::Server, "ca.pem");
            if server.exists() {
                fs::copy(&server, out.join("ca.pem"))
                    .map_err(|error| format!("{}: {error}", out.display()))?;
            }
            println!(
                "{} until {}: {}, serial {}",
                identity.path(),
                validity.to,
                out.display(),
                issued.serial
            );
            Ok(())
        }
        Command::IssueServer { name, ip, out, days } => {
            let names: Vec<&str> = name.iter().map(String::as_str).collect();
            let validity = Validity::starting(now, DAY * *days);
            let issued = folder.issue_server(&names, ip, validity, now).map_err(said)?;
            keep(out, &issued)?;
            println!(
                "{} until {}: {}, serial {}",
                names.join(" "),
                validity.to,
                out.display(),
                issued.serial
            );
            Ok(())
        }
        Command::Revoke { class, serial, reason } => {
            folder.revoke(scope(class)?, serial, reason, now).map_err(said)?;
            sign(&folder, now, DAY * LIST_DAYS)
        }
        Command::Crl { days } => sign(&folder, now, DAY * *days),
        Command::List => list(&folder, now),
        Command::ReceiptKey { out } => {
            write_secret_bytes(out, &Signer::generate()).map_err(said)?;
            println!("{}", out.display());
            Ok(())
        }
    }
}

fn said(error: FolderError) -> Failure {
    Failure::from(error.to_string())
}

fn scope(class: &str) -> Result<Scope, Failure> {
    match class {
        "server" => Ok(Scope::Server),
        _ => Class::parse(class).map(Scope::Class).ok_or_else(|| Failure {
            lines: vec![format!("{class} is no class; there are auditor, carrier, mvno, operator, police, portal, regulator and server")],
            code: 64,
        }),
    }
}

fn make(folder: &Folder, class: &str, now: Time) -> Result<(), Failure> {
    let all = || Class::ALL.into_iter().map(Scope::Class).chain([Scope::Server]);
    let wanted: Vec<Scope> = match class {
        "all" => all().filter(|scope| !folder.has(*scope)).collect(),
        one => vec![scope(one)?],
    };
    for scope in wanted {
        folder.make_ca(scope, now).map_err(said)?;
        println!("{scope}: {}", folder.path(scope, "ca.pem").display());
    }
    // Without a list the door lets nobody in: an empty one is signed at once.
    sign(folder, now, DAY * LIST_DAYS)
}

fn sign(folder: &Folder, now: Time, valid: Duration) -> Result<(), Failure> {
    for path in folder.sign_crls(now, valid).map_err(said)? {
        println!("{}, valid until {}", path.display(), now.plus(valid));
    }
    Ok(())
}

fn parse(trust_domain: &str, path: &str) -> Result<Identity, Failure> {
    let wrong = |error: String| Failure { lines: vec![error], code: 64 };
    let caller = Caller::parse(trust_domain, &format!("spiffe://{trust_domain}/{path}"))
        .map_err(|error| wrong(format!("{path}: {error}")))?;
    Ok(Identity {
        class: caller.class(),
        id: caller.organisation.id.to_string(),
        person: caller.person.map(|person| person.to_string()),
    })
}

fn keep(out: &Path, issued: &Issued) -> Result<(), Failure> {
    fs::create_dir_all(out).map_err(|error| format!("{}: {error}", out.display()))?;
    write_secret(&out.join("key.pem"), &issued.key_pem).map_err(said)?;
    write(&out.join("cert.pem"), &issued.cert_pem).map_err(said)
}

fn list(folder: &Folder, now: Time) -> Result<(), Failure> {
    println!("{:<34} {:<30} {:<28} STATE", "SERIAL", "IDENTITY", "VALID UNTIL");
    for scope in Class::ALL.into_iter().map(Scope::Class).chain([Scope::Server]) {
        for listed in folder.list(scope).map_err(said)? {
            let state = match &listed.revoked {
                Some((time, reason)) => format!("revoked {time}: {reason}"),
                None if listed.not_after <= now => "expired".to_owned(),
                None => "valid".to_owned(),
            };
            println!(
                "{:<34} {:<30} {:<28} {state}",
                listed.serial,
                listed.identity,
                listed.not_after.to_string()
            );
        }
    }
    Ok(())
}
