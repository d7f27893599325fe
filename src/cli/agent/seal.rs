//! Whether a command is the gateway's own word: its signature, by a key that was pinned. The first agent of a folder
//! pins the keys that the gateway shows it, unless it was given one; from then on another key is nobody's.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use crate::{
    cli::receipt::keys,
    pki::folder::write,
    rpc::pb,
    service::receipt::{hex, key_id, verify},
};

/// The keys that may sign, by their ids.
pub(super) struct Seals(BTreeMap<String, Vec<u8>>);

// === impl Seals ===

impl Seals {
    /// Those of a file, as `receipt verify --key` takes it.
    pub(super) fn given(path: &Path) -> Result<Self, String> {
        keys::parse(&read(path)?).map(Self::of).map_err(|fault| format!("{}: {fault}", path.display()))
    }

    /// Those that the folder has pinned; none where it has not yet.
    pub(super) fn pinned(folder: &Path) -> Result<Option<Self>, String> {
        let path = place(folder);
        if !path.exists() {
            return Ok(None);
        }
        let keys: Result<Vec<_>, _> = read(&path)?.lines().map(keys::parse).collect();
        let keys = keys.map_err(|fault| format!("{}: {fault}", path.display()))?;
        Ok(Some(Self::of(keys.into_iter().flatten())))
    }

    /// Pins what the gateway shows.
    pub(super) fn pin(folder: &Path, shown: &[pb::SigningKey]) -> Result<Self, String> {
        let keys: Vec<Vec<u8>> =
            shown.iter().filter(|key| key.algorithm == "ED25519").map(|key| key.public_key.clone()).collect();
        if keys.is_empty() {
            return Err("the gateway shows no key that signs".to_owned());
        }
        let lines: String = keys.iter().map(|key| hex(key) + "\n").collect();
        write(&place(folder), &lines).map_err(|error| error.to_string())?;
        Ok(Self::of(keys))
    }

    fn of(keys: impl IntoIterator<Item = Vec<u8>>) -> Self {
        Self(keys.into_iter().map(|key| (key_id(&key), key)).collect())
    }

    /// Their ids.
    pub(super) fn ids(&self) -> String {
        self.0.keys().cloned().collect::<Vec<_>>().join(", ")
    }

    /// Whether one of them signed this for that receiver.
    pub(super) fn sealed(&self, command: &pb::Command, receiver: &str) -> bool {
        let signed = |key: &Vec<u8>| verify(key, text(command).as_bytes(), &command.signature);
        command.receiver == receiver && self.0.get(&command.key_id).is_some_and(signed)
    }
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn place(folder: &Path) -> PathBuf {
    folder.join("signing-keys")
}

/// What is signed of a command: command.proto says it, above the service.
pub(super) fn text(command: &pb::Command) -> String {
    let codes: HashMap<&str, &str> =
        command.notices.iter().map(|notice| (notice.msisdn.as_str(), notice.appeal_code.as_str())).collect();
    let scopes: Vec<&str> = {
        let mut scopes: Vec<pb::Scope> = command.scopes().collect();
        scopes.sort_unstable();
        scopes.iter().map(|scope| scope.as_str_name().trim_start_matches("SCOPE_")).collect()
    };
    let due =
        command.due_time.as_ref().map_or(0, |due| due.seconds * 1_000_000 + i64::from(due.nanos) / 1000);
    let kind = command.kind().as_str_name().trim_start_matches("COMMAND_KIND_");
    let mut text = format!(
        "greenlane.v1.Command\n{}\n{}\n{}\n{}\n{kind}\n{}\n{due}\n{}\n",
        command.command_id,
        command.receiver,
        command.sequence,
        command.order,
        scopes.join(","),
        if command.drill { "drill" } else { "real" },
    );
    for msisdn in &command.msisdns {
        let code = codes.get(msisdn.as_str()).copied().unwrap_or_default();
        writeln!(text, "{msisdn} {code}").expect("a string takes all");
    }
    text
}

#[cfg(test)]
mod tests;
