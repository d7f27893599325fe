//! What finds a person again without saying who it is: HMAC-SHA-256 under keys for one use each, all made from the
//! index key. The space of documents is small enough to try them all, so whoever has the key has the persons: it lies
//! apart from the database and its backups.

use std::fmt;

use aws_lc_rs::{
    aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
};

use super::{
    keyfile::{KeyLine, unhex},
    place::prefixed,
};
pub use crate::domain::hex::hex;
use crate::domain::name::ParticipantName;

/// The bytes of a token: a document's index and a tag.
const OPENED: usize = 32 + 16;

/// The makers of indexes and pseudonyms. Not printable: it holds keys.
pub struct Index {
    document: hmac::Key,
    number: hmac::Key,
    token: LessSafeKey,
    former_token: hmac::Key,
    ledger: hmac::Key,
    answer: hmac::Key,
    guess: hmac::Key,
    appeal: hmac::Key,
}

/// A document, found nationwide: the same for every MVNO that registers it. Never leaves the database.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct BlindIndex([u8; 32]);

/// A subject as one MVNO knows it: stands for the document in that MVNO's later calls, and is of no use to another. It is
/// the document's index, encrypted: whom it stands for is found without an index of tokens.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct SubjectToken(String);

// === impl Index ===

impl Index {
    /// Of the key of a file.
    pub fn new(line: &KeyLine) -> Self {
        let key = |what| hmac::Key::new(hmac::HMAC_SHA256, &*line.derive(what));
        let token = UnboundKey::new(&AES_256_GCM_SIV, &*line.derive("opened subject token"));
        Self {
            document: key("document"),
            number: key("subscriber number"),
            token: LessSafeKey::new(token.expect("the key has the length of one")),
            former_token: key("subject token"),
            ledger: key("ledger"),
            answer: key("authority answer"),
            guess: key("guess"),
            appeal: key("appeal code"),
        }
    }

    /// The index of a document: its type's word and its number in normal form.
    pub fn document(&self, kind: &str, number: &str) -> BlindIndex {
        BlindIndex(blind(&self.document, kind, number))
    }

    /// The index of a subscriber's number in E.164.
    pub fn number(&self, e164: &str) -> BlindIndex {
        BlindIndex(blind(&self.number, "MSISDN", e164))
    }

    /// The token of a subject at that MVNO: the same each time, which is what SIV is for.
    pub fn subject_token(&self, mvno: &ParticipantName, document: &BlindIndex) -> SubjectToken {
        let mut bytes = document.0.to_vec();
        self.token
            .seal_in_place_append_tag(nonce(), Aad::from(mvno.to_string()), &mut bytes)
            .expect("there is room for a tag");
        SubjectToken(hex(&bytes))
    }

    /// Whom a token stands for at that MVNO; `None` for a former one, another's, or none of ours.
    pub fn subject_of(&self, mvno: &ParticipantName, token: &SubjectToken) -> Option<BlindIndex> {
        let mut bytes = *unhex::<OPENED>(&token.0)?;
        let opened = self.token.open_in_place(nonce(), Aad::from(mvno.to_string()), &mut bytes).ok()?;
        BlindIndex::from_bytes(opened)
    }

    /// The token that a subject at that MVNO had before tokens could be opened: those that were given out stay good.
    pub fn former_token(&self, mvno: &ParticipantName, document: &BlindIndex) -> SubjectToken {
        SubjectToken(hex(&keyed(&self.former_token, &[mvno.to_string().as_bytes(), &document.0])))
    }

    /// A pseudonym for the ledger, by which an auditor finds all entries of what it already knows. 64 hex digits.
    pub fn ledger(&self, kind: &str, value: &str) -> String {
        hex(&keyed(&self.ledger, &[kind.as_bytes(), value.as_bytes()]))
    }

    /// The key under which an authority's answer to a question is cached.
    pub fn answer(&self, question: &[&[u8]]) -> [u8; 32] {
        keyed(&self.answer, question)
    }

    /// The code by which the holder of a number appeals: the same whenever it is asked for, and kept nowhere. Three
    /// groups of four from an alphabet without look-alikes: 60 bits.
    pub fn appeal_code(&self, order_id: &str, n: i64) -> String {
        const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        let drawn = keyed(&self.appeal, &[b"code", order_id.as_bytes(), &n.to_be_bytes()]);
        let mut code = String::with_capacity(14);
        for (at, byte) in drawn.iter().take(12).enumerate() {
            if at > 0 && at % 4 == 0 {
                code.push('-');
            }
            code.push(char::from(ALPHABET[usize::from(byte % 32)]));
        }
        code
    }

    /// By which the number of an appeal's code is found; the code as [`Self::appeal_code`] writes it.
    pub fn appeal(&self, code: &str) -> [u8; 32] {
        keyed(&self.appeal, &[b"index", code.as_bytes()])
    }

    /// A value that was tried, or whom it was tried on.
    pub fn guess(&self, parts: &[&[u8]]) -> [u8; 32] {
        keyed(&self.guess, parts)
    }
}

/// One for all: what is the same twice gives the same token, and nothing else follows from it.
fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; NONCE_LEN])
}

/// A type is upper-case letters and underscores, so that the bar cannot be moved.
fn blind(key: &hmac::Key, kind: &str, number: &str) -> [u8; 32] {
    let mut context = hmac::Context::with_key(key);
    for part in ["v1|", kind, "|", number] {
        context.update(part.as_bytes());
    }
    fixed(context)
}

fn keyed(key: &hmac::Key, parts: &[&[u8]]) -> [u8; 32] {
    let mut bytes = zeroize::Zeroizing::new(Vec::with_capacity(256));
    parts.iter().for_each(|part| prefixed(&mut bytes, part));
    let mut context = hmac::Context::with_key(key);
    context.update(&bytes);
    fixed(context)
}

fn fixed(context: hmac::Context) -> [u8; 32] {
    context.sign().as_ref().try_into().expect("SHA-256 has 32 bytes")
}

// === impl BlindIndex ===

impl BlindIndex {
    /// As it lies in the database.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// From what lies in the database; `None` where that is something else.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

/// Says nothing: it is the same person everywhere, and an entry of a log is for many eyes.
impl fmt::Debug for BlindIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BlindIndex(..)")
    }
}

// === impl SubjectToken ===

impl SubjectToken {
    /// Reads 96 lower-case hex digits, or the 64 of a former one.
    pub fn parse(text: &str) -> Option<Self> {
        let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        (matches!(text.len(), 64 | 96) && text.bytes().all(hex)).then(|| Self(text.to_owned()))
    }

    /// Whether it is of the form that cannot be opened.
    pub fn is_former(&self) -> bool {
        self.0.len() == 64
    }

    /// As it is sent and kept.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::keyfile::Purpose;

    #[test]
    fn the_published_vector() {
        let pepper = hmac::Key::new(hmac::HMAC_SHA256, b"example-pepper-v1");
        assert_eq!(
            hex(&blind(&pepper, "RESIDENT_ID", "119999199003070019")),
            "51f894242d31a92c3714a72e56865fbcbc518ac6da158c4a0d7c4b4639434047"
        );
    }

    #[test]
    fn one_person_has_one_index_and_a_token_for_each_mvno() {
        let line = KeyLine::fresh(Purpose::Index);
        let (index, again) = (Index::new(&line), Index::new(&line));
        let document = index.document("RESIDENT_ID", "119999199003070019");
        assert!(document == again.document("RESIDENT_ID", "119999199003070019"));
        assert!(document != index.document("TEMPORARY_RESIDENT_ID", "119999199003070019"));
        assert!(
            document
                != Index::new(&KeyLine::fresh(Purpose::Index)).document("RESIDENT_ID", "119999199003070019")
        );
        let mvno = |name| ParticipantName::parse_mvno(name).expect("a name");
        let token = |name| index.subject_token(&mvno(name), &document);
        assert_eq!(token("mvnos/m01"), token("mvnos/m01"));
        assert_ne!(token("mvnos/m01"), token("mvnos/m02"));
        assert_eq!(SubjectToken::parse(token("mvnos/m01").as_str()), Some(token("mvnos/m01")));
        assert_eq!(SubjectToken::parse(&token("mvnos/m01").as_str().to_uppercase()), None);
    }

    #[test]
    fn a_token_opens_at_its_mvno_alone() {
        let index = Index::new(&KeyLine::fresh(Purpose::Index));
        let mvno = |name| ParticipantName::parse_mvno(name).expect("a name");
        let document = index.document("RESIDENT_ID", "119999199003070019");
        let token = index.subject_token(&mvno("mvnos/m01"), &document);
        assert!(index.subject_of(&mvno("mvnos/m01"), &token) == Some(document));
        assert!(index.subject_of(&mvno("mvnos/m02"), &token).is_none());
        assert!(Index::new(&KeyLine::fresh(Purpose::Index)).subject_of(&mvno("mvnos/m01"), &token).is_none());
        for at in 0..token.as_str().len() {
            let mut text = token.as_str().to_owned();
            let other = if &text[at..=at] == "0" { "1" } else { "0" };
            text.replace_range(at..=at, other);
            let changed = SubjectToken::parse(&text).expect("a token's form");
            assert!(index.subject_of(&mvno("mvnos/m01"), &changed).is_none());
        }
        let former = index.former_token(&mvno("mvnos/m01"), &document);
        assert!(former.is_former() && !token.is_former());
        assert_eq!(SubjectToken::parse(former.as_str()), Some(former.clone()));
        assert!(index.subject_of(&mvno("mvnos/m01"), &former).is_none());
    }

    #[test]
    fn uses_are_apart_and_parts_do_not_run_together() {
        let index = Index::new(&KeyLine::fresh(Purpose::Index));
        let parts: [&[u8]; 2] = [b"a", b"bc"];
        assert_ne!(index.answer(&parts), index.guess(&parts));
        assert_ne!(index.answer(&parts), index.answer(&[b"ab", b"c"]));
        assert_ne!(index.ledger("a", "bc"), index.ledger("ab", "c"));
        assert_eq!(format!("{:?}", index.document("PASSPORT_CN", "E00000001")), "BlindIndex(..)");
    }
}
