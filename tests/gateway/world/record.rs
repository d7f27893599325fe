//! The record as it lies there: counted, read as bytes, and changed or taken away behind the node's back.

use std::fs;

use super::{World, working};

// === impl World ===

impl World {
    /// Every file of the database, as it lies there now.
    pub fn files(&self) -> Vec<Vec<u8>> {
        let listed = fs::read_dir(self._folder.path()).expect("the folder");
        let paths = listed.map(|entry| entry.expect("a file").path());
        let files: Vec<_> = paths
            .filter(|path| path.extension().is_none_or(|end| end != "key"))
            .map(|path| fs::read(path).expect("read"))
            .collect();
        assert!(files.iter().map(Vec::len).sum::<usize>() > 100_000, "a database");
        files
    }

    /// Takes the record out of reach, or brings it back: for whoever looks, what is new is told by a table that is gone.
    pub fn hide_record(&self, hidden: bool) {
        let (from, to) = if hidden { ("counter", "gone") } else { ("gone", "counter") };
        let beside = rusqlite::Connection::open(&self.path).expect("the file");
        beside.execute_batch(&format!("ALTER TABLE {from} RENAME TO {to}")).expect("renamed");
    }

    /// A column of a table as it lies in the file, by id.
    pub fn column(&self, table: &str, column: &str) -> Vec<(String, Vec<u8>)> {
        let beside = rusqlite::Connection::open(&self.path).expect("the file");
        let mut query =
            beside.prepare(&format!("SELECT id, {column} FROM {table} ORDER BY id")).expect("a query");
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("rows");
        rows.map(|row| row.expect("bytes")).collect()
    }

    /// Puts others in their place, behind the node's back.
    pub fn put(&self, table: &str, column: &str, values: &[(String, Vec<u8>)]) {
        let beside = rusqlite::Connection::open(&self.path).expect("the file");
        for (id, bytes) in values {
            let done =
                beside.execute(&format!("UPDATE {table} SET {column} = ?2 WHERE id = ?1"), (id, bytes));
            assert_eq!(done, Ok(1));
        }
    }

    /// The number that a query answers.
    pub async fn number(&self, sql: &'static str) -> i64 {
        let found = self.store().read(working(move |tx| {
            Box::pin(async move { Ok(tx.query(sql, &[]).await?.first().expect("one row").int(0)?) })
        }));
        found.await.expect("a read")
    }

    /// Every row of the tables that acts write to, as one number each: nothing may differ where nothing was done.
    pub async fn rows(&self) -> Vec<i64> {
        let mut counts = Vec::new();
        for sql in [
            "SELECT COUNT(*) FROM fact",
            "SELECT COUNT(*) FROM entry",
            "SELECT COUNT(*) FROM change_log",
            "SELECT COUNT(*) FROM request",
            "SELECT COUNT(*) FROM allocation",
            "SELECT COUNT(*) FROM allocation WHERE return_time IS NULL",
            "SELECT COUNT(*) FROM participant",
            "SELECT COUNT(*) FROM participant WHERE state = 'ACTIVE'",
            "SELECT n FROM counter WHERE name = 'revision'",
        ] {
            counts.push(self.number(sql).await);
        }
        counts
    }
}
