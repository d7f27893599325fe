//! Files of keys: one key a line, `<purpose> <id> <64 hex digits>`, oldest first. The id is made from the key and its
//! purpose, so that a digit that was changed, or a key in the wrong file, is noticed before anything is sealed by it.

use std::{
    fmt,
    fs::File,
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use aws_lc_rs::{hkdf, rand};
use thiserror::Error;
use zeroize::Zeroizing;

use super::{KeyId, subject::KEY};

/// What a key is for. A key serves one purpose.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Purpose {
    /// Wraps the data keys of subjects.
    Kek,
    /// Makes indexes and pseudonyms.
    Index,
}

/// A key of a file. Not printable; wiped when it is dropped.
pub struct KeyLine {
    purpose: Purpose,
    id: KeyId,
    key: Zeroizing<[u8; KEY]>,
}

/// Why a file of keys cannot be used: one line that says which, where and what to do.
#[derive(Debug, Error)]
#[error("{path}{fault}", path = path.display())]
pub struct KeyFileError {
    path: PathBuf,
    fault: Fault,
}

#[derive(Debug, Error)]
enum Fault {
    #[error(": cannot be read ({0}); `greenlane key make` makes one")]
    Unreadable(io::Error),
    #[error(": not a file")]
    NotAFile,
    #[error(": others may read it (mode {0:04o}); say `chmod 600` of it, and make new keys if somebody did")]
    Open(u32),
    #[error(": no key in it; `greenlane key make` makes one")]
    Empty,
    #[error(": {0} keys in it, and there is one for {1}")]
    Several(usize, Purpose),
    #[error(":{0}: not a key; a line is `<purpose> <id> <64 hex digits>`")]
    Malformed(usize),
    #[error(":{line}: a key of {digits} digits; 64 are needed")]
    Length { line: usize, digits: usize },
    #[error(":{line}: a key for {found}; {wanted} is needed here")]
    Purpose { line: usize, found: Purpose, wanted: Purpose },
    #[error(":{line}: the key does not go with its id {id}: it was changed; restore it from its backup")]
    Damaged { line: usize, id: KeyId },
    #[error(":{line}: the key {id} stands twice in it")]
    Twice { line: usize, id: KeyId },
}

/// The keys of a file, oldest first; at least one.
pub fn read(path: &Path, purpose: Purpose) -> Result<Vec<KeyLine>, KeyFileError> {
    let text = text(path)?;
    parse(&text, purpose).map_err(|fault| KeyFileError { path: path.to_owned(), fault })
}

/// The key of a file that has one.
pub fn read_one(path: &Path, purpose: Purpose) -> Result<KeyLine, KeyFileError> {
    let mut keys = read(path, purpose)?;
    let fault = Fault::Several(keys.len(), purpose);
    match keys.pop() {
        Some(key) if keys.is_empty() => Ok(key),
        Some(_) | None => Err(KeyFileError { path: path.to_owned(), fault }),
    }
}

/// The text of a file that only its owner may read.
pub fn text(path: &Path) -> Result<Zeroizing<String>, KeyFileError> {
    checked(path).map_err(|fault| KeyFileError { path: path.to_owned(), fault })
}

fn checked(path: &Path) -> Result<Zeroizing<String>, Fault> {
    // What is judged is what is read: the file stays open in between.
    let mut file = File::open(path).map_err(Fault::Unreadable)?;
    let facts = file.metadata().map_err(Fault::Unreadable)?;
    if !facts.is_file() {
        return Err(Fault::NotAFile);
    }
    let mode = facts.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(Fault::Open(mode));
    }
    // At its full length at once: a string that grows leaves copies behind.
    let length = usize::try_from(facts.len()).unwrap_or(0) + 1;
    let mut text = Zeroizing::new(String::with_capacity(length));
    file.read_to_string(&mut text).map_err(Fault::Unreadable)?;
    Ok(text)
}

fn parse(text: &str, wanted: Purpose) -> Result<Vec<KeyLine>, Fault> {
    let mut keys: Vec<KeyLine> = Vec::new();
    for (line, text) in (1..).zip(text.lines()).filter(|(_, text)| !is_remark(text)) {
        let key = KeyLine::parse(line, text)?;
        if key.purpose != wanted {
            return Err(Fault::Purpose { line, found: key.purpose, wanted });
        }
        if keys.iter().any(|other| other.id == key.id) {
            return Err(Fault::Twice { line, id: key.id });
        }
        keys.push(key);
    }
    if keys.is_empty() { Err(Fault::Empty) } else { Ok(keys) }
}

fn is_remark(line: &str) -> bool {
    line.trim().is_empty() || line.starts_with('#')
}

/// The bytes of exactly so many hex digits.
pub(super) fn unhex<const N: usize>(text: &str) -> Option<Zeroizing<[u8; N]>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut bytes = Zeroizing::new([0; N]);
    if text.len() != 2 * N {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

// === impl KeyLine ===

impl KeyLine {
    /// A new key.
    pub fn fresh(purpose: Purpose) -> Self {
        let mut key = Zeroizing::new([0; KEY]);
        rand::fill(&mut *key).expect("the operating system gives randomness");
        Self { purpose, id: id(purpose, &key), key }
    }

    /// Its name.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// The line of a file.
    pub fn line(&self) -> Zeroizing<String> {
        use fmt::Write;
        let mut line = Zeroizing::new(String::with_capacity(128));
        write!(line, "{} {} ", self.purpose, self.id).expect("a string takes all");
        for byte in self.key.iter() {
            write!(line, "{byte:02x}").expect("a string takes all");
        }
        line.push('\n');
        line
    }

    /// A key made from this one for one use. Uses are apart: who has one of their keys has none of the others.
    pub(super) fn derive(&self, what: &str) -> Zeroizing<[u8; KEY]> {
        derive(self.purpose, what, &self.key)
    }

    fn parse(line: usize, text: &str) -> Result<Self, Fault> {
        let mut words = text.split_whitespace();
        let (Some(purpose), Some(name), Some(digits), None) =
            (words.next().and_then(Purpose::parse), words.next(), words.next(), words.next())
        else {
            return Err(Fault::Malformed(line));
        };
        let name = KeyId::parse(name).ok_or(Fault::Malformed(line))?;
        if digits.len() != 2 * KEY {
            return Err(Fault::Length { line, digits: digits.chars().count() });
        }
        let key = unhex(digits).ok_or(Fault::Malformed(line))?;
        if id(purpose, &key) != name {
            return Err(Fault::Damaged { line, id: name });
        }
        Ok(Self { purpose, id: name, key })
    }
}

fn id(purpose: Purpose, key: &[u8; KEY]) -> KeyId {
    KeyId::new(*derive(purpose, "id", key).first_chunk().expect("32 bytes have a first 8"))
}

fn derive(purpose: Purpose, what: &str, key: &[u8; KEY]) -> Zeroizing<[u8; KEY]> {
    let (purpose, mut derived) = (purpose.to_string(), Zeroizing::new([0; KEY]));
    let label: [&[u8]; 4] = [b"greenlane v1 ", purpose.as_bytes(), b" ", what.as_bytes()];
    hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, key)
        .expand(&label, hkdf::HKDF_SHA256)
        .and_then(|okm| okm.fill(&mut *derived))
        .expect("32 bytes are one block of HKDF");
    derived
}

// === impl Purpose ===

impl Purpose {
    /// The purpose of that word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Kek, Self::Index].into_iter().find(|purpose| purpose.to_string() == word)
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kek => "kek",
            Self::Index => "index",
        })
    }
}

#[cfg(test)]
pub(super) mod tests;
