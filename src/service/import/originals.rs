//! What rejected rows said, for their sender to have back where its own file is gone: sealed by a key of the import's own,
//! which is destroyed when the import expires.

use super::rows::Original;
use crate::{
    service::register::seal,
    store::{
        StoreError,
        sql::import::{Job, ORIGINAL, row_key},
    },
    vault::{Opened, Owner, SubjectKey, Vault},
};

/// Rows of an import that are kept so, at most; of those after them the code and the text alone.
const MOST_ROWS: i64 = 10_000;
/// Bytes of a row at most: no row of a registration comes near it.
const MOST_BYTES: usize = 8 * 1024;

/// The originals of one import.
pub(super) struct Originals<'j> {
    vault: &'j Vault,
    job: &'j Job,
    key: Option<SubjectKey>,
}

// === impl Originals ===

impl<'j> Originals<'j> {
    /// Of that import.
    pub(super) fn of(vault: &'j Vault, job: &'j Job) -> Self {
        Self { vault, job, key: None }
    }

    /// A row as it is kept; `None` where it is not. `nth` is its place among the rejected rows.
    pub(super) fn seal(
        &mut self,
        row: i64,
        nth: i64,
        original: &Original,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let bytes = original.expose();
        if nth > MOST_ROWS || bytes.is_empty() || bytes.len() > MOST_BYTES {
            return Ok(None);
        }
        let at = row_key(&self.job.id, row);
        Ok(self.key()?.map(|key| key.seal(ORIGINAL.at(&at), bytes)))
    }

    /// A row as it came; `None` where it was not kept, or is not any more.
    pub(super) fn open(&mut self, row: i64, sealed: Option<&[u8]>) -> Result<Option<Opened>, StoreError> {
        let at = row_key(&self.job.id, row);
        let (Some(sealed), Some(key)) = (sealed, self.key()?) else { return Ok(None) };
        key.open(ORIGINAL.at(&at), sealed).map(Some).map_err(|error| seal::closed(&at, error))
    }

    fn key(&mut self) -> Result<Option<&SubjectKey>, StoreError> {
        if let (None, Some(wrapped)) = (&self.key, &self.job.wrapped_key) {
            let key = self.vault.unlock(Owner::new(&self.job.mvno, &self.job.id), wrapped);
            self.key = Some(key.map_err(|error| seal::closed(&self.job.id, error))?);
        }
        Ok(self.key.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt, path::Path};

    use super::*;
    use crate::{
        domain::{name::ParticipantName, registration::import::OnDuplicate, time::Time},
        vault::{
            Files,
            keyfile::{KeyLine, Purpose},
        },
    };

    fn vault(folder: &Path) -> Vault {
        let key = |name, purpose| {
            let path = folder.join(name);
            fs::write(&path, KeyLine::fresh(purpose).line().as_bytes()).expect("written");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("its owner's");
            path
        };
        let files = Files { kek: key("kek.key", Purpose::Kek), index: key("index.key", Purpose::Index) };
        Vault::open(&files).expect("a vault")
    }

    #[test]
    fn so_many_and_so_long() {
        let folder = tempfile::tempdir().expect("a folder");
        let vault = vault(folder.path());
        let mvno = ParticipantName::parse_mvno("mvnos/m01").expect("a name");
        let now = Time::of_date(2026, 3, 1);
        let job = Job {
            id: "j".to_owned(),
            wrapped_key: Some(vault.enrol(Owner::new(&mvno, "j"), 1).1),
            mvno,
            import_id: "i".to_owned(),
            on_duplicate: OnDuplicate::Skip,
            durable_through_row: 0,
            accepted: 0,
            skipped: 0,
            rejected: 0,
            create_time: now,
            update_time: now,
            expire_time: now,
        };
        let mut originals = Originals::of(&vault, &job);
        let of = |length| Original::new(vec![7; length]);
        let sealed = originals.seal(5, MOST_ROWS, &of(MOST_BYTES)).expect("sealed").expect("kept");
        assert!(originals.seal(5, MOST_ROWS + 1, &of(1)).expect("passed over").is_none());
        assert!(originals.seal(5, 1, &of(MOST_BYTES + 1)).expect("passed over").is_none());
        assert!(originals.seal(5, 1, &of(0)).expect("nothing there").is_none());
        let opened = originals.open(5, Some(&sealed)).expect("opened").expect("there");
        assert_eq!(opened.expose(), of(MOST_BYTES).expose());
        assert!(originals.open(6, Some(&sealed)).is_err(), "of another row");
        // An import that has expired has no key.
        let expired = Job { wrapped_key: None, ..job.clone() };
        let mut originals = Originals::of(&vault, &expired);
        assert!(originals.open(5, Some(&sealed)).expect("nobody's").is_none());
        assert!(originals.seal(5, 1, &of(1)).expect("passed over").is_none());
    }
}
