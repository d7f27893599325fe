//! Subscribers taken in by file: what is done with numbers that are there, and what is told of a row that is not taken.

use serde::{Deserialize, Serialize};

use super::judge::Check;
use crate::domain::{
    fault::{At, Fault},
    refusal::Violation,
    word::words,
};

words! {
    /// What to do with a number that has a live line.
    OnDuplicate {
        /// Go on without it.
        Skip "SKIP";
        /// Reject the row.
        Error "ERROR";
    }
}

/// Rows of a message at most.
pub const MOST_ROWS: usize = 500;

/// A row that was not taken in. It never says what the row says.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Rejected {
    /// Its number.
    pub row_number: i64,
    /// Why.
    pub code: String,
    /// The field, and what would be right.
    pub text: String,
}

// === impl Rejected ===

impl Rejected {
    /// By the first fault of its form.
    pub fn faulty(row_number: i64, at: &At) -> Self {
        let field = at.field.trim_start_matches("registration.");
        let text = format!("{field}: {}", at.fault.text);
        Self { row_number, code: at.fault.code.as_str().to_owned(), text }
    }

    /// By a field that its message had wrong.
    pub fn violating(row_number: i64, fault: &Violation) -> Self {
        let (code, text) = fault.description.split_once(": ").unwrap_or((&fault.description, ""));
        let field = fault.field.trim_start_matches("registration.");
        Self { row_number, code: code.to_owned(), text: format!("{field}: {text}") }
    }

    /// By a check that it did not pass.
    pub fn judged(row_number: i64, check: Check, fault: Fault) -> Self {
        let text = format!("{check}: {}", fault.text);
        Self { row_number, code: fault.code.as_str().to_owned(), text }
    }
}
