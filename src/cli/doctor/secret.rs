//! Whether a file that holds a secret keeps it.

use std::{os::unix::fs::PermissionsExt, path::Path};

/// What to do about a file that everybody on the machine may read. A group may: that is how services are let in.
pub(super) fn exposed(path: &Path) -> Option<String> {
    let mode = std::fs::metadata(path).ok()?.permissions().mode();
    (mode & 0o007 != 0)
        .then(|| format!("{}: others on this machine may open it; chmod o= it", path.display()))
}
