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
//! | 6 | a lock for persons who are not there yet, and what rejected rows said, sealed |
//! | 7 | orders, their numbers, the commands of their receivers, appeals and alarms |
//! | 8 | the devices of industry lines |
//! | 9 | what makes the steps of a large order cheap |
//! | 10 | an order's numbers in the order of its list |
//! | 12 | ends and limits that no halt and no wait goes around |

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

/// How the schema of a database stands to this program's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Schema {
    /// There is none yet.
    Empty,
    /// Tables of another program.
    Foreign,
    /// Made by an older greenlane: brought up to date at the next start.
    Older {
        /// In the database.
        found: i64,
        /// In this program.
        ours: i64,
    },
    /// This program's.
    Current(i64),
    /// Made by a newer greenlane.
    Newer {
        /// In the database.
        found: i64,
        /// In this program.
        ours: i64,
    },
    /// This migration was applied, and is not the one in this program.
    Changed(i64),
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
    Migration {
        version: 6,
        name: "rejected",
        common: include_str!("migrations/0006_rejected.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        version: 7,
        name: "shutdown",
        common: include_str!("migrations/0007_shutdown.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        version: 8,
        name: "lines",
        common: include_str!("migrations/0008_lines.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        version: 9,
        name: "steps",
        common: include_str!("migrations/0009_steps.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        version: 10,
        name: "pages",
        common: include_str!("migrations/0010_pages.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        version: 11,
        name: "scopes",
        common: include_str!("migrations/0011_scopes.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        version: 12,
        name: "times",
        common: include_str!("migrations/0012_times.sql"),
        sqlite: "",
        postgres: "",
    },
];

/// The version that this program makes.
pub(super) fn latest() -> i64 {
    MIGRATIONS.last().map_or(0, |migration| migration.version)
}

// === impl Schema ===

impl Schema {
    /// By what was applied, version and checksum; `own` is what only that engine says its own way.
    pub(super) fn judge(applied: &[(i64, String)], own: impl Fn(&Migration) -> &'static str) -> Self {
        let (found, ours) = (applied.iter().map(|(version, _)| *version).max().unwrap_or(0), latest());
        let changed = |migration: &&Migration| {
            let checksum = migration.checksum(own(migration));
            applied.iter().any(|(version, known)| *version == migration.version && *known != checksum)
        };
        if found > ours {
            return Self::Newer { found, ours };
        }
        match MIGRATIONS.iter().find(changed) {
            Some(migration) => Self::Changed(migration.version),
            None if applied.is_empty() => Self::Empty,
            None if found < ours => Self::Older { found, ours },
            None => Self::Current(ours),
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_is_older_ours_newer_or_another() {
        let known = |migration: &Migration| (migration.version, migration.checksum(migration.sqlite));
        let applied: Vec<_> = MIGRATIONS.iter().map(known).collect();
        let judge = |applied: &[_]| Schema::judge(applied, |migration| migration.sqlite);
        assert_eq!(judge(&[]), Schema::Empty);
        assert_eq!(judge(&applied), Schema::Current(latest()));
        assert_eq!(judge(&applied[..1]), Schema::Older { found: 1, ours: latest() });
        let mut other = applied.clone();
        other[1].1 = "another".to_owned();
        assert_eq!(judge(&other), Schema::Changed(2));
        other.push((99, String::new()));
        assert_eq!(judge(&other), Schema::Newer { found: 99, ours: latest() });
    }
}
