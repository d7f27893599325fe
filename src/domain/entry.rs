//! An entry of the ledger. It names acts, resources and hashes; no person's data ever.

use serde::{Deserialize, Serialize};

use super::{time::Time, word::words};

/// One entry.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// A uuid v7.
    pub entry_id: String,
    /// What it stands for.
    pub kind: EntryKind,
    /// When it was made.
    pub entry_time: Time,
    /// The identity in the caller's certificate; `greenlane` for the gateway itself.
    pub caller: String,
    /// SHA-256 of the caller's certificate, lower-case hex.
    pub certificate_sha256: String,
    /// The full method path.
    pub method: String,
    /// The resource acted on.
    pub subject: String,
    /// SHA-256 of the request, lower-case hex.
    pub request_sha256: String,
    /// `DONE`, or the reason of a refusal.
    pub outcome: String,
    /// What changed, as JSON.
    pub detail: String,
    /// The revision that it made.
    pub revision: Option<i64>,
}

words! {
    /// What an entry stands for.
    EntryKind {
        /// Something was done.
        Act "ACT";
        /// A call was refused.
        Refusal "REFUSAL";
        /// The caller went away before the answer.
        Abandoned "ABANDONED";
        /// A check with a receipt.
        Read "READ";
    }
}
