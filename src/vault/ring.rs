//! The key-encryption keys: wrap, unwrap and wrap again the data keys of subjects. The newest wraps, any unwraps.
//!
//! A wrapped key is `1 | id of the wrapping key, 8 bytes | version of the data key, 4 | nonce, 12 | ciphertext, 32 |
//! tag, 16`.

use std::fmt;

use aws_lc_rs::{
    aead::{NONCE_LEN, RandomizedNonceKey},
    rand,
};
use zeroize::Zeroizing;

use super::{
    OpenError, Owner,
    keyfile::KeyLine,
    subject::{KEY, SubjectKey, aes, decrypt, encrypt},
};

const FORM: u8 = 1;
const ID: usize = 8;
const VERSION: usize = size_of::<u32>();
const HEAD: usize = 1 + ID + VERSION + NONCE_LEN;
const TAG: usize = 16;
const WRAPPED: usize = HEAD + KEY + TAG;

/// The name of a key: made from the key itself, and says nothing of it.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct KeyId([u8; ID]);

/// The keys of a file, newest first.
pub(super) struct Ring {
    keys: Vec<(KeyId, RandomizedNonceKey)>,
}

/// Which key wraps this; `None` where it is no wrapped key.
pub(super) fn wrapper(wrapped: &[u8]) -> Option<KeyId> {
    if wrapped.len() != WRAPPED || wrapped[0] != FORM {
        return None;
    }
    Some(KeyId(*wrapped[1..].first_chunk()?))
}

// === impl KeyId ===

impl KeyId {
    pub(super) const fn new(id: [u8; ID]) -> Self {
        Self(id)
    }

    /// Reads 16 hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        super::keyfile::unhex::<ID>(text).map(|id| Self(*id))
    }

    /// As it lies in a wrapped key.
    pub fn as_bytes(&self) -> &[u8; ID] {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

// === impl Ring ===

impl Ring {
    /// Of the lines of a file, at least one, oldest first.
    pub(super) fn new(lines: &[KeyLine]) -> Self {
        let keys = lines.iter().rev().map(|line| (line.id(), aes(&line.derive("wrap")))).collect();
        Self { keys }
    }

    pub(super) fn newest(&self) -> KeyId {
        self.first().0
    }

    pub(super) fn enrol(&self, owner: Owner<'_>, version: u32) -> (SubjectKey, Vec<u8>) {
        let mut key = Zeroizing::new([0; KEY]);
        rand::fill(&mut *key).expect("the operating system gives randomness");
        let wrapped = self.wrap(owner, version, &key);
        (SubjectKey::new(&key, owner.tenant(), version), wrapped)
    }

    pub(super) fn unlock(&self, owner: Owner<'_>, wrapped: &[u8]) -> Result<SubjectKey, OpenError> {
        let (version, key) = self.unwrap(owner, wrapped)?;
        Ok(SubjectKey::new(&key, owner.tenant(), version))
    }

    pub(super) fn rewrap(&self, owner: Owner<'_>, wrapped: &[u8]) -> Result<Option<Vec<u8>>, OpenError> {
        if wrapper(wrapped) == Some(self.newest()) {
            return Ok(None);
        }
        let (version, key) = self.unwrap(owner, wrapped)?;
        Ok(Some(self.wrap(owner, version, &key)))
    }

    fn wrap(&self, owner: Owner<'_>, version: u32, key: &[u8; KEY]) -> Vec<u8> {
        let (id, wrapping) = self.first();
        let mut wrapped = Vec::with_capacity(WRAPPED);
        wrapped.push(FORM);
        wrapped.extend_from_slice(id.as_bytes());
        wrapped.extend_from_slice(&version.to_be_bytes());
        wrapped.resize(HEAD, 0);
        wrapped.extend_from_slice(key);
        encrypt(wrapping, &owner.aad(id.as_bytes(), version), &mut wrapped, HEAD);
        wrapped
    }

    fn unwrap(&self, owner: Owner<'_>, wrapped: &[u8]) -> Result<(u32, Zeroizing<[u8; KEY]>), OpenError> {
        let id = wrapper(wrapped).ok_or(OpenError::Torn)?;
        let version = wrapped[1 + ID..].first_chunk().ok_or(OpenError::Torn)?;
        let version = u32::from_be_bytes(*version);
        let known = self.keys.iter().find(|(other, _)| *other == id);
        let (_, wrapping) = known.ok_or(OpenError::UnknownKey(id))?;
        let opened = decrypt(wrapping, &owner.aad(id.as_bytes(), version), wrapped, HEAD)?;
        let key = opened.first_chunk::<KEY>().ok_or(OpenError::Torn)?;
        Ok((version, Zeroizing::new(*key)))
    }

    fn first(&self) -> &(KeyId, RandomizedNonceKey) {
        self.keys.first().expect("a file without a key is refused")
    }
}
