//! Brings a database's schema up to date, in one transaction under an advisory lock, each migration with its checksum.

use tokio_postgres::{Client, error::SqlState};

use super::{OpenError, connection::told};
use crate::{
    domain::time::Time,
    store::migration::{MIGRATIONS, Schema},
};

/// `GRLN` in ASCII: the lock under which schemas are changed.
const LOCK: i64 = 0x4752_4C4E;

const TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_migration (
  version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, apply_time BIGINT NOT NULL
)";

/// Applies what is missing. Where nothing is, which is nearly always, nobody is waited for.
pub(super) async fn run(client: &Client, now: Time) -> Result<(), OpenError> {
    if is_current(client).await? {
        return Ok(());
    }
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
    let applied = applied(client).await.map_err(failed)?;
    judge(&applied)?;
    for migration in MIGRATIONS {
        if applied.iter().any(|(version, _)| *version == migration.version) {
            continue;
        }
        batch(client, &dialect(migration.common)).await?;
        batch(client, migration.postgres).await?;
        let checksum = migration.checksum(migration.postgres);
        client
            .execute(
                "INSERT INTO schema_migration (version, name, checksum, apply_time) VALUES ($1, $2, $3, $4)",
                &[&migration.version, &migration.name, &checksum, &now.micros()],
            )
            .await
            .map_err(failed)?;
    }
    batch(client, "COMMIT").await
}

/// Whether the schema is this program's, by one look.
async fn is_current(client: &Client) -> Result<bool, OpenError> {
    match applied(client).await {
        Ok(applied) => Ok(matches!(judge(&applied)?, Schema::Current(_))),
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => Ok(false),
        Err(error) => Err(failed(error)),
    }
}

/// Every migration that was applied, with its checksum.
async fn applied(client: &Client) -> Result<Vec<(i64, String)>, tokio_postgres::Error> {
    let rows = client.query("SELECT version, checksum FROM schema_migration", &[]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// How the schema stands to ours, unless it cannot be used.
fn judge(applied: &[(i64, String)]) -> Result<Schema, OpenError> {
    match Schema::judge(applied, |migration| migration.postgres) {
        Schema::Newer { found, ours } => Err(OpenError::Newer { found, ours }),
        Schema::Changed(version) => Err(OpenError::Changed(version)),
        schema => Ok(schema),
    }
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
