//! Where a value lies, and whose it is: what a seal is bound to. Every part goes in with its length, so that no two
//! places are ever the same bytes.

use crate::domain::name::ParticipantName;

/// A column that is sealed. Declared once, beside its table.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Column {
    table: &'static str,
    column: &'static str,
}

/// A column of one row: where one value lies. The tenant is the data key's own.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    column: Column,
    row: &'a str,
}

/// Whose data key: a subject of a tenant.
#[derive(Clone, Copy, Debug)]
pub struct Owner<'a> {
    tenant: &'a ParticipantName,
    subject: &'a str,
}

// === impl Column ===

impl Column {
    /// A column of a table, both as SQL names them.
    pub const fn of(table: &'static str, column: &'static str) -> Self {
        Self { table, column }
    }

    /// This column in the row of that key.
    pub const fn at(self, row: &str) -> Place<'_> {
        Place { column: self, row }
    }
}

// === impl Place ===

impl Place<'_> {
    pub(super) fn aad(&self, tenant: &str, version: u32) -> Vec<u8> {
        let parts = [tenant, self.column.table, self.row, self.column.column];
        bind("greenlane sealed column v1", &parts, version)
    }
}

// === impl Owner ===

impl<'a> Owner<'a> {
    /// That subject of that tenant. The subject is named by the key of its row, never by anything of the person's.
    pub const fn new(tenant: &'a ParticipantName, subject: &'a str) -> Self {
        Self { tenant, subject }
    }

    pub(super) fn tenant(&self) -> String {
        self.tenant.to_string()
    }

    pub(super) fn aad(&self, wrapper: &[u8], version: u32) -> Vec<u8> {
        let mut aad = bind("greenlane wrapped key v1", &[&self.tenant(), self.subject], version);
        aad.extend_from_slice(wrapper);
        aad
    }
}

/// What it is, each part after its length, and the version: nothing else gives the same bytes.
fn bind(what: &str, parts: &[&str], version: u32) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len() + LENGTH).sum();
    let mut bytes = Vec::with_capacity(LENGTH + what.len() + length + size_of_val(&version));
    prefixed(&mut bytes, what.as_bytes());
    for part in parts {
        prefixed(&mut bytes, part.as_bytes());
    }
    bytes.extend_from_slice(&version.to_be_bytes());
    bytes
}

/// Appends a part after its length.
pub(super) fn prefixed(to: &mut Vec<u8>, part: &[u8]) {
    let length = u64::try_from(part.len()).expect("a length fits");
    to.extend_from_slice(&length.to_be_bytes());
    to.extend_from_slice(part);
}

const LENGTH: usize = size_of::<u64>();

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_places_are_the_same_bytes() {
        const A: Column = Column::of("ab", "c");
        const B: Column = Column::of("a", "bc");
        let all = [
            A.at("x").aad("t", 1),
            B.at("x").aad("t", 1),
            A.at("x").aad("t", 2),
            A.at("xt").aad("", 1),
            A.at("").aad("tx", 1),
            A.at("t").aad("x", 1),
        ];
        for (at, one) in all.iter().enumerate() {
            assert!(all[at + 1..].iter().all(|other| other != one), "{at}");
        }
    }
}
