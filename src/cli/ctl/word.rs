//! Words of enums as people type them: `new-activations` for `ACTION_NEW_ACTIVATIONS`.

use super::{output::pool, wrong};
use crate::cli::Failure;

/// The number of a word, with or without the enum's prefix. An unknown one is told with all that there are.
pub(super) fn parse(kind: &str, prefix: &str, word: &str) -> Result<i32, Failure> {
    let typed = word.trim().to_ascii_uppercase().replace('-', "_");
    let pool = pool()?;
    let kind = pool
        .get_enum_by_name(&format!("greenlane.v1.{kind}"))
        .ok_or_else(|| format!("there is no enum {kind}"))?;
    let values = || kind.values().filter(|value| value.number() != 0);
    let bare = |name: &str| name.trim_start_matches(prefix).to_owned();
    if let Some(value) = values().find(|value| bare(value.name()) == bare(&typed)) {
        return Ok(value.number());
    }
    let all: Vec<String> = values().map(|value| bare(value.name())).collect();
    Err(wrong(format!("{word:?} is none of {}", all.join(", "))))
}

/// The word of a number without the enum's prefix.
pub(super) fn bare(name: &str, prefix: &str) -> String {
    name.trim_start_matches(prefix).to_owned()
}
