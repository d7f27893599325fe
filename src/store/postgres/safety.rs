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

/// Makes the session safe, or says why it is not: in one message, for a node that starts has others to send.
pub(super) async fn settle(client: &Client) -> Result<(), OpenError> {
    let values = ask(client, &format!("{SESSION}; {}", question())).await?;
    let version = values.first().cloned().unwrap_or_default();
    if version.parse().unwrap_or(0) < OLDEST {
        return Err(OpenError::TooOld(version));
    }
    match judged(&values).into_iter().find(|found| !found.is_safe) {
        Some(Found { setting, value, needed, .. }) => {
            Err(OpenError::Unsafe { setting, found: value, needed })
        }
        None => Ok(()),
    }
}

/// Each setting as the session has it.
pub(super) async fn found(client: &Client) -> Result<Vec<Found>, OpenError> {
    ask(client, &question()).await.map(|values| judged(&values))
}

/// The version, and each setting in the order of [`NEEDED`].
fn question() -> String {
    let settings = NEEDED.iter().map(|(setting, _)| format!(", current_setting('{setting}')"));
    format!("SELECT current_setting('server_version_num'){}", settings.collect::<String>())
}

fn judged(values: &[String]) -> Vec<Found> {
    let values = values.iter().skip(1).map(String::as_str).chain(std::iter::repeat(""));
    let found = NEEDED.into_iter().zip(values).map(|((setting, needed), value)| Found {
        setting,
        value: value.to_owned(),
        needed: needed[0],
        is_safe: needed.contains(&value),
    });
    found.collect()
}

pub(super) async fn show(client: &Client, setting: &str) -> Result<String, OpenError> {
    Ok(ask(client, &format!("SHOW {setting}")).await?.pop().unwrap_or_default())
}

/// The first row of what is answered.
async fn ask(client: &Client, sql: &str) -> Result<Vec<String>, OpenError> {
    let messages = client.simple_query(sql).await.map_err(|error| OpenError::Sql(told(&error)))?;
    let row = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    let values = row.map(|row| (0..row.len()).map(|at| row.get(at).unwrap_or_default().to_owned()));
    Ok(values.map(Iterator::collect).unwrap_or_default())
}
