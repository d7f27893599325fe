//! What regulators record. Each verb is a pure check of one request against the MVNO's history; [`super::record`]
//! does the rest. Faults of fields are collected, so that a caller sees them all at once.

pub mod close_finding;
pub mod lift_suspension;
pub mod open_finding;
pub mod record_assessment;
pub mod record_inspection;
pub mod record_licence;
pub mod record_talk;
pub mod revoke_licence;
pub mod submit_rectification;
pub mod suspend_mvno;

use super::context::Context;
use crate::domain::{
    fact::{Fact, FactBody},
    refusal::{Refusal, Violation},
    time::Time,
};

/// Collects faults of fields.
#[derive(Debug, Default)]
pub struct Faults(Vec<Violation>);

// === impl Faults ===

impl Faults {
    /// The faults that the request came with.
    pub fn of(context: &Context) -> Self {
        Self(context.violations())
    }

    /// Whether a field has a fault already.
    pub fn has(&self, field: &str) -> bool {
        self.0.iter().any(|fault| fault.field == field)
    }

    /// Adds a fault that was found elsewhere.
    pub fn add(&mut self, fault: Violation) {
        self.0.push(fault);
    }

    /// Adds a fault unless `fine`; the first fault of a field is the one that is told.
    pub fn require(&mut self, fine: bool, field: &str, code: &str, text: impl std::fmt::Display) {
        if !fine && !self.has(field) {
            self.0.push(Violation::new(field, code, text));
        }
    }

    /// Adds a fault that was found elsewhere.
    pub fn push(&mut self, fault: Violation) {
        if !self.has(&fault.field) {
            self.0.push(fault);
        }
    }

    /// A text of `least` to `most` characters without control characters but line ends.
    pub fn text(&mut self, field: &str, text: &str, least: usize, most: usize) {
        let length = text.chars().count();
        let fine = (least..=most).contains(&length);
        self.require(fine, field, "BAD_LENGTH", format!("{least} to {most} characters, this has {length}"));
        let plain = !text.chars().any(|c| c.is_control() && c != '\n');
        self.require(plain, field, "BAD_CHAR", "no control characters");
    }

    /// A text of one line: it stands among others, in notices, lists and documents, where a line of its own or letters
    /// that turn around would pass for somebody else's words.
    pub fn line(&mut self, field: &str, text: &str, least: usize, most: usize) {
        self.text(field, text, least, most);
        let breaks = |c| matches!(c, '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
        let plain = !text.chars().any(|c| c.is_control() || breaks(c));
        self.require(plain, field, "BAD_CHAR", "one line, without control characters");
    }

    /// A moment that is not ahead of now.
    pub fn not_ahead(&mut self, field: &str, moment: Time, now: Time) {
        self.require(moment <= now, field, "IN_FUTURE", format!("not later than now, {now}"));
    }

    /// SHA-256 in lower-case hex.
    pub fn hash(&mut self, field: &str, text: &str) {
        let fine = text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        self.require(fine, field, "BAD_HASH", "64 lower-case hex digits (SHA-256)");
    }

    /// A bounded list of hashes.
    pub fn hashes(&mut self, field: &str, hashes: &[String]) {
        self.require(hashes.len() <= 100, field, "TOO_MANY", "at most 100");
        for (at, hash) in hashes.iter().enumerate().take(100) {
            self.hash(&format!("{field}[{at}]"), hash);
        }
    }

    /// The mandatory reason of a regulator's act.
    pub fn reason(&mut self, reason: &str) {
        self.line("reason", reason, 4, 500);
    }

    /// The optional reason of one.
    pub fn optional_reason(&mut self, reason: &str) {
        if !reason.is_empty() {
            self.reason(reason);
        }
    }

    /// All of them at once, or nothing.
    pub fn done(self) -> Result<(), Refusal> {
        if self.0.is_empty() { Ok(()) } else { Err(Refusal::fields(self.0)) }
    }
}

/// Whether a later fact corrects this one.
fn is_superseded(facts: &[Fact], name: &str) -> bool {
    facts.iter().any(|fact| fact.supersedes.as_deref() == Some(name))
}

/// The close of a finding, where it has one that stands.
fn close_of<'a>(facts: &'a [Fact], finding: &str) -> Option<&'a Fact> {
    facts.iter().find(|fact| {
        matches!(&fact.body, FactBody::FindingClosed { finding: closed, .. } if closed == finding)
            && !is_superseded(facts, &fact.name)
    })
}
