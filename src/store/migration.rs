//! The schema's history: each migration has one text for every engine and what only one engine says its own way.
//! A migration that was applied is never changed: a new one is added.
//!
//! | version | what changed |
//! | --- | --- |
//! | 1 | the first schema |
//! | 2 | the reasons of acts |
//! | 3 | a mark of who takes part |
//! | 4 | subjects, lines, registrations, outlets, imports |
//! | 5 | a lock for what is listed of persons, and the tokens that stand for them |

use aws_lc_rs::digest;

/// One migration.
pub(super) struct Migration {
    pub(super) version: i64,
    pub(super) name: &'static str,
    /// For every engine, in TEXT, BIGINT and BLOB; each engine has its own words for these.
    pub(super) common: &'static str,
    pub(super) sqlite: &'static str,
    pub(super) postgres: &'static str,
}

/// Every migration, in order.
pub(super) const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        name: "first",
        common: include_str!("migrations/0001_first.sql"),
        sqlite: include_str!("migrations/0001_first.sqlite.sql"),
        postgres: include_str!("migrations/0001_first.postgres.sql"),
    },
    Migration {
        version: 2,
        name: "reasons",
        common: include_str!("migrations/0002_reasons.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        version: 3,
        name: "participants",
        common: include_str!("migrations/0003_participants.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        version: 4,
        name: "registration",
        common: include_str!("migrations/0004_registration.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        version: 5,
        name: "listings",
        common: include_str!("migrations/0005_listings.sql"),
        sqlite: "",
        postgres: "",
    },
];

/// The version that this program makes.
pub(super) fn latest() -> i64 {
    MIGRATIONS.last().map_or(0, |migration| migration.version)
}

// === impl Migration ===

impl Migration {
    /// SHA-256 of what an engine runs: the common text and its own, lower-case hex.
    pub(super) fn checksum(&self, own: &str) -> String {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(self.common.as_bytes());
        context.update(own.as_bytes());
        context.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
