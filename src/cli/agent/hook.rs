//! Who does what a command says: a program that is run for each, or an HTTP hook that it is posted to. It gets the
//! command as grpcurl would print it, tells how it went, and is asked again when it failed.

use std::{path::PathBuf, time::Duration};

use tokio::time::timeout;

use super::{exec, http};

/// A hook.
#[derive(Clone, Debug)]
pub(super) enum Hook {
    /// Run for each command; told where the agent keeps its state.
    Program { path: PathBuf, state: PathBuf },
    /// Posted to.
    Http(http::Address),
}

/// What goes with the JSON.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slip<'a> {
    /// `SHUTDOWN`, `RESTORE`, `VERIFY`, or `SNAPSHOT`: everything that is to be off.
    pub(super) kind: &'a str,
    /// The id by which it is known that it came before; a snapshot has none.
    pub(super) command_id: &'a str,
    /// Practice.
    pub(super) drill: bool,
    /// How often the hook was begun for it, with this time.
    pub(super) times: u32,
}

/// Why a hook did not do it.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Fault {
    /// The word for the gateway.
    pub(super) code: String,
    /// For the log; without any number.
    pub(super) text: String,
}

// === impl Hook ===

impl Hook {
    /// Hands it over and waits for what is printed or answered, not for ever.
    pub(super) async fn hand(
        &self,
        json: &[u8],
        slip: Slip<'_>,
        patience: Duration,
    ) -> Result<Vec<u8>, Fault> {
        let done = async {
            match self {
                Self::Program { path, state } => exec::run(path, state, json, slip).await,
                Self::Http(address) => http::post(address, json, slip).await,
            }
        };
        let late = |_| Fault::new("HOOK_TIMEOUT", format!("no answer in {} s", patience.as_secs()));
        timeout(patience, done).await.map_err(late)?
    }
}

// === impl Fault ===

impl Fault {
    pub(super) fn new(code: impl Into<String>, text: impl Into<String>) -> Self {
        Self { code: code.into(), text: text.into() }
    }
}

#[cfg(test)]
pub(super) mod tests;
