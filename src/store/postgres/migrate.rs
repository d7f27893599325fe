//! Brings a database's schema up to date, in one transaction under an advisory lock, each migration with its checksum.

use tokio_postgres::Client;

use super::{OpenError, connection::told};
use crate::{
    domain::time::Time,
    store::migration::{self, MIGRATIONS},
};

/// `GRLN` in ASCII: the lock under which schemas are changed.
const LOCK: i64 = 0x4752_4C4E;

const TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_migration (
  version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, apply_time BIGINT NOT NULL
)";

/// Applies what is missing.
pub(super) async fn run(client: &Client, now: Time) -> Result<(), OpenError> {
    // A lock that is waited for longer than a start takes is held by something else.
    batch(
        client,
        "BEGIN; SET LOCAL lock_timeout = '60s'; SET LOCAL idle_in_transaction_session_timeout = '60s'",
    )
    .await?;
    client.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await.map_err(failed)?;
    if is_foreign(client).await? {
        return Err(OpenError::Foreign);
    }
    batch(client, TABLE).await?;
    let ours = migration::latest();
    let found = client.query_one("SELECT MAX(version) FROM schema_migration", &[]).await.map_err(failed)?;
    if let Some(found) = found.get::<_, Option<i64>>(0).filter(|found| *found > ours) {
        return Err(OpenError::Newer { found, ours });
    }
    for migration in MIGRATIONS {
        let checksum = migration.checksum(migration.postgres);
        let applied = client
            .query_opt("SELECT checksum FROM schema_migration WHERE version = $1", &[&migration.version])
            .await
            .map_err(failed)?;
        match applied.map(|row| row.get::<_, String>(0)) {
            Some(applied) if applied == checksum => {}
            Some(_) => return Err(OpenError::Changed(migration.version)),
            None => {
                batch(client, &dialect(migration.common)).await?;
                batch(client, migration.postgres).await?;
                client
                    .execute(
                        "INSERT INTO schema_migration (version, name, checksum, apply_time) VALUES ($1, $2, $3, $4)",
                        &[&migration.version, &migration.name, &checksum, &now.micros()],
                    )
                    .await
                    .map_err(failed)?;
            }
        }
    }
    batch(client, "COMMIT").await
}

/// Whether there are tables, and none of them says which migrations made them.
async fn is_foreign(client: &Client) -> Result<bool, OpenError> {
    const TABLES: &str = "SELECT COUNT(*), COUNT(*) FILTER (WHERE table_name = 'schema_migration')
      FROM information_schema.tables WHERE table_schema = current_schema()";
    let row = client.query_one(TABLES, &[]).await.map_err(failed)?;
    Ok(row.get::<_, i64>(0) > 0 && row.get::<_, i64>(1) == 0)
}

/// PostgreSQL's words for the common text: its own name of bytes, a place in the order of record that the database
/// gives, and texts in the order of their bytes whatever the database's language.
fn dialect(common: &str) -> String {
    common
        .replace("seq INTEGER PRIMARY KEY", "seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY")
        .replace(" BLOB", " BYTEA")
        .replace(" TEXT", " TEXT COLLATE \"C\"")
}

async fn batch(client: &Client, sql: &str) -> Result<(), OpenError> {
    client.batch_execute(sql).await.map_err(failed)
}

fn failed(error: tokio_postgres::Error) -> OpenError {
    OpenError::Sql(told(&error))
}
