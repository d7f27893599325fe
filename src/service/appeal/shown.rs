//! What of an appeal is shown: to the subscriber how it stands, to others what they may see.

use super::hears;
use crate::{
    domain::{
        appeal::{Appeal, statement},
        caller::Caller,
        personal::Personal,
    },
    service::register::seal::closed,
    store::{
        StoreError,
        sql::{self, appeal::Sealed},
    },
    vault::{Column, Owner, SubjectKey, Vault},
};

/// An appeal as one caller sees it.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The appeal.
    pub appeal: Appeal,
    /// The number; empty where it is not told.
    pub msisdn: Personal,
    /// All that was said for it; empty where it is not told.
    pub statement: Personal,
}

// === impl Shown ===

impl Shown {
    /// To the subscriber: the number is the subscriber's, and what was said too; the portal need not have them.
    pub(super) fn bare(appeal: Appeal) -> Self {
        Self { appeal, msisdn: Personal::default(), statement: Personal::default() }
    }

    /// Opened for that caller.
    pub(super) fn open(vault: &Vault, caller: &Caller, sealed: Sealed) -> Result<Self, StoreError> {
        let Sealed { appeal, statement, number, wrapped_key } = sealed;
        if wrapped_key.is_empty() {
            return Ok(Self::bare(appeal)); // erased with its order
        }
        let key = vault
            .unlock(Owner::new(&appeal.organisation, &appeal.order_id), &wrapped_key)
            .map_err(|error| closed(&appeal.order_id, error))?;
        let statement = statement.filter(|_| hears(caller, &appeal.organisation));
        let at = format!("{}/{}", appeal.order_id, appeal.n);
        Ok(Self {
            msisdn: text(&key, sql::shutdown_number::NUMBER, &at, number)?,
            statement: statement::shown(&text(&key, sql::appeal::STATEMENT, &appeal.id, statement)?),
            appeal,
        })
    }
}

pub(super) fn text(
    key: &SubjectKey,
    column: Column,
    row: &str,
    sealed: Option<Vec<u8>>,
) -> Result<Personal, StoreError> {
    let Some(sealed) = sealed else { return Ok(Personal::default()) };
    let opened = key.open(column.at(row), &sealed).map_err(|error| closed(row, error))?;
    Ok(Personal::from(opened.expose_text().map_err(|error| closed(row, error))?))
}
