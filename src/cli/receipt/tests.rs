use serde_json::json;

use super::*;
use crate::service::receipt::{Signer, hex};

/// Base64, to write what the tests read.
fn base64(bytes: &[u8]) -> String {
    const WORDS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let mut bits = [0; 4];
        bits[1..=three.len()].copy_from_slice(three);
        let bits = u32::from_be_bytes(bits);
        for at in 0..4 {
            let word = char::from(WORDS[(bits >> (18 - 6 * at)) as usize & 63]);
            text.push(if at <= three.len() { word } else { '=' });
        }
    }
    text
}

fn statement() -> pb::CheckStatement {
    pb::CheckStatement {
        asker: "carriers/unicom".to_owned(),
        mvno: "mvnos/m07".to_owned(),
        action: pb::Action::AllocateNumbers.into(),
        decision: pb::Decision::Deny.into(),
        standing: pb::Standing::Rectifying.into(),
        lane: pb::Lane::Closed.into(),
        reason_codes: vec!["SEVERE_FINDING_OPEN".to_owned()],
        revision: 45,
        rule_version: "2017-01-01".to_owned(),
        decide_time: Some("2026-11-24T14:35:34.123456Z".parse().expect("a time")),
        decision_id: "an id".to_owned(),
        ..pb::CheckStatement::default()
    }
}

/// An answer as grpcurl prints it.
fn kept(signer: &Signer) -> Value {
    let bytes = statement().encode_to_vec();
    let signed = signer.sign(&bytes);
    json!({
        "decision": "DECISION_DENY",
        "standing": "STANDING_RECTIFYING",
        "lane": "LANE_CLOSED",
        "reasons": [{"code": "SEVERE_FINDING_OPEN"}],
        "revision": "45",
        "ruleVersion": "2017-01-01",
        "decideTime": "2026-11-24T14:35:34.123456Z",
        "decisionId": "an id",
        "receipt": {
            "statement": base64(&bytes),
            "keyId": signed.key_id,
            "signature": base64(&signed.signature),
        },
    })
}

fn signer() -> (Signer, Vec<Vec<u8>>) {
    let signer = Signer::from_pkcs8(&Signer::generate()).expect("a key");
    let keys = vec![signer.public_key().to_vec()];
    (signer, keys)
}

#[test]
fn a_genuine_answer_is_valid_whole_and_as_its_receipt_alone() {
    let (signer, keys) = signer();
    let kept = kept(&signer);
    let (found, by) = check(&kept, &keys).expect("valid");
    assert_eq!((found, &*by), (statement(), signer.key_id()));
    assert!(check(&kept["receipt"], &keys).is_ok());
    let words = words::of(&statement());
    assert!(words.contains("answered     DENY\n") && !words.contains("as known at"), "{words}");
}

#[test]
fn whatever_is_changed_is_found() {
    let (signer, keys) = signer();
    let genuine = kept(&signer);
    let said = |kept: &Value, keys: &[Vec<u8>]| check(kept, keys).expect_err("refused");
    for (name, other) in [
        ("decision", json!("DECISION_ALLOW")),
        ("decision", Value::Null),
        ("standing", json!("STANDING_COMPLIANT")),
        ("lane", json!("LANE_GREEN")),
        ("reasons", json!([])),
        ("reasons", json!([{"code": "SEVERE_FINDING_OPEN"}, {"code": "MORE"}])),
        ("revision", json!("46")),
        ("revision", json!("many")),
        ("ruleVersion", json!("2013-07-01")),
        ("bulletinVersion", json!("1")),
        ("factsAsOfTime", json!("2026-11-24T14:35:34Z")),
        ("decideTime", json!("2026-11-24T14:35:35.123456Z")),
        ("decideTime", json!("soon")),
        ("expireTime", json!("2027-01-01T00:00:00Z")),
        ("decisionId", json!("another id")),
    ] {
        let mut kept = genuine.clone();
        kept[name] = other;
        assert!(said(&kept, &keys).ends_with(&format!("something else in {name}")), "{name}");
    }
    let mut kept = genuine.clone();
    let better = pb::CheckStatement { decision: pb::Decision::Allow.into(), ..statement() };
    kept["receipt"]["statement"] = json!(base64(&better.encode_to_vec()));
    assert!(said(&kept, &keys).contains("signature"));
    kept["receipt"]["statement"] = json!("%");
    assert!(said(&kept, &keys).contains("no receipt"));
    assert!(said(&json!({"decision": "DECISION_ALLOW"}), &keys).contains("no receipt"));
    // Another key, and another key under the genuine one's name.
    let (other, others) = self::signer();
    assert!(said(&genuine, &others).contains("not among those given"));
    let mut kept = genuine;
    kept["receipt"]["keyId"] = json!(other.key_id());
    assert!(said(&kept, &others).contains("signature"));
}

#[test]
fn keys_come_in_several_dresses() {
    let (signer, keys) = signer();
    let text = base64(signer.public_key());
    for dress in [
        text.clone(),
        format!("{text}\n"),
        format!("\"{text}\""),
        hex(signer.public_key()),
        hex(signer.public_key()).to_uppercase(),
        json!({"signingKeys": [{"keyId": "x", "algorithm": "ED25519", "publicKey": text}]}).to_string(),
        json!({"signing_keys": [{"public_key": text}, {"algorithm": "RSA", "public_key": text}]}).to_string(),
    ] {
        assert_eq!(keys::parse(&dress).as_ref(), Ok(&keys), "{dress}");
    }
    for bad in ["", "AAAA", "{}", "{\"signingKeys\": [{\"publicKey\": \"AAAA\"}]}", "-----BEGIN"] {
        assert!(keys::parse(bad).is_err(), "{bad}");
    }
}
