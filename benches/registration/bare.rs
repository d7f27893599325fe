//! The yardstick of whatever writes: a loop of prepared inserts and nothing else, of the rows that the gateway left,
//! into a copy of the database as it was before them. The same tables, indexes and settings, durable the same way.

use std::{path::Path, time::Duration};

use greenlane::{domain::time::Clock, store::sqlite};
use rusqlite::{Connection, OpenFlags, Statement, params_from_iter, types::Value};

use crate::harness::cores::Cores;

/// A database that is a copy of another one, and stays so.
pub struct Bare {
    source: Connection,
    copy: Connection,
    tables: Vec<Table>,
}

/// A table, and how far the copy has it.
struct Table {
    name: String,
    columns: usize,
    seen: i64,
}

/// Rows of a table.
type Rows = Vec<Vec<Value>>;

// === impl Bare ===

impl Bare {
    /// A copy of that database into that file.
    pub fn of(source: &Path, copy: &Path) -> Self {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let source = Connection::open_with_flags(source, flags).expect("the database");
        source.execute("VACUUM INTO ?1", [copy.to_str().expect("text")]).expect("room for a copy");
        let copy = Connection::open(copy).expect("the copy");
        // As the gateway has them.
        let settings = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
                        PRAGMA recursive_triggers = ON";
        copy.execute_batch(settings).expect("settings");
        copy.execute_batch(sqlite::PACE).expect("settings");
        let names: Vec<String> = {
            // In the order in which they were made: what is referred to comes first.
            let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid";
            let mut query = source.prepare(sql).expect("a query");
            let names = query.query_map([], |row| row.get(0)).expect("names");
            names.collect::<Result<_, _>>().expect("names")
        };
        let tables = names.into_iter().map(|name| Table::new(&source, name)).collect();
        Self { source, copy, tables }
    }

    /// Inserts what the source has beyond the copy, in so many commits. How many rows, and how long that took, on the
    /// server's core.
    pub fn insert(&mut self, commits: usize, cores: Cores, clock: &dyn Clock) -> (usize, Duration) {
        let rows: Vec<Rows> = self.tables.iter_mut().map(|table| table.beyond(&self.source)).collect();
        let count = rows.iter().map(Vec::len).sum();
        let mut inserts: Vec<Statement<'_>> =
            self.tables.iter().map(|table| self.copy.prepare(&table.insert()).expect("an insert")).collect();
        let took = cores.on_server(|| {
            let begun = clock.monotonic();
            for commit in 0..commits {
                self.copy.execute_batch("BEGIN IMMEDIATE").expect("begun");
                for (insert, rows) in inserts.iter_mut().zip(&rows) {
                    let part = rows.len() * commit / commits..rows.len() * (commit + 1) / commits;
                    for row in &rows[part] {
                        insert.execute(params_from_iter(row)).expect("inserted");
                    }
                }
                self.copy.execute_batch("COMMIT").expect("durable");
            }
            clock.monotonic() - begun
        });
        (count, took)
    }
}

// === impl Table ===

impl Table {
    fn new(source: &Connection, name: String) -> Self {
        let one = |sql: String| source.query_row(&sql, [], |row| row.get(0)).expect("a number");
        let seen = one(format!("SELECT COALESCE(MAX(rowid), 0) FROM {name}"));
        let columns = one(format!("SELECT COUNT(*) FROM pragma_table_info('{name}')"));
        Self { name, columns: usize::try_from(columns).expect("a few"), seen }
    }

    fn insert(&self) -> String {
        let places: Vec<String> = (1..=self.columns).map(|at| format!("?{at}")).collect();
        format!("INSERT INTO {} VALUES ({})", self.name, places.join(", "))
    }

    /// The rows that came since.
    fn beyond(&mut self, source: &Connection) -> Rows {
        let sql = format!("SELECT *, rowid FROM {} WHERE rowid > ?1 ORDER BY rowid", self.name);
        let mut query = source.prepare(&sql).expect("a query");
        let columns = self.columns;
        let mut rows = query.query([self.seen]).expect("rows");
        let mut found = Vec::new();
        while let Some(row) = rows.next().expect("a row") {
            self.seen = row.get(columns).expect("its rowid");
            found.push((0..columns).map(|at| row.get(at).expect("a value")).collect());
        }
        found
    }
}
