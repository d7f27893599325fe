//! `greenlane receipt verify`: whether a kept answer was really given, by the public key alone and without a network.

mod answer;
pub(super) mod keys;
mod words;

use std::{
    fs,
    path::{Path, PathBuf},
};

use prost::Message;
use serde_json::Value;

use super::{Failure, base64};
use crate::{
    rpc::pb,
    service::receipt::{key_id, verify},
};

/// What to do with a receipt.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Verify a receipt offline. Exit code 0: it is genuine, and what stands around it is what was signed.
    Verify {
        /// The answer as grpcurl printed it, or its receipt alone, in JSON.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// What GetServerInfo answered, in JSON, kept from an earlier day; or the public key alone, in base64 or hex.
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
}

/// Runs it.
pub fn run(command: &Command) -> Result<(), Failure> {
    let Command::Verify { file, key } = command;
    let keys = keys::parse(&read(key)?).map_err(|fault| format!("{}: {fault}", key.display()))?;
    let kept: Value = serde_json::from_str(&read(file)?)
        .map_err(|_| format!("{}: not JSON; keep the answer as grpcurl prints it", file.display()))?;
    let (statement, signer) = check(&kept, &keys).map_err(|fault| format!("INVALID: {fault}"))?;
    print!("{}", words::of(&statement));
    println!("VALID: signed by key {signer}");
    Ok(())
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// What was stated and by which key; or why it is no proof.
fn check(kept: &Value, keys: &[Vec<u8>]) -> Result<(pb::CheckStatement, String), String> {
    let around = kept.get("receipt");
    let receipt = around.unwrap_or(kept);
    let bytes = |camel, snake| {
        let text = field(receipt, camel, snake).and_then(Value::as_str);
        text.and_then(base64::decode).ok_or_else(|| {
            format!(
                "it has no receipt with a {camel}; ask with \"with_receipt\": true, and keep the whole answer"
            )
        })
    };
    let (signed, signature) = (bytes("statement", "statement")?, bytes("signature", "signature")?);
    let named = field(receipt, "keyId", "key_id").and_then(Value::as_str).unwrap_or_default();
    let key = keys
        .iter()
        .find(|key| key_id(key) == named)
        .ok_or_else(|| format!("it says that key {named:?} signed it, which is not among those given"))?;
    if !verify(key, &signed, &signature) {
        return Err("the signature is not that key's over this statement".to_owned());
    }
    let statement = pb::CheckStatement::decode(&*signed)
        .map_err(|_| "what is signed is no statement about a check".to_owned())?;
    if around.is_some() {
        answer::same(kept, &statement)?;
    }
    Ok((statement, named.to_owned()))
}

/// A field by either of the names that protobuf JSON allows.
fn field<'a>(of: &'a Value, camel: &str, snake: &str) -> Option<&'a Value> {
    of.get(camel).or_else(|| of.get(snake)).filter(|value| !value.is_null())
}

#[cfg(test)]
mod tests;
