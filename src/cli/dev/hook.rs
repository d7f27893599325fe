//! The sample hook for `greenlane agent`, in the folder of `dev`. One that was changed there stays as it is.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use crate::pki::folder::{FolderError, write};

/// Where it lies.
pub(super) fn place(dir: &Path) -> PathBuf {
    dir.join("hook.sh")
}

/// Writes it where it is not there yet.
pub(super) fn write_sample(dir: &Path) -> Result<(), FolderError> {
    let path = place(dir);
    if path.exists() {
        return Ok(());
    }
    write(&path, include_str!("hook.sh"))?;
    let run = fs::set_permissions(&path, fs::Permissions::from_mode(0o755));
    run.map_err(|error: io::Error| FolderError::Io { path, error })
}
