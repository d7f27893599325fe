//! Turning to a newer key-encryption key: every wrapped key is wrapped again, a batch at a time, while the rest of the
//! house goes on. What is sealed is not touched. It may end at any moment and begin again: what is done already is not
//! asked for a second time.

use super::{KeyId, OpenError, Owner, Vault};
use crate::domain::name::ParticipantName;

/// A wrapped key where it is kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Kept {
    /// Whose it is.
    pub tenant: ParticipantName,
    /// Of which subject.
    pub subject: String,
    /// The wrapped key.
    pub wrapped: Vec<u8>,
}

/// A wrapped key that is to take the place of another.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Replacement {
    /// What is there now. Where it is not any more, nothing is written: a subject that was erased stays so.
    pub kept: Kept,
    /// What comes instead.
    pub wrapped: Vec<u8>,
}

/// Where wrapped keys are kept.
pub trait WrappedKeys {
    /// Why it cannot be read or written.
    type Error;

    /// Wrapped keys that are not by `newest`, in an order of their own, after that one, at most so many.
    fn stale(
        &self,
        newest: KeyId,
        after: Option<&Kept>,
        most: usize,
    ) -> impl Future<Output = Result<Vec<Kept>, Self::Error>> + Send;

    /// Writes those whose kept form is still there, all or none of them durably. How many were.
    fn replace(&self, batch: Vec<Replacement>) -> impl Future<Output = Result<u64, Self::Error>> + Send;
}

/// What a walk came to.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Tally {
    /// Wrapped again.
    pub rewrapped: u64,
    /// Changed or erased by somebody else meanwhile, and left alone.
    pub overtaken: u64,
    /// Which do not open: torn, moved, or by a key that is not in the file. Each is in the log, by its subject's row.
    pub refused: u64,
}

/// Walks over everything that is not by the newest key. `told` hears how far it came after each batch.
pub async fn run<K: WrappedKeys>(
    vault: &Vault,
    keys: &K,
    most: usize,
    mut told: impl FnMut(Tally),
) -> Result<Tally, K::Error> {
    let (mut tally, mut last) = (Tally::default(), None);
    loop {
        let stale = keys.stale(vault.newest(), last.as_ref(), most.max(1)).await?;
        let Some(end) = stale.last().cloned() else { return Ok(tally) };
        let mut batch = Vec::with_capacity(stale.len());
        for kept in stale {
            match vault.rewrap(Owner::new(&kept.tenant, &kept.subject), &kept.wrapped) {
                Ok(Some(wrapped)) => batch.push(Replacement { kept, wrapped }),
                Ok(None) => {}
                Err(error) => {
                    tally.refused += 1;
                    refused(&kept, error);
                }
            }
        }
        let asked = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        let done = if batch.is_empty() { 0 } else { keys.replace(batch).await? };
        tally.rewrapped += done;
        tally.overtaken += asked.saturating_sub(done);
        told(tally);
        last = Some(end);
    }
}

fn refused(kept: &Kept, error: OpenError) {
    tracing::error!(subject.row = %kept.subject, %error, "a wrapped key was left as it is");
}

#[cfg(test)]
mod tests;
