//! Brings a file's schema up to date, in one transaction, each migration with its checksum.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior, params};

use super::OpenError;
use crate::{
    domain::time::Time,
    store::migration::{self, MIGRATIONS},
};

const TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_migration (
  version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, apply_time INTEGER NOT NULL
) STRICT";

/// Applies what is missing.
pub(super) fn run(connection: &mut Connection, path: &Path, now: Time) -> Result<(), OpenError> {
    let failed = |error| OpenError::Sqlite { path: path.to_owned(), error };
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    tx.execute_batch(TABLE).map_err(failed)?;
    let ours = migration::latest();
    let found: Option<i64> =
        tx.query_row("SELECT MAX(version) FROM schema_migration", [], |row| row.get(0)).map_err(failed)?;
    if let Some(found) = found.filter(|found| *found > ours) {
        return Err(OpenError::Newer { found, ours });
    }
    for migration in MIGRATIONS {
        let checksum = migration.checksum(migration.sqlite);
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
                tx.execute_batch(migration.sqlite).map_err(failed)?;
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
