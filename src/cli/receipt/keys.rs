//! Public keys from a file: an answer of GetServerInfo, or one key in base64 or hex.

use serde_json::Value;

use super::field;
use crate::cli::base64;

/// The Ed25519 keys in a text; at least one.
pub(in crate::cli) fn parse(text: &str) -> Result<Vec<Vec<u8>>, &'static str> {
    const NONE: &str = "neither an answer of GetServerInfo nor an Ed25519 key of 32 bytes in base64 or hex";
    let found = match serde_json::from_str::<Value>(text) {
        Ok(info) => listed(&info).unwrap_or_default(),
        Err(_) => alone(text.trim()).into_iter().collect(),
    };
    let keys: Vec<Vec<u8>> = found.into_iter().filter(|key| key.len() == 32).collect();
    if keys.is_empty() { Err(NONE) } else { Ok(keys) }
}

fn listed(info: &Value) -> Option<Vec<Vec<u8>>> {
    if let Some(text) = info.as_str() {
        return alone(text).map(|key| vec![key]);
    }
    let keys = field(info, "signingKeys", "signing_keys")?.as_array()?;
    let ours = keys.iter().filter(|key| {
        key.get("algorithm").and_then(Value::as_str).is_none_or(|algorithm| algorithm == "ED25519")
    });
    Some(ours.filter_map(|key| base64::decode(field(key, "publicKey", "public_key")?.as_str()?)).collect())
}

fn alone(text: &str) -> Option<Vec<u8>> {
    if text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return (0..64).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect();
    }
    base64::decode(text)
}
