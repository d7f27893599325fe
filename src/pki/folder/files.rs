//! Files that are written whole or not at all, and files that only their owner reads.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use super::FolderError;

/// Says of a fault which file it is about.
pub(super) fn at(path: &Path) -> impl Fn(io::Error) -> FolderError {
    let path = path.to_owned();
    move |error| FolderError::Io { path: path.clone(), error }
}

pub(super) fn read(path: &Path) -> Result<String, FolderError> {
    fs::read_to_string(path).map_err(at(path))
}

/// Writes a file whole or not at all: readers see the old one or the new one, after a power cut too.
pub fn write(path: &Path, text: &str) -> Result<(), FolderError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    let mut file = File::create(&beside).map_err(at(&beside))?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(at(&beside))?;
    fs::rename(&beside, path).map_err(at(path))
}

/// Writes a new file that only its owner reads; an existing one is never overwritten.
pub fn write_secret(path: &Path, text: &str) -> Result<(), FolderError> {
    write_secret_bytes(path, text.as_bytes())
}

/// The same for bytes.
pub fn write_secret_bytes(path: &Path, bytes: &[u8]) -> Result<(), FolderError> {
    let mut file: File =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(at(path))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(at(path))
}
