//! The yardstick: every row that a run left, inserted once by prepared statements and nothing else, in one commit, into
//! a copy of the database as it was before. The same tables and indexes, durable the same way.

use std::{collections::BTreeMap, path::Path, time::Duration};

use greenlane::domain::time::Clock;
use rusqlite::{Connection, OpenFlags, params_from_iter, types::Value};

use crate::cores::Cores;

/// A database, and a copy of it as it was.
pub struct Bare {
    source: Connection,
    copy: Connection,
    /// The highest row of each table then, in the order in which tables refer to each other.
    seen: Vec<(String, i64)>,
}

// === impl Bare ===

impl Bare {
    /// A copy of that database into that file.
    pub fn of(source: &Path, copy: &Path) -> Self {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let source = Connection::open_with_flags(source, flags).expect("the database");
        source.execute("VACUUM INTO ?1", [copy.to_str().expect("text")]).expect("room for a copy");
        let copy = Connection::open(copy).expect("the copy");
        let settings = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON";
        copy.execute_batch(settings).expect("settings");
        let tables: Vec<String> = {
            let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid";
            let mut query = source.prepare(sql).expect("a query");
            let names = query.query_map([], |row| row.get(0)).expect("names");
            names.collect::<Result<_, _>>().expect("names")
        };
        let highest = |table: &String| {
            let sql = format!("SELECT COALESCE(MAX(rowid), 0) FROM {table}");
            source.query_row(&sql, [], |row| row.get(0)).expect("a number")
        };
        let seen = tables.into_iter().map(|table| (table.clone(), highest(&table))).collect();
        Self { source, copy, seen }
    }

    /// Inserts what came since, on the server's core: how many rows, and how long that took.
    pub fn insert(&mut self, cores: Cores, clock: &dyn Clock) -> (usize, Duration) {
        let rows: BTreeMap<&str, Vec<Vec<Value>>> = self
            .seen
            .iter()
            .map(|(table, seen)| (table.as_str(), beyond(&self.source, table, *seen)))
            .collect();
        let count = rows.values().map(Vec::len).sum();
        let took = cores.on_server(|| {
            let begun = clock.monotonic();
            let tx = self.copy.transaction().expect("nobody else is there");
            for (table, _) in &self.seen {
                let Some(columns) = rows[table.as_str()].first().map(Vec::len) else { continue };
                let places: Vec<String> = (1..=columns).map(|at| format!("?{at}")).collect();
                let sql = format!("INSERT INTO {table} VALUES ({})", places.join(", "));
                let mut insert = tx.prepare(&sql).expect("an insert");
                for row in &rows[table.as_str()] {
                    insert.execute(params_from_iter(row)).expect("inserted");
                }
            }
            tx.commit().expect("durable");
            clock.monotonic() - begun
        });
        (count, took)
    }
}

/// The rows of a table beyond that one.
fn beyond(source: &Connection, table: &str, seen: i64) -> Vec<Vec<Value>> {
    let sql = format!("SELECT * FROM {table} WHERE rowid > ?1 ORDER BY rowid");
    let mut query = source.prepare(&sql).expect("a query");
    let columns = query.column_count();
    let mut rows = query.query([seen]).expect("rows");
    let mut found = Vec::new();
    while let Some(row) = rows.next().expect("a row") {
        found.push((0..columns).map(|at| row.get(at).expect("a value")).collect());
    }
    found
}
