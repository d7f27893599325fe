//! What a session must be before anything is written over it: settings that lose acknowledged writes are refused, on
//! every connection, for the primary after a failover may be set otherwise than the one before it.

use tokio_postgres::{Client, SimpleQueryMessage};

use super::{OpenError, connection::told};

/// The oldest server that is tested, as `server_version_num` counts.
pub(super) const OLDEST: i64 = 150_000;

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

/// A setting on which it depends whether what is acknowledged is kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Found {
    /// Its name.
    pub setting: &'static str,
    /// As it is.
    pub value: String,
    /// As it must be.
    pub needed: &'static str,
    /// Whether it loses nothing.
    pub is_safe: bool,
}

/// Makes the session safe, or says why it is not.
pub(super) async fn settle(client: &Client) -> Result<(), OpenError> {
    let failed = |error: tokio_postgres::Error| OpenError::Sql(told(&error));
    client.batch_execute(SESSION).await.map_err(failed)?;
    let version = show(client, "server_version_num").await?;
    if version.parse().unwrap_or(0) < OLDEST {
        return Err(OpenError::TooOld(version));
    }
    match found(client).await?.into_iter().find(|found| !found.is_safe) {
        Some(Found { setting, value, needed, .. }) => {
            Err(OpenError::Unsafe { setting, found: value, needed })
        }
        None => Ok(()),
    }
}

/// Each setting as the session has it.
pub(super) async fn found(client: &Client) -> Result<Vec<Found>, OpenError> {
    let mut all = Vec::with_capacity(NEEDED.len());
    for (setting, needed) in NEEDED {
        let value = show(client, setting).await?;
        let is_safe = needed.contains(&value.as_str());
        all.push(Found { setting, value, needed: needed[0], is_safe });
    }
    Ok(all)
}

pub(super) async fn show(client: &Client, setting: &str) -> Result<String, OpenError> {
    let answer = client.simple_query(&format!("SHOW {setting}")).await;
    let messages = answer.map_err(|error| OpenError::Sql(told(&error)))?;
    let found = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    });
    Ok(found.unwrap_or_default())
}
