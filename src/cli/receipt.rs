//! `greenlane receipt verify`: whether a kept answer was really given, by the public key alone and without a network.

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
    /// Verify a receipt offline. Exit code 0: it is genuine.
    Verify {
        /// The answer as grpcurl printed it, or its receipt alone, in JSON.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// What GetServerInfo answered, in JSON, kept from an earlier day; or the public key alone, in base64.
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
}

/// Runs it.
pub fn run(command: &Command) -> Result<(), Failure> {
    let Command::Verify { file, key } = command;
    let receipt = json(file)?;
    let receipt = receipt.get("receipt").unwrap_or(&receipt);
    let bytes = |field: &str| {
        let text = receipt.get(field).and_then(Value::as_str);
        text.and_then(base64::decode).ok_or_else(|| format!("{}: there is no {field} in it", file.display()))
    };
    let (statement, signature) = (bytes("statement")?, bytes("signature")?);
    let named = receipt.get("keyId").and_then(Value::as_str).unwrap_or_default();
    let keys = keys(key)?;
    let Some(key) = keys.iter().find(|key| key_id(key) == named) else {
        return Err(Failure::from(format!("INVALID: signed by key {named}, which is not among those given")));
    };
    if !verify(key, &statement, &signature) {
        return Err(Failure::from("INVALID: the signature is not over this statement".to_owned()));
    }
    let statement = pb::CheckStatement::decode(&*statement)
        .map_err(|_| "INVALID: what is signed is no statement about a check".to_owned())?;
    print!("{}", words(&statement));
    println!("VALID: signed by key {named}");
    Ok(())
}

fn json(path: &Path) -> Result<Value, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_str(&text)
        .map_err(|_| format!("{}: not JSON; keep the answer as grpcurl prints it", path.display()))
}

fn keys(path: &Path) -> Result<Vec<Vec<u8>>, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let listed = serde_json::from_str::<Value>(&text).ok().and_then(|info| {
        let keys = info.get("signingKeys")?.as_array()?.clone();
        Some(
            keys.iter().filter_map(|key| base64::decode(key.get("publicKey")?.as_str()?)).collect::<Vec<_>>(),
        )
    });
    let keys = listed.or_else(|| base64::decode(text.trim()).map(|key| vec![key])).unwrap_or_default();
    if keys.is_empty() {
        return Err(format!("{}: neither an answer of GetServerInfo nor a key in base64", path.display()));
    }
    Ok(keys)
}

/// The statement in plain words.
fn words(statement: &pb::CheckStatement) -> String {
    let time = |stamp: Option<prost_types::Timestamp>| {
        stamp.map_or_else(|| "-".to_owned(), |stamp| stamp.to_string())
    };
    let action = pb::Action::try_from(statement.action).unwrap_or_default().as_str_name();
    let decision = pb::Decision::try_from(statement.decision).unwrap_or_default().as_str_name();
    let standing = pb::Standing::try_from(statement.standing).unwrap_or_default().as_str_name();
    let lane = pb::Lane::try_from(statement.lane).unwrap_or_default().as_str_name();
    [
        ("asker", statement.asker.clone()),
        ("mvno", statement.mvno.clone()),
        ("action", action.to_owned()),
        ("decision", decision.to_owned()),
        ("standing", standing.to_owned()),
        ("lane", lane.to_owned()),
        ("reasons", statement.reason_codes.join(" ")),
        ("revision", statement.revision.to_string()),
        ("rule set", statement.rule_version.clone()),
        ("decided", time(statement.decide_time)),
        ("stands until", time(statement.expire_time)),
        ("as of", time(statement.as_of_time)),
        ("known", time(statement.known_time)),
        ("decision id", statement.decision_id.clone()),
    ]
    .iter()
    .map(|(name, value)| format!("{name:<13} {value}\n"))
    .collect()
}
