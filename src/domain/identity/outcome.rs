//! What the identity authority can answer. Out of reach is never a match: somebody looks first.

use serde::{Deserialize, Serialize};

use crate::domain::word::words;

words! {
    /// What the authority said.
    AuthorityMatch {
        /// Name and number are one person's.
        Match "MATCH";
        /// They are not.
        Mismatch "MISMATCH";
        /// It did not say.
        NotAvailable "NOT_AVAILABLE";
    }
}
