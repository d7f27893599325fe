//! `[cache]`: the Redis that nodes share, if any.

use std::path::Path;

use super::section::Section;
use crate::cache::Settings;

/// Reads the section; without a URL there is no cache.
pub(super) fn read(cache: &mut Section, folder: &Path) -> Option<Settings> {
    let url = cache.text("url", "");
    let ca = cache.opt_path("ca_file", folder);
    let certificate = cache.opt_path("certificate_file", folder);
    let key = cache.opt_path("key_file", folder);
    let username = Some(cache.text("username", "")).filter(|name| !name.is_empty());
    let password = cache.opt_path("password_file", folder);
    let seal_key = cache.opt_path("seal_key_file", folder);
    let prefix = cache.text("prefix", "greenlane");
    if url.is_empty() {
        return None;
    }
    let Some(seal_key) = seal_key else {
        cache.mistake(
            "seal_key_file",
            "a file with at least 32 random bytes is needed, the same on every node",
        );
        return None;
    };
    Some(Settings { ca, certificate, key, username, password, prefix, ..Settings::new(url, seal_key) })
}
