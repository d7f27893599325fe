//! What a value looks like in Redis, and the proof that it is ours: kind, revision, length, seal, bytes. The seal
//! (HMAC-SHA256) covers the whole key, so that a value cannot be moved, and a bare floor cannot be made up.

use aws_lc_rs::hmac;

/// Before the bytes: the kind, 19 digits of the revision, 8 of the length, the seal.
const HEAD: usize = 1 + 19 + 8 + 32;
/// Longest record that is ever written.
pub(super) const MOST_RECORD: usize = HEAD + super::MOST_BYTES;

/// The key of the seals.
pub(super) struct Seal(hmac::Key);

/// What a record turned out to be.
#[derive(Debug, PartialEq)]
pub(super) enum Opened {
    /// The value at the revision asked for.
    Value(Vec<u8>),
    /// Nothing: the revision is known, its value is not.
    Floor,
    /// Of an earlier revision.
    Older,
    /// Of a later revision.
    Newer,
    /// Cut short, run together, or of another form.
    Torn,
    /// Of the right form, but not sealed by us for this key.
    Poisoned,
}

/// A value, or the bare word that a revision is recorded.
#[derive(Clone, Copy)]
enum Kind {
    Value,
    Floor,
}

// === impl Seal ===

impl Seal {
    /// A seal with that key, for one purpose.
    pub(super) fn new(key: &[u8]) -> Self {
        // A key of its own is derived, so that the file may serve other purposes too.
        let derived = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), b"greenlane cache seals v1");
        Self(hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref()))
    }

    /// A record with a value.
    pub(super) fn value(&self, key: &str, revision: i64, bytes: &[u8]) -> Vec<u8> {
        self.record(Kind::Value, key, revision, bytes)
    }

    /// A record that says that the revision is recorded, and nothing more.
    pub(super) fn floor(&self, key: &str, revision: i64) -> Vec<u8> {
        self.record(Kind::Floor, key, revision, &[])
    }

    /// What a record is, for whoever asks for that key at that revision.
    pub(super) fn open(&self, key: &str, revision: i64, record: &[u8]) -> Opened {
        let Some((kind, found, tag, bytes)) = parts(record) else { return Opened::Torn };
        // SECURITY: nothing of the record is believed before its seal.
        if hmac::verify(&self.0, &sealed(kind, key, found, bytes), tag).is_err() {
            return Opened::Poisoned;
        }
        match (found.cmp(&revision), kind) {
            (std::cmp::Ordering::Less, _) => Opened::Older,
            (std::cmp::Ordering::Greater, _) => Opened::Newer,
            (std::cmp::Ordering::Equal, Kind::Floor) => Opened::Floor,
            (std::cmp::Ordering::Equal, Kind::Value) => Opened::Value(bytes.to_vec()),
        }
    }

    /// A hint: who gives it, its revision and the seal.
    pub(super) fn hint(&self, channel: &str, node: [u8; 8], revision: i64) -> Vec<u8> {
        let mut hint = [node, revision.to_be_bytes()].concat();
        let tag = hmac::sign(&self.0, &[b"hint", channel.as_bytes(), &hint].concat());
        hint.extend_from_slice(tag.as_ref());
        hint
    }

    /// Who gave a hint, and its revision; `None` where it is not ours.
    pub(super) fn heard(&self, channel: &str, hint: &[u8]) -> Option<([u8; 8], i64)> {
        let (said, tag) = hint.split_at_checked(16)?;
        hmac::verify(&self.0, &[b"hint", channel.as_bytes(), said].concat(), tag).ok()?;
        let (node, revision) = said.split_at(8);
        Some((node.try_into().ok()?, i64::from_be_bytes(revision.try_into().ok()?)))
    }

    fn record(&self, kind: Kind, key: &str, revision: i64, bytes: &[u8]) -> Vec<u8> {
        let tag = hmac::sign(&self.0, &sealed(kind, key, revision, bytes));
        let mut record = format!("{}{revision:019}{:08}", kind.letter(), bytes.len()).into_bytes();
        record.extend_from_slice(tag.as_ref());
        record.extend_from_slice(bytes);
        record
    }
}

// === impl Kind ===

impl Kind {
    const fn letter(self) -> char {
        match self {
            Self::Value => 'V',
            Self::Floor => 'F',
        }
    }
}

/// What the seal covers. Lengths stand before what varies, so that no two records read the same.
fn sealed(kind: Kind, key: &str, revision: i64, bytes: &[u8]) -> Vec<u8> {
    let mut text = format!("{}{revision:019}{:08}{:08}", kind.letter(), key.len(), bytes.len()).into_bytes();
    text.extend_from_slice(key.as_bytes());
    text.extend_from_slice(bytes);
    text
}

/// A record's kind, revision, seal and bytes; `None` where it has not the form of one.
fn parts(record: &[u8]) -> Option<(Kind, i64, &[u8], &[u8])> {
    let (head, rest) = record.split_at_checked(HEAD - 32)?;
    let (tag, bytes) = rest.split_at_checked(32)?;
    let kind = match head.first()? {
        b'V' => Kind::Value,
        b'F' => Kind::Floor,
        _ => return None,
    };
    let number = |digits: &[u8]| {
        let all = digits.iter().all(u8::is_ascii_digit);
        all.then(|| std::str::from_utf8(digits).ok()?.parse::<i64>().ok()).flatten()
    };
    let (revision, length) = (number(&head[1..20])?, number(&head[20..])?);
    (usize::try_from(length) == Ok(bytes.len())).then_some((kind, revision, tag, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_revision_of_the_very_key_is_a_value() {
        let seal = Seal::new(&[7; 32]);
        let record = seal.value("p:1:a", 5, b"GREEN");
        assert_eq!(seal.open("p:1:a", 5, &record), Opened::Value(b"GREEN".to_vec()));
        assert_eq!(seal.open("p:1:a", 6, &record), Opened::Older);
        assert_eq!(seal.open("p:1:a", 4, &record), Opened::Newer);
        assert_eq!(seal.open("p:1:b", 5, &record), Opened::Poisoned);
        assert_eq!(Seal::new(&[8; 32]).open("p:1:a", 5, &record), Opened::Poisoned);
        let floor = seal.floor("p:1:a", 5);
        assert_eq!(seal.open("p:1:a", 5, &floor), Opened::Floor);
        assert_eq!(seal.open("p:1:a", 6, &floor), Opened::Older);
        // A floor is no value by another letter, nor the other way round.
        let swapped: Vec<u8> = b"V".iter().chain(&floor[1..]).copied().collect();
        assert_eq!(seal.open("p:1:a", 5, &swapped), Opened::Poisoned);
    }

    #[test]
    fn every_cut_and_every_flipped_bit_is_seen() {
        let seal = Seal::new(&[7; 32]);
        let record = seal.value("k", 5, b"GREEN");
        for end in 0..record.len() {
            assert_eq!(seal.open("k", 5, &record[..end]), Opened::Torn, "{end}");
        }
        assert_eq!(seal.open("k", 5, &[&record[..], b"x"].concat()), Opened::Torn);
        for bit in 0..record.len() * 8 {
            let mut bent = record.clone();
            bent[bit / 8] ^= 1 << (bit % 8);
            let opened = seal.open("k", 5, &bent);
            assert!(matches!(opened, Opened::Torn | Opened::Poisoned), "{bit}: {opened:?}");
        }
    }

    #[test]
    fn a_hint_is_ours_or_nothing() {
        let seal = Seal::new(&[7; 32]);
        let hint = seal.hint("c", [1; 8], 9);
        assert_eq!(seal.heard("c", &hint), Some(([1; 8], 9)));
        assert_eq!(seal.heard("d", &hint), None);
        assert_eq!(seal.heard("c", &hint[..20]), None);
        assert_eq!(seal.heard("c", b""), None);
    }
}
