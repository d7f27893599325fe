//! The numbers of an order, sealed by its own data key; and what its terms and list are known by, which says nothing of
//! them to whoever has no key.

use aws_lc_rs::digest;

use crate::{
    domain::{number::Msisdn, shutdown::terms::Terms},
    service::{persons::Persons, receipt::hex, register::seal::closed},
    store::{
        StoreError,
        sql::{
            shutdown::OrderRow,
            shutdown_known::Holder,
            shutdown_number::{NUMBER, NumberRow},
        },
    },
    vault::{Owner, SubjectKey},
};

/// The data key of an order.
pub fn unlock(persons: &Persons, order: &OrderRow) -> Result<SubjectKey, StoreError> {
    persons
        .vault
        .unlock(Owner::new(&order.organisation, &order.id), &order.wrapped_key)
        .map_err(|error| closed(&order.id, error))
}

/// The data key of a line's holder.
pub(super) fn unlock_holder(persons: &Persons, holder: &Holder) -> Result<SubjectKey, StoreError> {
    persons
        .vault
        .unlock(Owner::new(&holder.mvno, &holder.id), &holder.wrapped_key)
        .map_err(|error| closed(&holder.id, error))
}

/// Seals a number at its place.
pub fn seal(key: &SubjectKey, order_id: &str, n: i64, msisdn: &Msisdn) -> Vec<u8> {
    key.seal(NUMBER.at(&place(order_id, n)), msisdn.e164().as_bytes())
}

/// Opens a number; one that was erased is none any more.
pub fn open(key: &SubjectKey, row: &NumberRow) -> Result<Msisdn, StoreError> {
    open_at(key, &row.order_id, row.n, row.number.as_deref().unwrap_or_default())
}

/// Opens what was sealed at a place.
pub fn open_at(key: &SubjectKey, order_id: &str, n: i64, sealed: &[u8]) -> Result<Msisdn, StoreError> {
    let place = place(order_id, n);
    let opened = key.open(NUMBER.at(&place), sealed).map_err(|error| closed(&place, error))?;
    std::str::from_utf8(opened.expose())
        .ok()
        .and_then(|text| Msisdn::parse(text).ok())
        .ok_or_else(|| StoreError::inconsistent("shutdown_number", "number", &place))
}

/// A keyed digest: 64 hex digits. A plain one of so few numbers could be tried out.
pub fn digest(persons: &Persons, what: &str, bytes: &[u8]) -> String {
    let plain = hex(digest::digest(&digest::SHA256, bytes).as_ref());
    persons.vault.index().ledger(what, &plain)
}

/// What an approval is about: the digest of terms and numbers, the rows in the order of the list.
pub fn plan_sha256<'n>(
    persons: &Persons,
    terms: &Terms,
    numbers: impl ExactSizeIterator<Item = &'n Msisdn>,
) -> String {
    digest(persons, "PLAN", &terms.canonical_of(numbers.len(), numbers.map(Msisdn::reveal)))
}

/// By which the terms are held to what is approved, without a look at the list: the numbers open at their places in it, and
/// nowhere else.
pub fn terms_sha256(persons: &Persons, terms: &Terms, count: i64, plan_sha256: &str) -> String {
    let count = usize::try_from(count).unwrap_or_default();
    let mut canonical = terms.canonical_of(count, std::iter::empty());
    canonical.extend_from_slice(plan_sha256.as_bytes());
    digest(persons, "TERMS", &canonical)
}

fn place(order_id: &str, n: i64) -> String {
    format!("{order_id}/{n}")
}
