//! A folder of `greenlane dev`, with numbers handed out to whom the bench needs them for.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::people::{MVNO, block};
use crate::harness::{child::Server, cores::Cores, gateway};

/// The statement that hands blocks out, beneath the gateway: 50 would be the most by its own rules. Its parameters are
/// id, prefix, MVNO and time.
pub const HAND_OUT: &str =
    "INSERT INTO allocation (id, prefix, mvno, carrier, allocate_time, allocated_by, reason)
 VALUES ($1, $2, $3, 'carriers/unicom', $4, 'regulators/miit', 'for the bench')";

/// A folder.
pub struct Site {
    dir: PathBuf,
    cores: Cores,
}

// === impl Site ===

impl Site {
    /// Made by a gateway that was started and ended.
    pub fn make(dir: &Path, cores: Cores) -> Self {
        drop(gateway::start(dir, 0, cores));
        Self { dir: dir.to_owned(), cores }
    }

    /// So many blocks from a first one on, handed out. Nobody is up.
    pub fn hand_out(&self, first: u64, blocks: u64) {
        let mut database = Connection::open(self.database()).expect("the database");
        let tx = database.transaction().expect("nobody else is there");
        for n in 0..blocks {
            let prefix = block(first, n);
            let values = (format!("bench-{prefix}"), &prefix, format!("mvnos/{MVNO}"), 0);
            tx.execute(HAND_OUT, values).expect("a block that is free");
        }
        tx.commit().expect("written");
    }

    /// The gateway, up.
    pub fn start(&self) -> Server {
        gateway::start_unlimited(&self.dir, 0, self.cores)
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The file of its database.
    pub fn database(&self) -> PathBuf {
        self.dir.join("greenlane.db")
    }
}
