//! `greenlane dev`: a gateway on this machine, with certificates for everybody and sample data, in one command.

mod banner;
mod certs;
mod plan;
mod seed;

use std::{fs, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use super::{Failure, log, node};
use crate::{
    app::{Database, Settings},
    config::Log,
    domain::time::Clock,
    host::SystemClock,
    net::Limits,
    pki::folder::{write_secret, write_secret_bytes},
    service::receipt::Signer,
    store::sqlite::Options,
    vault::{
        Files,
        keyfile::{KeyLine, Purpose},
    },
};

/// Start a gateway on this machine with certificates and sample data, and say how to use it.
#[derive(clap::Args)]
pub struct Args {
    /// Where everything is kept.
    #[arg(long, default_value = "greenlane-dev", value_name = "FOLDER", global = true)]
    dir: PathBuf,
    /// The port of 127.0.0.1 where partners connect.
    #[arg(long, default_value_t = 8443, global = true)]
    port: u16,
    /// The port of 127.0.0.1 for /livez, /readyz and /metrics.
    #[arg(long, default_value_t = 9480, global = true)]
    ops_port: u16,
    /// Leave the sample's inspections as they are, even where they have become old.
    #[arg(long)]
    no_refresh: bool,
    /// Threads that serve; 0 for one per core.
    #[arg(long, default_value_t = 0)]
    workers: usize,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Print the banner again.
    Info,
}

/// The file that remembers where the gateway of a folder listens.
const ADDRESSES: &str = "addresses";

/// Runs it.
pub fn run(args: Args) -> Result<(), Failure> {
    match args.command {
        Some(Command::Info) => {
            let kept = fs::read_to_string(args.dir.join(ADDRESSES)).map_err(|_| {
                format!("{} has no gateway yet; start it with `greenlane dev`", args.dir.display())
            })?;
            let (address, ops) =
                kept.trim().split_once(' ').ok_or_else(|| "the addresses cannot be read".to_owned())?;
            print!("{}", banner::text(&args.dir, address, ops, &[]));
            Ok(())
        }
        None => start(args),
    }
}

fn start(args: Args) -> Result<(), Failure> {
    let settings = std::env::var("GREENLANE_LOG").unwrap_or_else(|_| "warn,greenlane=info".to_owned());
    log::start(&Log { json: false, filter: settings })?;
    fs::create_dir_all(&args.dir).map_err(|error| format!("{}: {error}", args.dir.display()))?;
    // The banner's lines are copied into shells that stand elsewhere.
    let dir = args.dir.canonicalize().map_err(|error| format!("{}: {error}", args.dir.display()))?;
    let now = SystemClock::start().now();
    let tls = certs::make(&dir, now).map_err(|error| error.to_string())?;
    let receipt_key = dir.join("receipt.key");
    if !receipt_key.exists() {
        write_secret_bytes(&receipt_key, &Signer::generate()).map_err(|error| error.to_string())?;
    }
    let vault = Files { kek: dir.join("kek.key"), index: dir.join("index.key") };
    for (path, purpose) in [(&vault.kek, Purpose::Kek), (&vault.index, Purpose::Index)] {
        if !path.exists() {
            write_secret(path, &KeyLine::fresh(purpose).line()).map_err(|error| error.to_string())?;
        }
    }
    let settings = Settings {
        listen: SocketAddr::from(([127, 0, 0, 1], args.port)),
        ops: SocketAddr::from(([127, 0, 0, 1], args.ops_port)),
        database: Database::Sqlite(dir.join("greenlane.db"), Options::default()),
        tls,
        receipt_key,
        vault: Some(vault),
        limits: Limits::default(),
        workers: args.workers,
        default_deadline: Duration::from_secs(10),
        longest_deadline: Duration::from_secs(60),
        drain: Duration::from_secs(5),
    };
    let refresh = !args.no_refresh;
    node::run(settings, async move |app| {
        let gateway = Arc::clone(&app.gateway);
        let notes = seed::sow(&gateway, refresh).await.map_err(|refusal| refusal.to_string())?;
        let (address, ops) = (app.address().to_string(), app.ops_address().to_string());
        certs::write_env(&dir, &address).map_err(|error| error.to_string())?;
        fs::write(dir.join(ADDRESSES), format!("{address} {ops}\n")).map_err(|error| error.to_string())?;
        print!("{}", banner::text(&dir, &address, &ops, &notes));
        Ok(())
    })
    .map_err(Failure::from)
}
