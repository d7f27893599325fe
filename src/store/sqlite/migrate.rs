//! Brings a schema up to date, in one transaction, each migration with its checksum. A migration that was applied is
//! never changed: a new one is added.

use std::path::Path;

use aws_lc_rs::digest;
use rusqlite::{Connection, TransactionBehavior, params};

use super::OpenError;
use crate::domain::time::Time;

/// One migration: the text for every engine, and what only SQLite says its own way.
struct Migration {
    version: i64,
    name: &'static str,
    common: &'static str,
    own: &'static str,
}

const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        name: "first",
        common: include_str!("../migrations/0001_first.sql"),
        own: include_str!("../migrations/0001_first.sqlite.sql"),
    },
    Migration {
        version: 2,
        name: "reasons",
        common: include_str!("../migrations/0002_reasons.sql"),
        own: "",
    },
];

const TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_migration (
  version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, apply_time INTEGER NOT NULL
) STRICT";

/// Applies what is missing.
pub(super) fn run(connection: &mut Connection, path: &Path, now: Time) -> Result<(), OpenError> {
    let failed = |error| OpenError::Sqlite { path: path.to_owned(), error };
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    tx.execute_batch(TABLE).map_err(failed)?;
    let ours = MIGRATIONS.last().map_or(0, |migration| migration.version);
    let found: Option<i64> =
        tx.query_row("SELECT MAX(version) FROM schema_migration", [], |row| row.get(0)).map_err(failed)?;
    if let Some(found) = found.filter(|found| *found > ours) {
        return Err(OpenError::Newer { found, ours });
    }
    for migration in MIGRATIONS {
        let checksum = migration.checksum();
        let applied: Option<String> = tx
            .query_row(
                "SELECT MAX(checksum) FROM schema_migration WHERE version = ?1",
                [migration.version],
                |row| row.get(0),
            )
            .map_err(failed)?;
        match applied {
            Some(applied) if applied == checksum => {}
            Some(_) => return Err(OpenError::Changed(migration.version)),
            None => {
                tx.execute_batch(&dialect(migration.common)).map_err(failed)?;
                tx.execute_batch(migration.own).map_err(failed)?;
                tx.execute(
                    "INSERT INTO schema_migration (version, name, checksum, apply_time) VALUES (?1, ?2, ?3, ?4)",
                    params![migration.version, migration.name, checksum, now.micros()],
                )
                .map_err(failed)?;
            }
        }
    }
    tx.commit().map_err(failed)
}

/// SQLite's words for the common text: its own name of a 64-bit integer, and tables that keep to their types.
fn dialect(common: &str) -> String {
    common.replace("BIGINT", "INTEGER").replace("\n);", "\n) STRICT;")
}

// === impl Migration ===

impl Migration {
    fn checksum(&self) -> String {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(self.common.as_bytes());
        context.update(self.own.as_bytes());
        context.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
