//! Receipts: a signed statement that a check was made and how it was answered, verifiable offline with the public
//! key alone. Ed25519; the key comes from a file and never leaves this module.

use aws_lc_rs::{
    digest,
    signature::{self, Ed25519KeyPair, KeyPair, UnparsedPublicKey},
};

use super::{
    Gateway,
    check_status::{Finding, Question},
    context::Context,
    refusal,
};
pub use crate::domain::hex::hex;
use crate::{
    domain::{
        entry::{Entry, EntryKind},
        refusal::{Reason, Refusal},
    },
    host,
    store::sql,
};

/// The node's signing key.
pub struct Signer {
    pair: Ed25519KeyPair,
    key_id: String,
}

/// A signature with the id of its key.
#[derive(Clone, Debug)]
pub struct Signed {
    /// The first 16 hex digits of the public key's SHA-256.
    pub key_id: String,
    /// 64 bytes.
    pub signature: Vec<u8>,
}

/// The id of a public key.
pub fn key_id(public_key: &[u8]) -> String {
    hex(&digest::digest(&digest::SHA256, public_key).as_ref()[..8])
}

/// Whether the signature is that key's over that statement.
pub fn verify(public_key: &[u8], statement: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&signature::ED25519, public_key).verify(statement, signature).is_ok()
}

/// SHA-256 in lower-case hex.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

// === impl Signer ===

impl Signer {
    /// A new key as a PKCS#8 document, to be kept in a file.
    pub fn generate() -> Vec<u8> {
        Ed25519KeyPair::generate_pkcs8(&aws_lc_rs::rand::SystemRandom::new())
            .expect("the operating system gives randomness")
            .as_ref()
            .to_vec()
    }

    /// The signer of a PKCS#8 document, or `None` where it is not an Ed25519 key.
    pub fn from_pkcs8(document: &[u8]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(document).ok()?;
        let key_id = key_id(pair.public_key().as_ref());
        Some(Self { pair, key_id })
    }

    /// The id of the key.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The public key, 32 bytes.
    pub fn public_key(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    /// Signs a statement.
    pub fn sign(&self, statement: &[u8]) -> Signed {
        Signed { key_id: self.key_id.clone(), signature: self.pair.sign(statement).as_ref().to_vec() }
    }
}

impl Gateway {
    /// Enters a check in the ledger by itself and signs what is stated about it.
    pub async fn certify(
        &self,
        context: &Context,
        question: &Question,
        finding: &Finding,
        decision_id: &str,
        statement: &[u8],
    ) -> Result<Signed, Refusal> {
        let decided = finding.decided();
        let detail = serde_json::json!({
            "action": question.action.as_str(),
            "decision": decided.decision.as_str(),
            "standing": decided.standing.as_str(),
            "decision_id": decision_id,
            "statement_sha256": sha256_hex(statement),
        });
        let entry = Entry {
            subject: question.mvno.to_string(),
            outcome: "DONE".to_owned(),
            detail: detail.to_string(),
            revision: Some(finding.revision),
            ..self.entry_of(context, EntryKind::Read)
        };
        self.enter(entry).await?;
        Ok(self.signer.sign(statement))
    }

    /// Enters that something was read out that is personal.
    pub(super) async fn enter_read(
        &self,
        context: &Context,
        subject: String,
        detail: serde_json::Value,
    ) -> Result<(), Refusal> {
        self.enter(Entry {
            subject,
            outcome: "DONE".to_owned(),
            detail: detail.to_string(),
            ..self.entry_of(context, EntryKind::Read)
        })
        .await
    }

    /// Enters a refusal that is part of an answer.
    pub async fn enter_refusal(&self, context: &Context, reason: Reason) -> Result<(), Refusal> {
        self.enter(Entry {
            outcome: reason.as_str().to_owned(),
            ..self.entry_of(context, EntryKind::Refusal)
        })
        .await
    }

    fn entry_of(&self, context: &Context, kind: EntryKind) -> Entry {
        let now = self.clock.now();
        Entry {
            entry_id: host::new_id(now),
            kind,
            entry_time: now,
            caller: context.caller.to_string(),
            certificate_sha256: context.certificate_sha256.clone(),
            method: context.method.to_owned(),
            subject: String::new(),
            request_sha256: context.request_sha256.clone(),
            outcome: String::new(),
            detail: "{}".to_owned(),
            revision: None,
        }
    }

    async fn enter(&self, entry: Entry) -> Result<(), Refusal> {
        let entered = self.store.write(move |tx| {
            let entry = entry.clone();
            Box::pin(async move { Ok(sql::entry::append(tx, &entry).await?) })
        });
        entered.await.map_err(refusal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_statement_is_not_signed() {
        let signer = Signer::from_pkcs8(&Signer::generate()).expect("key");
        let signed = signer.sign(b"statement");
        assert!(verify(signer.public_key(), b"statement", &signed.signature));
        assert!(!verify(signer.public_key(), b"statemenT", &signed.signature));
        assert_eq!(signed.key_id, key_id(signer.public_key()));
    }
}
