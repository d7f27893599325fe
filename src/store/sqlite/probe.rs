//! Looks at a file and changes nothing, beside a running node or without one. SQLite's own files beside the database
//! are not made either: one made by another user would keep the node from opening its file.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Read},
    path::Path,
};

use nix::sys::statfs::{self, FsType};
use rusqlite::{Connection, OpenFlags};

use super::{APPLICATION_ID, BUSY, OpenError, beside, real};
use crate::store::migration::{Migration, Schema};

/// What is seen of a file.
#[derive(Clone, Debug)]
pub struct Report {
    /// Whether there is a file yet.
    pub exists: bool,
    /// Whether a process has it open as its own.
    pub is_in_use: bool,
    /// The file system that it is on.
    pub place: Place,
    /// What is in it; `None` where it has to be left alone.
    pub inside: Option<Inside>,
}

/// A file system.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// The network file system that it is, where it is one: locks and flushes are not to be trusted there.
    pub network: Option<&'static str>,
    /// Bytes that are free.
    pub free: u64,
}

/// What is in a file.
#[derive(Clone, Debug)]
pub struct Inside {
    /// Whether changes reach it by a write-ahead log, as a node has it.
    pub is_wal: bool,
    /// How the schema stands to this program's.
    pub schema: Schema,
    /// The last revision, where there is a schema.
    pub revision: Option<i64>,
}

/// File systems over a network, and what runs in a program of its own, by the numbers that the kernel knows them by.
const NETWORKS: [(u32, &str); 10] = [
    (0x6969, "NFS"),
    (0xFF53_4D42, "CIFS"),
    (0xFE53_4D42, "SMB"),
    (0x517B, "SMB"),
    (0x00C3_6400, "Ceph"),
    (0x0102_1997, "9P"),
    (0x0BD0_0BD0, "Lustre"),
    (0x0116_1970, "GFS2"),
    (0x7461_636F, "OCFS2"),
    (0x5346_414F, "AFS"),
];

/// Looks at the file at that path.
pub fn look(path: &Path) -> Result<Report, OpenError> {
    let path = &real(path)?;
    let failed = |error| OpenError::Io { path: path.clone(), error };
    let place = place(path.parent().unwrap_or(path)).map_err(failed)?;
    let is_in_use = is_in_use(path).map_err(failed)?;
    // An empty file is what SQLite makes first.
    if !fs::metadata(path).is_ok_and(|file| file.len() > 0) {
        return Ok(Report { exists: false, is_in_use, place, inside: None });
    }
    // What a node left in the log when it was killed is taken over at the next start, and by nobody else.
    let left = fs::metadata(beside(path, "-wal")).is_ok_and(|log| log.len() > 0);
    let inside = if left && !is_in_use { None } else { Some(inside(path, is_in_use)?) };
    Ok(Report { exists: true, is_in_use, place, inside })
}

fn place(folder: &Path) -> io::Result<Place> {
    let found = statfs::statfs(folder)?;
    let FsType(kind) = found.filesystem_type();
    let network = NETWORKS.iter().find(|(number, _)| i64::from(*number) == (kind & 0xFFFF_FFFF));
    let free = u64::try_from(found.block_size()).unwrap_or(0).saturating_mul(found.blocks_available());
    Ok(Place { network: network.map(|(_, name)| *name), free })
}

/// Whether a node holds the lock of the file. It is asked for shared and given back at once.
fn is_in_use(path: &Path) -> io::Result<bool> {
    let file = match File::open(beside(path, ".lock")) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn inside(path: &Path, is_in_use: bool) -> Result<Inside, OpenError> {
    let failed = |error| OpenError::Sqlite { path: path.to_owned(), error };
    let connection = connect(path, is_in_use).map_err(failed)?;
    let id: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(failed)?;
    if id != APPLICATION_ID {
        return Err(OpenError::Foreign(path.to_owned()));
    }
    let applied = applied(&connection).map_err(failed)?;
    let schema = Schema::judge(&applied, |migration: &Migration| migration.sqlite);
    const REVISION: &str = "SELECT n FROM counter WHERE name = 'revision'";
    let revision = match schema {
        Schema::Empty | Schema::Foreign => None,
        _ => Some(connection.query_row(REVISION, [], |row| row.get(0)).map_err(failed)?),
    };
    let is_wal = is_wal(path).map_err(|error| OpenError::Io { path: path.to_owned(), error })?;
    Ok(Inside { is_wal, schema, revision })
}

/// By the file's own header: a connection to a file that is nobody's knows no log.
fn is_wal(path: &Path) -> io::Result<bool> {
    let mut header = [0; 20];
    File::open(path)?.read_exact(&mut header)?;
    Ok(header[18..] == [2, 2])
}

/// Beside a node SQLite's files are there, and are shared with it; without one the file is taken as nobody's.
fn connect(path: &Path, is_in_use: bool) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = match is_in_use {
        true => Connection::open_with_flags(path, flags)?,
        false => Connection::open_with_flags(immutable(path), flags | OpenFlags::SQLITE_OPEN_URI)?,
    };
    connection.busy_timeout(BUSY)?;
    Ok(connection)
}

/// The path as a URI that says that nobody changes it: every byte that could mean something else is escaped.
fn immutable(path: &Path) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte);
    let escaped = path.as_os_str().as_encoded_bytes().iter().map(|byte| match plain(*byte) {
        true => char::from(*byte).to_string(),
        false => format!("%{byte:02X}"),
    });
    format!("file:{}?immutable=1", escaped.collect::<String>())
}

fn applied(connection: &Connection) -> rusqlite::Result<Vec<(i64, String)>> {
    const THERE: &str = "SELECT COUNT(*) FROM sqlite_schema WHERE name = 'schema_migration'";
    let there: i64 = connection.query_row(THERE, [], |row| row.get(0))?;
    if there == 0 {
        return Ok(Vec::new());
    }
    let mut applied = connection.prepare("SELECT version, checksum FROM schema_migration")?;
    applied.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}
