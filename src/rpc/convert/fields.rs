//! Reads the fields of a message and collects what is wrong with them. A faulty field yields a stand-in, so that the
//! checks after it can run; nothing is done with it, because the faults are answered first.

use prost_types::Timestamp;

use super::word::Word;
use crate::domain::{
    caller::Class,
    channel::outlet::OutletName,
    name::{ParticipantName, Slug},
    refusal::{Refusal, Violation},
    time::Time,
};

/// Faults found so far.
#[derive(Debug, Default)]
pub struct Fields(pub Vec<Violation>);

/// Faults kept; what is wrong beyond them is found when these are mended.
const MOST: usize = 1_000;
/// Names longer than this are of no resource here.
const LONGEST_NAME: usize = 200;

// === impl Fields ===

impl Fields {
    /// Adds a fault.
    pub fn fault(&mut self, field: &str, code: &str, text: impl std::fmt::Display) {
        if self.0.len() < MOST {
            self.0.push(Violation::new(field, code, text));
        }
    }

    /// All of them at once, or nothing: for calls that have no further checks.
    pub fn done(self) -> Result<(), Refusal> {
        if self.0.is_empty() { Ok(()) } else { Err(Refusal::fields(self.0)) }
    }

    /// The name of an MVNO.
    pub fn mvno(&mut self, field: &str, text: &str) -> ParticipantName {
        match ParticipantName::parse_mvno(text) {
            Ok(name) => return name,
            Err(_) if text.is_empty() => self.fault(field, "REQUIRED", "the MVNO's name, like mvnos/m07"),
            Err(error) => self.fault(field, "BAD_NAME", error),
        }
        nobody(Class::Mvno)
    }

    /// The name of an MVNO, or nothing.
    pub fn opt_mvno(&mut self, field: &str, text: &str) -> Option<ParticipantName> {
        (!text.is_empty()).then(|| self.mvno(field, text))
    }

    /// The name of a participant of any class.
    pub fn participant(&mut self, field: &str, text: &str) -> ParticipantName {
        match ParticipantName::parse(text) {
            Ok(name) => return name,
            Err(_) if text.is_empty() => {
                self.fault(field, "REQUIRED", "a name like mvnos/m07 or carriers/unicom")
            }
            Err(error) => self.fault(field, "BAD_NAME", error),
        }
        nobody(Class::Portal)
    }

    /// The name of a fact, `mvnos/m07/<collection>/<id>`, and whose it is.
    pub fn fact(&mut self, field: &str, text: &str, collection: &str) -> (ParticipantName, String) {
        let mut parts = text.split('/');
        let owner = match (parts.next(), parts.next()) {
            (Some("mvnos"), Some(id)) => {
                Slug::parse(id).ok().map(|id| ParticipantName { class: Class::Mvno, id })
            }
            _ => None,
        };
        let fits = parts.next() == Some(collection)
            && parts.next().is_some_and(|id| Slug::parse(id).is_ok())
            && parts.next().is_none();
        match owner.filter(|_| fits && text.len() <= LONGEST_NAME) {
            Some(owner) => (owner, text.to_owned()),
            None => {
                let code = if text.is_empty() { "REQUIRED" } else { "BAD_NAME" };
                self.fault(field, code, format!("a name like mvnos/m07/{collection}/<id>"));
                (nobody(Class::Mvno), String::new())
            }
        }
    }

    /// The last part of a name like `appeals/<id>`.
    pub fn last(&mut self, field: &str, text: &str, collection: &str) -> String {
        let id = text.strip_prefix(collection).and_then(|rest| rest.strip_prefix('/'));
        match id.filter(|id| Slug::parse(id).is_ok()) {
            Some(id) => id.to_owned(),
            None => {
                let code = if text.is_empty() { "REQUIRED" } else { "BAD_NAME" };
                self.fault(field, code, format!("a name like {collection}/<id>"));
                String::new()
            }
        }
    }

    /// The name of a registration. Whose it is decides the service: another's is not found.
    pub fn registration(&mut self, field: &str, text: &str) -> String {
        self.fact(field, text, "registrations").1
    }

    /// The name of the fact that a new one corrects, or nothing.
    pub fn supersedes(&mut self, field: &str, text: &str, collection: &str) -> Option<String> {
        (!text.is_empty()).then(|| self.fact(field, text, collection).1)
    }

    /// The name of an outlet.
    pub fn outlet(&mut self, field: &str, text: &str) -> OutletName {
        OutletName::parse(text).unwrap_or_else(|| {
            let code = if text.is_empty() { "REQUIRED" } else { "BAD_NAME" };
            self.fault(field, code, "a name like mvnos/m07/channels/<id>");
            OutletName { mvno: nobody(Class::Mvno), id: String::new() }
        })
    }

    /// A page's size. What is too large is cut, not refused.
    pub fn page_size(&mut self, size: i32) -> i32 {
        if size < 0 {
            self.fault("page_size", "OUT_OF_RANGE", "0 (for 50) to 1000");
        }
        size
    }

    /// A revision, 0 for none in particular.
    pub fn revision(&mut self, field: &str, revision: i64) -> i64 {
        if revision < 0 {
            self.fault(field, "OUT_OF_RANGE", "0 for any, or a revision that you were given");
        }
        revision
    }

    /// A moment that is not ahead of now, or nothing.
    pub fn opt_past(&mut self, field: &str, stamp: Option<&Timestamp>, now: Time) -> Option<Time> {
        let time = self.opt_time(field, stamp)?;
        if time > now {
            self.fault(field, "IN_FUTURE", format!("not later than now, {now}"));
        }
        Some(time)
    }

    /// A word that must be chosen.
    pub fn word<W: Word>(&mut self, field: &str, value: i32) -> Option<W> {
        let word = W::read(value);
        match (word, value) {
            (Some(_), _) => {}
            (None, 0) => self.fault(field, "REQUIRED", format!("one of {}", W::choices())),
            (None, _) => self.fault(field, "UNKNOWN_VALUE", format!("one of {}", W::choices())),
        }
        word
    }

    /// A word, or nothing.
    pub fn opt_word<W: Word>(&mut self, field: &str, value: i32) -> Option<W> {
        if value == 0 { None } else { self.word(field, value) }
    }

    /// A moment that must be given.
    pub fn time(&mut self, field: &str, stamp: Option<&Timestamp>) -> Time {
        if stamp.is_none() {
            self.fault(field, "REQUIRED", "a time like 2026-06-01T00:00:00Z");
        }
        self.opt_time(field, stamp).unwrap_or_default()
    }

    /// A moment, or nothing.
    pub fn opt_time(&mut self, field: &str, stamp: Option<&Timestamp>) -> Option<Time> {
        let stamp = stamp?;
        // The range of protobuf's timestamps: the years 1 to 9999.
        let fits = (-62_135_596_800..=253_402_300_799).contains(&stamp.seconds)
            && (0..1_000_000_000).contains(&stamp.nanos);
        if !fits {
            self.fault(
                field,
                "OUT_OF_RANGE",
                "a time from year 1 to 9999, with 0 to 999,999,999 nanoseconds",
            );
            return Some(Time::default());
        }
        Some(Time::from_micros(stamp.seconds * 1_000_000 + i64::from(stamp.nanos / 1000)))
    }
}

fn nobody(class: Class) -> ParticipantName {
    ParticipantName { class, id: Slug::parse("nobody").expect("a constant") }
}
