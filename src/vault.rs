//! The vault: how names and numbers of persons are kept. Each subject has a data key of its own, which seals the
//! columns of that subject; the data key is kept beside them, wrapped by a key-encryption key that comes from a file.
//! What must be found again without being read is found by a keyed index, under another key from another file.
//!
//! It knows no SQL and no table: it takes and gives bytes, and who keeps them is its caller's matter. Nothing is sealed
//! without naming its [`Place`], and nothing opens in another one. To erase a subject, destroy its wrapped key: what it
//! sealed opens for nobody then. A backup that still has the wrapped key is closed by turning to a newer
//! key-encryption key ([`rotation`]) and destroying the older one.
//!
//! To seal one more column: declare a [`Column`] beside its table, and call [`SubjectKey::seal`] at its row.

pub mod index;
pub mod keyfile;
mod opened;
mod place;
mod ring;
pub mod rotation;
mod subject;

use std::{io, path::PathBuf, sync::Arc};

use thiserror::Error;

use self::{
    index::Index,
    keyfile::{KeyFileError, Purpose},
    ring::Ring,
};
pub use self::{
    opened::Opened,
    place::{Column, Owner, Place},
    ring::KeyId,
    subject::SubjectKey,
};
use crate::host;

/// Where the keys lie. Both files are readable by their owner only.
#[derive(Clone, Debug)]
pub struct Files {
    /// The key-encryption keys, oldest first; the last one wraps.
    pub kek: PathBuf,
    /// The key of every index and pseudonym.
    pub index: PathBuf,
}

/// The vault. Not printable: it holds keys.
pub struct Vault {
    ring: Ring,
    index: Arc<Index>,
}

/// Why the vault does not open. Each says what to do.
#[derive(Debug, Error)]
pub enum VaultError {
    /// A file of keys cannot be used.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// Keys are not read into a process whose memory others may keep.
    #[error("this process's memory cannot be kept out of core dumps ({0}); no key was read")]
    Exposed(io::Error),
}

/// Why something kept does not open. Says nothing of what is in it.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum OpenError {
    /// Too short, or of a form that is not known here.
    #[error("a sealed value is torn or of an unknown form")]
    Torn,
    /// Of another place, tenant, subject or version, or changed.
    #[error("a sealed value does not belong where it lies, or was changed")]
    Refused,
    /// Wrapped by a key that is not in the file.
    #[error(
        "a data key is wrapped by the key {0}, which is not in the file of key-encryption keys; put it back"
    )]
    UnknownKey(KeyId),
}

// === impl Vault ===

impl Vault {
    /// Reads both files. From then on the host keeps no core dump of this process.
    pub fn open(files: &Files) -> Result<Self, VaultError> {
        // SECURITY: before the first key is in memory, not after.
        host::seclude().map_err(VaultError::Exposed)?;
        let ring = Ring::new(&keyfile::read(&files.kek, Purpose::Kek)?);
        let index = Arc::new(Index::new(&keyfile::read_one(&files.index, Purpose::Index)?));
        Ok(Self { ring, index })
    }

    /// A fresh data key for a subject, and its wrapped form to be kept. Versions begin with 1.
    pub fn enrol(&self, owner: Owner<'_>, version: u32) -> (SubjectKey, Vec<u8>) {
        self.ring.enrol(owner, version)
    }

    /// The data key of a subject from its wrapped form.
    pub fn unlock(&self, owner: Owner<'_>, wrapped: &[u8]) -> Result<SubjectKey, OpenError> {
        self.ring.unlock(owner, wrapped)
    }

    /// The same data key wrapped by the newest key; `None` where it is already.
    pub fn rewrap(&self, owner: Owner<'_>, wrapped: &[u8]) -> Result<Option<Vec<u8>>, OpenError> {
        self.ring.rewrap(owner, wrapped)
    }

    /// The key that wraps now.
    pub fn newest(&self) -> KeyId {
        self.ring.newest()
    }

    /// Which key wraps this data key, for a column that says so. `None`: no wrapped key.
    pub fn wrapper(wrapped: &[u8]) -> Option<KeyId> {
        ring::wrapper(wrapped)
    }

    /// Indexes and pseudonyms, for whoever needs no more than these.
    pub fn index(&self) -> &Arc<Index> {
        &self.index
    }
}

#[cfg(test)]
mod tests;
