//! Looks at a database and changes nothing: the server itself is told to refuse this session's writes. What may not be
//! seen, or is not known to an engine that speaks the protocol only, is left out.

use std::{sync::Arc, time::Duration};

use tokio_postgres::{Client, Config, SimpleQueryMessage, config::Host as Address};

use super::{
    OpenError, Options,
    connection::{connect, hosts, told},
    safety::{self, Found, show},
};
use crate::{
    domain::time::Clock,
    store::migration::{Migration, Schema},
};

/// A database that has not said everything by then is not worth more waiting.
const PATIENCE: Duration = Duration::from_secs(10);

/// One host of the URL.
#[derive(Clone, Debug)]
pub struct Host {
    /// `host:port`.
    pub name: String,
    /// Whether it is a standby, or why it was not reached.
    pub is_standby: Result<bool, OpenError>,
}

/// What is seen of the host that takes writes.
#[derive(Clone, Debug)]
pub struct Report {
    /// As the server says it.
    pub version: String,
    /// Whether it is old enough to be tested.
    pub is_tested: bool,
    /// The quickest of a few questions, there and back.
    pub round_trip: Duration,
    /// The settings that decide whether what is acknowledged is kept.
    pub settings: Vec<Found>,
    /// Who has a copy; `None` where the engine knows no such thing.
    pub standbys: Option<Standbys>,
    /// The protocol that hides the session; `None` in clear.
    pub tls: Option<String>,
    /// How the schema stands to this program's.
    pub schema: Schema,
    /// The last revision, where there is a schema.
    pub revision: Option<i64>,
    /// Microseconds that its clock is ahead of ours; negative where it is behind.
    pub ahead: Option<i64>,
    /// Sessions in use, and how many an ordinary user's may be.
    pub sessions: Option<(i64, i64)>,
}

/// Who follows the primary.
#[derive(Clone, Debug, Default)]
pub struct Standbys {
    /// Whom commits wait for: `synchronous_standby_names`.
    pub waited_for: String,
    /// The names of those attached that commits wait for.
    pub synchronous: Vec<String>,
    /// The names of all others that are attached.
    pub others: Vec<String>,
    /// Whether this user may see which are which.
    pub is_told: bool,
}

/// Every host of the URL, each by itself.
pub async fn each(options: &Options) -> Vec<Host> {
    let mut found = Vec::new();
    for config in apart(&options.config) {
        let is_standby = in_time(async {
            let client = read_only(&config, options).await?;
            let rows = ask(&client, "SELECT pg_is_in_recovery()").await?;
            Ok(text(&rows, 0, 0) == Some("t"))
        });
        found.push(Host { name: hosts(&config), is_standby: is_standby.await });
    }
    found
}

/// The host that takes writes.
pub async fn look(options: &Options, clock: &dyn Clock) -> Result<Report, OpenError> {
    in_time(async {
        let client = read_only(&options.config, options).await?;
        let number = show(&client, "server_version_num").await?;
        let (round_trip, ahead) = time(&client, clock).await?;
        let schema = schema(&client).await?;
        Ok(Report {
            version: show(&client, "server_version").await?,
            is_tested: number.parse().unwrap_or(0) >= safety::OLDEST,
            round_trip,
            settings: safety::found(&client).await?,
            standbys: standbys(&client).await.ok(),
            tls: tls(&client).await.ok().flatten(),
            revision: revision(&client, &schema).await?,
            schema,
            ahead,
            sessions: sessions(&client).await.ok().flatten(),
        })
    })
    .await
}

async fn in_time<T>(looking: impl Future<Output = Result<T, OpenError>>) -> Result<T, OpenError> {
    let late = || OpenError::Sql(format!("no answer in {} s", PATIENCE.as_secs()));
    tokio::time::timeout(PATIENCE, looking).await.unwrap_or_else(|_| Err(late()))
}

/// The same database at each of its hosts alone, whatever that host is.
fn apart(config: &Config) -> Vec<Config> {
    let ports = config.get_ports();
    let alone = |(at, address): (usize, &Address)| {
        let mut one = Config::new();
        match address {
            Address::Tcp(name) => one.host(name),
            Address::Unix(path) => one.host_path(path),
        };
        one.port(ports.get(at).or(ports.first()).copied().unwrap_or(5432));
        if let Some(known) = config.get_hostaddrs().get(at) {
            one.hostaddr(*known);
        }
        if let Some(user) = config.get_user() {
            one.user(user);
        }
        if let Some(password) = config.get_password() {
            one.password(password);
        }
        if let Some(name) = config.get_dbname() {
            one.dbname(name);
        }
        if let Some(limit) = config.get_connect_timeout() {
            one.connect_timeout(*limit);
        }
        one.ssl_mode(config.get_ssl_mode()).application_name("greenlane doctor");
        one
    };
    config.get_hosts().iter().enumerate().map(alone).collect()
}

async fn read_only(config: &Config, options: &Options) -> Result<Client, OpenError> {
    let client = connect(config, options.tls.as_ref(), Arc::default(), Arc::default()).await?;
    ask(&client, "SET default_transaction_read_only = on").await?;
    Ok(client)
}

/// How long a question takes, and how far ahead of ours the server's clock is: the quickest of a few tells best.
async fn time(client: &Client, clock: &dyn Clock) -> Result<(Duration, Option<i64>), OpenError> {
    const NOW: &str = "SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::BIGINT";
    let (mut best, mut ahead) = (Duration::MAX, None);
    for _ in 0..5 {
        let (asked, start) = (clock.now(), clock.monotonic());
        let rows = ask(client, NOW).await?;
        let taken = clock.monotonic().saturating_sub(start);
        if taken < best {
            best = taken;
            ahead = int(&rows, 0, 0).map(|theirs| theirs - asked.plus(taken / 2).micros());
        }
    }
    Ok((best, ahead))
}

async fn standbys(client: &Client) -> Result<Standbys, OpenError> {
    let waited_for = show(client, "synchronous_standby_names").await?;
    // A user who may not see the state of others' sessions sees their names alone.
    let rows = ask(client, "SELECT application_name, sync_state FROM pg_stat_replication ORDER BY 1").await?;
    let mut found = Standbys { waited_for, is_told: true, ..Standbys::default() };
    for at in 0..rows.len() {
        let name = text(&rows, at, 0).unwrap_or_default().to_owned();
        match text(&rows, at, 1) {
            Some("sync" | "quorum") => found.synchronous.push(name),
            Some(_) => found.others.push(name),
            None => {
                found.is_told = false;
                found.others.push(name);
            }
        }
    }
    Ok(found)
}

async fn tls(client: &Client) -> Result<Option<String>, OpenError> {
    let rows = ask(client, "SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl").await?;
    Ok(text(&rows, 0, 0).map(str::to_owned))
}

async fn schema(client: &Client) -> Result<Schema, OpenError> {
    const TABLES: &str = "SELECT COUNT(*), COUNT(*) FILTER (WHERE table_name = 'schema_migration')
      FROM information_schema.tables WHERE table_schema = current_schema()";
    let rows = ask(client, TABLES).await?;
    match (int(&rows, 0, 0).unwrap_or(0), int(&rows, 0, 1).unwrap_or(0)) {
        (0, _) => return Ok(Schema::Empty),
        (_, 0) => return Ok(Schema::Foreign),
        _ => {}
    }
    let rows = ask(client, "SELECT version, checksum FROM schema_migration ORDER BY version").await?;
    let read = |at| Some((int(&rows, at, 0)?, text(&rows, at, 1)?.to_owned()));
    let applied: Vec<_> = (0..rows.len()).filter_map(read).collect();
    Ok(Schema::judge(&applied, |migration: &Migration| migration.postgres))
}

async fn revision(client: &Client, schema: &Schema) -> Result<Option<i64>, OpenError> {
    if matches!(schema, Schema::Empty | Schema::Foreign) {
        return Ok(None);
    }
    let rows = ask(client, "SELECT n FROM counter WHERE name = 'revision'").await?;
    Ok(int(&rows, 0, 0))
}

async fn sessions(client: &Client) -> Result<Option<(i64, i64)>, OpenError> {
    const SESSIONS: &str = "SELECT (SELECT COALESCE(SUM(numbackends), 0) FROM pg_stat_database),
      current_setting('max_connections')::INT - current_setting('superuser_reserved_connections')::INT";
    let rows = ask(client, SESSIONS).await?;
    Ok(int(&rows, 0, 0).zip(int(&rows, 0, 1)))
}

/// Rows of texts: what is seen here is for people.
type Rows = Vec<Vec<Option<String>>>;

async fn ask(client: &Client, sql: &str) -> Result<Rows, OpenError> {
    let messages = client.simple_query(sql).await.map_err(|error| OpenError::Sql(told(&error)))?;
    let rows = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    Ok(rows.map(|row| (0..row.len()).map(|at| row.get(at).map(str::to_owned)).collect()).collect())
}

fn text(rows: &Rows, row: usize, column: usize) -> Option<&str> {
    rows.get(row)?.get(column)?.as_deref()
}

fn int(rows: &Rows, row: usize, column: usize) -> Option<i64> {
    text(rows, row, column)?.parse().ok()
}
