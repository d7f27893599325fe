//! What a figure is asked for: how many of something an environment variable says, and chance.

use std::env;

/// The number that the environment names, or the ordinary run's.
pub fn asked(name: &str, ordinary: usize) -> usize {
    let Some(text) = env::var_os(name) else { return ordinary };
    text.to_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{name} is a number"))
}

/// One of the first so many numbers, each as likely.
pub fn chance(many: usize) -> usize {
    let drawn = u32::from_le_bytes(greenlane::host::random());
    usize::try_from(drawn).expect("32 bits") % many.max(1)
}
