//! What a session must be before anything is written over it: settings that lose acknowledged writes are refused, on
//! every connection, for the primary after a failover may be set otherwise than the one before it.

use tokio_postgres::{Client, SimpleQueryMessage};

use super::{OpenError, connection::told};

/// The oldest server that is tested, as `server_version_num` counts.
const OLDEST: i64 = 150_000;

/// A frozen node must not hold others up: its open transaction, and with it its locks, end by themselves. No work of
/// the house waits for anything but the database while its transaction is open.
const SESSION: &str = "SET idle_in_transaction_session_timeout = '2s'; SET lock_timeout = '5s';
SET statement_timeout = '30s'; SET default_transaction_isolation = 'read committed'";

/// What each setting must be.
const NEEDED: [(&str, &[&str]); 3] = [
    ("fsync", &["on"]),
    ("full_page_writes", &["on"]),
    // `local` and `remote_write` acknowledge what a failover may lose.
    ("synchronous_commit", &["on", "remote_apply"]),
];

/// Makes the session safe, or says why it is not.
pub(super) async fn settle(client: &Client) -> Result<(), OpenError> {
    let failed = |error: tokio_postgres::Error| OpenError::Sql(told(&error));
    client.batch_execute(SESSION).await.map_err(failed)?;
    let version = show(client, "server_version_num").await?;
    if version.parse().unwrap_or(0) < OLDEST {
        return Err(OpenError::TooOld(version));
    }
    for (setting, needed) in NEEDED {
        let found = show(client, setting).await?;
        if !needed.contains(&found.as_str()) {
            return Err(OpenError::Unsafe { setting, found, needed: needed[0] });
        }
    }
    Ok(())
}

async fn show(client: &Client, setting: &str) -> Result<String, OpenError> {
    let answer = client.simple_query(&format!("SHOW {setting}")).await;
    let messages = answer.map_err(|error| OpenError::Sql(told(&error)))?;
    let found = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    });
    Ok(found.unwrap_or_default())
}
