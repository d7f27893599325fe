//! A subject's data key: seals and opens the columns of that subject.
//!
//! A sealed value is `1 | version of the data key, 4 bytes | nonce, 12 | ciphertext | tag, 16`.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use zeroize::Zeroizing;

use super::{OpenError, Opened, Place};

/// The length of every key here.
pub(super) const KEY: usize = 32;
const FORM: u8 = 1;
const VERSION: usize = size_of::<u32>();
const HEAD: usize = 1 + VERSION + NONCE_LEN;
const TAG: usize = 16;

/// The data key of one subject of one tenant, ready for use. Not printable.
pub struct SubjectKey {
    key: RandomizedNonceKey,
    tenant: String,
    version: u32,
}

// === impl SubjectKey ===

impl SubjectKey {
    pub(super) fn new(key: &[u8; KEY], tenant: String, version: u32) -> Self {
        Self { key: aes(key), tenant, version }
    }

    /// Its version, as what it seals says.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Seals a value into that place of this tenant. Sealing twice gives two different values.
    pub fn seal(&self, place: Place<'_>, plain: &[u8]) -> Vec<u8> {
        // The plain bytes are copied once, to where they are encrypted.
        let mut sealed = Vec::with_capacity(HEAD + plain.len() + TAG);
        sealed.push(FORM);
        sealed.extend_from_slice(&self.version.to_be_bytes());
        sealed.resize(HEAD, 0);
        sealed.extend_from_slice(plain);
        encrypt(&self.key, &place.aad(&self.tenant, self.version), &mut sealed, HEAD);
        sealed
    }

    /// Opens what was sealed into that place of this tenant by this key.
    pub fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Opened, OpenError> {
        if sealed.len() < HEAD + TAG || sealed[0] != FORM {
            return Err(OpenError::Torn);
        }
        if sealed[1..=VERSION] != self.version.to_be_bytes() {
            return Err(OpenError::Refused);
        }
        decrypt(&self.key, &place.aad(&self.tenant, self.version), sealed, HEAD).map(Opened::new)
    }
}

/// AES-256-GCM whose nonces are drawn by the library. With 96 random bits, one key seals up to 2^32 values.
pub(super) fn aes(key: &[u8; KEY]) -> RandomizedNonceKey {
    RandomizedNonceKey::new(&AES_256_GCM, key).expect("the key has the length of one")
}

/// Encrypts what follows the head in place, writes the nonce to the end of the head, and appends the tag.
pub(super) fn encrypt(key: &RandomizedNonceKey, aad: &[u8], bytes: &mut Vec<u8>, head: usize) {
    let (nonce, tag) = key
        .seal_in_place_separate_tag(Aad::from(aad), &mut bytes[head..])
        .expect("AES-GCM takes 64 GiB, and there is randomness");
    bytes[head - NONCE_LEN..head].copy_from_slice(nonce.as_ref());
    bytes.extend_from_slice(tag.as_ref());
}

/// The reverse, into memory of its own that is wiped.
pub(super) fn decrypt(
    key: &RandomizedNonceKey,
    aad: &[u8],
    bytes: &[u8],
    head: usize,
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let nonce = Nonce::try_assume_unique_for_key(&bytes[head - NONCE_LEN..head]).expect("of that length");
    let mut opened = Zeroizing::new(bytes[head..].to_vec());
    let length = key.open_in_place(nonce, Aad::from(aad), &mut opened).map_err(|_| OpenError::Refused)?.len();
    opened.truncate(length);
    Ok(opened)
}
