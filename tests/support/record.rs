//! What the record says of a load, whichever engine keeps it: nothing acknowledged is lost, nothing is written twice,
//! acts and their entries are the same set, and revisions are dense and in the order in which writes ended.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use rusqlite::{Connection, OpenFlags};
use tokio_postgres::{NoTls, SimpleQueryMessage};

use super::load::{Acknowledged, Write};

/// Where a record is kept.
#[derive(Clone, Debug)]
pub enum Record {
    /// A file.
    Sqlite(PathBuf),
    /// A URL.
    Postgres(String),
}

/// What was found. All but the first two should be nothing.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Found {
    pub acknowledged: usize,
    /// Of this load, acknowledged or not.
    pub recorded: usize,
    /// Acknowledged, and that write is not on record under that name, with that revision.
    pub lost: usize,
    /// On record more than once.
    pub doubled: usize,
    /// Acts of this load without exactly one entry.
    pub without_entry: usize,
    /// Entries of acts, of whatever load, without their act.
    pub without_act: usize,
    /// Revisions from the first on that were left out.
    pub gaps: usize,
    /// Acknowledged with a revision below that of a write which had ended before it began.
    pub out_of_order: usize,
}

/// A block's reason has the mark of the write that allocated it, then that of the one that returned it.
const ACTS: &str = "SELECT name, body FROM fact WHERE kind IN ('TALK', 'INSPECTION')
    UNION ALL SELECT 'allocations/' || prefix, reason FROM allocation
    UNION ALL SELECT 'returns/' || prefix, SUBSTR(reason, 65) FROM allocation WHERE return_time IS NOT NULL";
const ENTRIES: &str = "SELECT subject, method FROM entry WHERE kind = 'ACT'
    AND (method LIKE '%/RecordTalk' OR method LIKE '%/RecordInspection' OR method LIKE '%/AllocateNumbers')
    UNION ALL SELECT REPLACE(subject, 'allocations/', 'returns/'), method FROM entry
    WHERE kind = 'ACT' AND method LIKE '%/ReturnNumbers'";
const CHANGES: &str = "SELECT CAST(revision AS TEXT), cause FROM change_log";

// === impl Record ===

impl Record {
    /// Holds the record to what was acknowledged.
    pub async fn check(&self, load: &Acknowledged) -> Found {
        let acts = self.pairs(ACTS).await;
        let entries = self.pairs(ENTRIES).await;
        let changes = self.pairs(CHANGES).await;
        let changes: BTreeMap<i64, &str> =
            changes.iter().map(|(revision, cause)| (revision.parse().expect("a number"), &**cause)).collect();
        let names: BTreeSet<&str> = acts.iter().map(|(name, _)| &**name).collect();
        let mut entered = BTreeMap::<&str, usize>::new();
        for (subject, _) in &entries {
            *entered.entry(subject).or_default() += 1;
        }
        // By the number of the write that each is of.
        let mut own = BTreeMap::<&str, Vec<&str>>::new();
        for (name, body) in &acts {
            if let Some((_, rest)) = body.split_once(&load.mark) {
                own.entry(&rest[..32]).or_default().push(name);
            }
        }
        let kept = |number: &u64, write: &Write| {
            let recorded = own.get(&*format!("{number:032x}"));
            recorded.is_some_and(|names| names.contains(&&*write.name))
                && (write.revision == 0 || changes.get(&write.revision) == Some(&&*write.name))
        };
        let highest = changes.keys().next_back().copied().unwrap_or(0);
        Found {
            acknowledged: load.writes.len(),
            recorded: own.len(),
            lost: load.writes.iter().filter(|(number, write)| !kept(number, write)).count(),
            doubled: own.values().filter(|names| names.len() > 1).count(),
            without_entry: own.values().flatten().filter(|name| entered.get(**name) != Some(&1)).count(),
            without_act: entered.keys().filter(|subject| !names.contains(**subject)).count(),
            gaps: usize::try_from(highest).expect("not negative") - changes.len(),
            out_of_order: out_of_order(load),
        }
    }

    /// The rows of two columns of text.
    pub async fn pairs(&self, sql: &str) -> Vec<(String, String)> {
        match self {
            Self::Sqlite(file) => {
                let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
                let database = Connection::open_with_flags(file, flags).expect("the database");
                let mut statement = database.prepare(sql).expect("SQL");
                let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("rows");
                rows.collect::<Result<_, _>>().expect("text")
            }
            Self::Postgres(url) => {
                let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("the database");
                let connection = tokio::spawn(connection);
                let messages = client.simple_query(sql).await.expect("SQL");
                let rows = messages.iter().filter_map(|message| match message {
                    SimpleQueryMessage::Row(row) => Some((row.get(0)?.to_owned(), row.get(1)?.to_owned())),
                    _ => None,
                });
                let rows = rows.collect();
                drop(client);
                connection.await.expect("no panic").expect("an end in order");
                rows
            }
        }
    }
}

/// A write that began after another had ended must have the higher revision, where both made one.
fn out_of_order(load: &Acknowledged) -> usize {
    let writes = || load.writes.values().filter(|write| write.revision != 0);
    let ends: BTreeMap<u64, i64> = writes().map(|write| (write.ended, write.revision)).collect();
    let mut ends = ends.into_iter().peekable();
    let mut highest = 0;
    let mut begins: Vec<_> = writes().map(|write| (write.began, write.revision)).collect();
    begins.sort_unstable();
    let late = begins.into_iter().filter(|(began, revision)| {
        while let Some((_, ended)) = ends.next_if(|(ended, _)| ended < began) {
            highest = highest.max(ended);
        }
        *revision <= highest
    });
    late.count()
}

// === impl Found ===

impl Found {
    /// Panics where anything is wrong.
    #[track_caller]
    pub fn is_sound(&self) {
        let (acknowledged, recorded) = (self.acknowledged, self.recorded);
        assert_eq!(*self, Self { acknowledged, recorded, ..Self::default() });
        assert!(recorded >= acknowledged, "{self:?}");
    }
}
