//! The same yardstick on PostgreSQL: prepared inserts of the rows that the gateway left, one after the other, each
//! answered before the next.

use std::{thread, time::Duration};

use bytes::BytesMut;
use greenlane::{domain::time::Clock, host::SystemClock};
use tokio_postgres::{
    Client, NoTls, Row, Statement,
    types::{FromSql, IsNull, ToSql, Type, to_sql_checked},
};

use crate::harness::cores::Cores;

/// What an import leaves rows in, and the column by which those that came later are found.
const TABLES: [(&str, &str); 5] =
    [("import_job", "id"), ("subject", "id"), ("line", "id"), ("registration", "id"), ("entry", "entry_id")];

/// Two databases of one cluster; the second is a copy of the first as it was.
pub struct Bare {
    source: String,
    copy: String,
    seen: [String; TABLES.len()],
}

/// A value of any type that the house has, as the wire carries it.
#[derive(Debug)]
struct Raw(Option<Vec<u8>>);

// === impl Bare ===

impl Bare {
    /// Of those two, by their URLs.
    pub fn of(source: &str, copy: &str) -> Self {
        let seen = std::array::from_fn(|_| String::new());
        let mut bare = Self { source: source.to_owned(), copy: copy.to_owned(), seen };
        // What both have is not to be inserted.
        on_a_thread(&bare.source.clone(), |client, runtime| {
            for (place, (table, key)) in TABLES.iter().enumerate() {
                let sql = format!("SELECT COALESCE(MAX({key}), '') FROM {table}");
                bare.seen[place] = runtime.block_on(client.query_one(&sql, &[])).expect("a row").get(0);
            }
        });
        bare
    }

    /// Inserts what the source has beyond the copy, in so many commits. How many rows, and how long that took, on the
    /// server's core.
    pub fn insert(&mut self, commits: usize, cores: Cores) -> (usize, Duration) {
        let mut rows: Vec<Vec<Row>> = Vec::new();
        on_a_thread(&self.source, |client, runtime| {
            for (place, (table, key)) in TABLES.iter().enumerate() {
                let sql = format!("SELECT * FROM {table} WHERE {key} > $1 ORDER BY {key}");
                let found = runtime.block_on(client.query(&sql, &[&self.seen[place]])).expect("rows");
                if let Some(row) = found.last() {
                    self.seen[place] = row.get(*key);
                }
                rows.push(found);
            }
        });
        let values: Vec<Vec<Vec<Raw>>> = rows
            .iter()
            .map(|rows| rows.iter().map(|row| (0..row.len()).map(|at| row.get(at)).collect()).collect())
            .collect();
        let count = rows.iter().map(Vec::len).sum();
        let mut took = Duration::ZERO;
        cores.on_server(|| {
            on_a_thread(&self.copy, |client, runtime| {
                took = runtime.block_on(insert(client, &values, commits));
            });
        });
        (count, took)
    }
}

/// Runs on a connection and a thread of its own, on the core of whoever calls.
fn on_a_thread(url: &str, work: impl FnOnce(&Client, &tokio::runtime::Runtime) + Send) {
    thread::scope(|scope| {
        scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.expect("a runtime");
            let (client, connection) =
                runtime.block_on(tokio_postgres::connect(url, NoTls)).expect("it is up");
            runtime.spawn(connection);
            work(&client, &runtime);
        });
    });
}

async fn insert(client: &Client, tables: &[Vec<Vec<Raw>>], commits: usize) -> Duration {
    let mut inserts: Vec<Option<Statement>> = Vec::new();
    for ((table, _), rows) in TABLES.iter().zip(tables) {
        inserts.push(match rows.first() {
            None => None,
            Some(row) => {
                let places: Vec<String> = (1..=row.len()).map(|at| format!("${at}")).collect();
                // The number of an entry is the engine's own; here it is the one that it had.
                let own = if *table == "entry" { " OVERRIDING SYSTEM VALUE" } else { "" };
                let sql = format!("INSERT INTO {table}{own} VALUES ({})", places.join(", "));
                Some(client.prepare(&sql).await.expect("an insert"))
            }
        });
    }
    let clock = SystemClock::start();
    for commit in 0..commits {
        client.batch_execute("BEGIN").await.expect("begun");
        for (insert, rows) in inserts.iter().zip(tables) {
            let Some(insert) = insert else { continue };
            let part = rows.len() * commit / commits..rows.len() * (commit + 1) / commits;
            for row in &rows[part] {
                let values = row.iter().map(|value| value as &(dyn ToSql + Sync));
                client.execute_raw(insert, values).await.expect("inserted");
            }
        }
        client.batch_execute("COMMIT").await.expect("durable");
    }
    clock.monotonic()
}

// === impl Raw ===

impl<'r> FromSql<'r> for Raw {
    fn from_sql(_: &Type, raw: &'r [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(Some(raw.to_vec())))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(None))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

impl ToSql for Raw {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        let Some(raw) = &self.0 else { return Ok(IsNull::Yes) };
        out.extend_from_slice(raw);
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
