//! What is remembered of an import, so that the same command goes on with it: a file under the contexts' folder, by the
//! import's id. Never anything of a row. How far the import is durable is the gateway's word: what stands here of it is
//! for people.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::cli::{
    Failure,
    ctl::{contexts, wrong},
};

/// An import.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct State {
    /// Its id at the gateway. Of chance, not of the file: a hash of a short file could be guessed back.
    pub(super) import_id: String,
    /// The context by which it is made.
    pub(super) context: String,
    /// The file.
    pub(super) file: PathBuf,
    /// SHA-256 of the file, in hex.
    pub(super) file_sha256: String,
    /// `skip` or `error`.
    pub(super) on_duplicate: String,
    /// Everything up to this row is durable, or rejected for good.
    pub(super) durable_through_row: i64,
    /// Rows taken in.
    pub(super) accepted: i64,
    /// Rows whose number had a live line.
    pub(super) skipped: i64,
    /// Rows that the gateway rejected.
    pub(super) rejected: i64,
    /// Rows that could not be sent.
    pub(super) unreadable: i64,
    /// Nothing is left to be sent.
    pub(super) complete: bool,
}

/// The folder of states.
pub(super) struct States(pub(super) PathBuf);

// === impl States ===

impl States {
    /// The one of that id.
    pub(super) fn get(&self, import_id: &str) -> Result<Option<State>, Failure> {
        let path = self.path(import_id)?;
        if !path.exists() {
            return Ok(None);
        }
        let kept = toml::from_str(&contexts::read(&path)?);
        let kept = kept.map_err(|fault| format!("{}: {}; move it away", path.display(), fault.message()))?;
        Ok(Some(kept))
    }

    /// The one that imports such a file in the same way.
    pub(super) fn of(&self, like: &State) -> Result<Option<State>, Failure> {
        if !self.0.exists() {
            return Ok(None);
        }
        let files = fs::read_dir(&self.0).map_err(|error| format!("{}: {error}", self.0.display()))?;
        let ids =
            files.filter_map(|file| Some(file.ok()?.file_name().to_str()?.strip_suffix(".toml")?.to_owned()));
        for id in ids {
            let found = self.get(&id)?;
            if let Some(found) = found.filter(|found| found.is_like(like)) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Remembers it.
    pub(super) fn keep(&self, state: &State) -> Result<(), Failure> {
        let text = toml::to_string(state).map_err(|fault| fault.to_string())?;
        contexts::write(&self.path(&state.import_id)?, &text)
    }

    fn path(&self, import_id: &str) -> Result<PathBuf, Failure> {
        let sound = (1..=64).contains(&import_id.len())
            && import_id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
            && !import_id.starts_with(['.', '-']);
        if !sound {
            return Err(wrong("an import's id has 1 to 64 letters, digits, dots, hyphens or underscores"));
        }
        Ok(self.0.join(format!("{import_id}.toml")))
    }
}

// === impl State ===

impl State {
    /// Whether it is the same file, in the same way, to the same gateway.
    fn is_like(&self, other: &Self) -> bool {
        (&self.context, &self.file_sha256, &self.on_duplicate)
            == (&other.context, &other.file_sha256, &other.on_duplicate)
    }

    /// Its file, where it still is what was imported.
    pub(super) fn file(&self) -> &Path {
        &self.file
    }
}
