//! `greenlane dev`: a gateway on this machine, with certificates for everybody and sample data, in one command.

mod authority;
mod banner;
mod certs;
mod hook;
mod plan;
mod seed;
mod subscribers;

use std::{
    fs, io,
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use self::authority::Simulated;
use super::{Failure, log, node};
use crate::{
    app::{Database, Settings},
    cache,
    config::Log,
    domain::{budget::Rate, time::Clock},
    host::{self, SystemClock},
    layer::limit,
    net::Limits,
    pki::folder::write_secret_bytes,
    service::receipt::Signer,
    store::{postgres, sqlite},
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
    /// The port of 127.0.0.1 where partners connect [default: 8443, and one more for each node after the first]
    #[arg(long, global = true)]
    port: Option<u16>,
    /// The port of 127.0.0.1 for /livez, /readyz and /metrics [default: 9480, and one more for each node]
    #[arg(long, global = true)]
    ops_port: Option<u16>,
    /// Leave the sample's inspections as they are, even where they have become old.
    #[arg(long)]
    no_refresh: bool,
    /// A PostgreSQL to keep the record in, like postgresql://user@127.0.0.1/database; unset: a file in the folder.
    #[arg(long, value_name = "URL")]
    postgres: Option<String>,
    /// A Redis that the nodes share, like redis://127.0.0.1:6379.
    #[arg(long, value_name = "URL")]
    redis: Option<String>,
    /// Which of several nodes on one folder and one database this is; each has ports of its own.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=99), global = true)]
    node: u16,
    /// Threads that serve; 0 for one per core.
    #[arg(long, default_value_t = 0)]
    workers: usize,
    /// Calls that one organisation may make, a second and at once [default: 50000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    calls_per_second: Option<u32>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Print the banner again.
    Info,
    /// Print a CSV of made-up subscribers, to try `greenlane ctl import` with.
    Subscribers(subscribers::Args),
}

/// The file that remembers where a node of a folder listens.
fn addresses(dir: &Path, node: u16) -> PathBuf {
    dir.join(if node == 1 { "addresses".to_owned() } else { format!("addresses-{node}") })
}

/// Runs it.
pub fn run(args: Args) -> Result<(), Failure> {
    match args.command {
        Some(Command::Info) => {
            let kept = fs::read_to_string(addresses(&args.dir, args.node)).map_err(|_| {
                format!("{} has no such gateway yet; start it with `greenlane dev`", args.dir.display())
            })?;
            let (address, ops) =
                kept.trim().split_once(' ').ok_or_else(|| "the addresses cannot be read".to_owned())?;
            print!("{}", banner::text(&args.dir, address, ops, &[], answers(ops)));
            Ok(())
        }
        Some(Command::Subscribers(args)) => subscribers::run(&args),
        None => start(args),
    }
}

/// Whether a gateway listens there.
fn answers(ops: &str) -> bool {
    ops.parse().is_ok_and(|ops| TcpStream::connect_timeout(&ops, Duration::from_secs(1)).is_ok())
}

fn start(args: Args) -> Result<(), Failure> {
    let filter = std::env::var("GREENLANE_LOG").unwrap_or_else(|_| "warn,greenlane=info".to_owned());
    log::start(&Log { json: false, filter })?;
    fs::create_dir_all(&args.dir).map_err(|error| format!("{}: {error}", args.dir.display()))?;
    // The banner's lines are copied into shells that stand elsewhere.
    let dir = args.dir.canonicalize().map_err(|error| format!("{}: {error}", args.dir.display()))?;
    let (settings, _simulated) = settings(&args, &dir)?;
    let (node, refresh) = (args.node, !args.no_refresh);
    node::run(settings, async move |app| {
        let gateway = Arc::clone(&app.gateway);
        let _alone = alone(&dir).await?;
        let notes = seed::sow(&gateway, refresh).await.map_err(|refusal| refusal.to_string())?;
        let (address, ops) = (app.address().to_string(), app.ops_address().to_string());
        fs::write(addresses(&dir, node), format!("{address} {ops}\n")).map_err(|error| error.to_string())?;
        certs::write_env(&dir, &every_address(&dir)).map_err(|error| error.to_string())?;
        hook::write_sample(&dir).map_err(|error| error.to_string())?;
        print!("{}", banner::text(&dir, &address, &ops, &notes, true));
        Ok(())
    })
}

/// Until it is dropped nobody else writes to the folder: other nodes may start on it at the same moment.
fn lock(dir: &Path) -> io::Result<fs::File> {
    let file = fs::File::create(dir.join("lock"))?;
    file.lock()?;
    Ok(file)
}

/// The same, without holding up what runs already.
async fn alone(dir: &Path) -> Result<fs::File, String> {
    let place = dir.to_owned();
    let locked =
        tokio::task::spawn_blocking(move || lock(&place)).await.map_err(|error| error.to_string())?;
    locked.map_err(|error| format!("{}: {error}", dir.display()))
}

/// Makes what the folder lacks.
fn settings(args: &Args, dir: &Path) -> Result<(Settings, Simulated), Failure> {
    let _alone = lock(dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    let tls = certs::make(dir, SystemClock::start().now()).map_err(|error| error.to_string())?;
    let receipt_key = secret(dir, "receipt.key", Signer::generate)?;
    let key = |name, purpose| secret(dir, name, || KeyLine::fresh(purpose).line().as_bytes().to_vec());
    let vault = Files { kek: key("kek.key", Purpose::Kek)?, index: key("index.key", Purpose::Index)? };
    let simulated = authority::start(&dir.join("authority"))?;
    let database = match &args.postgres {
        Some(url) => {
            Database::Postgres(postgres::Options::new(url, None, None).map_err(wrong("--postgres"))?)
        }
        None if args.node > 1 => {
            let line = "--node: a file has one node; name the database that they share with --postgres URL";
            return Err(Failure { lines: vec![line.to_owned()], code: 64 });
        }
        None => Database::Sqlite(dir.join("greenlane.db"), sqlite::Options::default()),
    };
    let cache = match &args.redis {
        Some(url) => {
            let seal = secret(dir, "seal.key", || host::random::<32>().to_vec())?;
            Some(cache::Settings::new(url, seal))
        }
        None => None,
    };
    let port = |given: Option<u16>, first: u16| given.unwrap_or(first + args.node - 1);
    let settings = Settings {
        listen: SocketAddr::from(([127, 0, 0, 1], port(args.port, 8443))),
        ops: SocketAddr::from(([127, 0, 0, 1], port(args.ops_port, 9480))),
        database,
        cache,
        tls,
        receipt_key,
        vault: Some(vault),
        authority: Some(simulated.settings.clone()),
        limits: Limits::default(),
        quota: quota(args.calls_per_second),
        workers: args.workers,
        default_deadline: Duration::from_secs(10),
        longest_deadline: Duration::from_secs(60),
        drain: Duration::from_secs(5),
    };
    Ok((settings, simulated))
}

/// What an organisation may ask, where somebody wants to see more or less than what is usual.
fn quota(calls: Option<u32>) -> limit::Settings {
    let usual = limit::Settings::default();
    let calls = calls.map_or(usual.calls, |calls| Rate { per_second: calls, burst: calls });
    limit::Settings { calls, ..usual }
}

/// A secret of the folder, made where there is none.
fn secret(dir: &Path, name: &str, make: impl FnOnce() -> Vec<u8>) -> Result<PathBuf, Failure> {
    let path = dir.join(name);
    if !path.exists() {
        write_secret_bytes(&path, &make()).map_err(|error| error.to_string())?;
    }
    Ok(path)
}

fn wrong<E: std::fmt::Display>(what: &str) -> impl Fn(E) -> Failure {
    move |error| Failure { lines: vec![format!("{what}: {error}")], code: 64 }
}

/// Where every node of the folder listens, the first one first.
fn every_address(dir: &Path) -> Vec<String> {
    let kept = (1..=99).filter_map(|node| fs::read_to_string(addresses(dir, node)).ok());
    kept.filter_map(|text| text.split_once(' ').map(|(address, _)| address.to_owned())).collect()
}
