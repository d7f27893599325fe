//! `[authority]`: whom the gateway asks whether a person is real, if anybody.

use std::{path::Path, time::Duration};

use super::section::Section;
use crate::authority::remote::Settings;

/// Reads the section; without an address nobody is asked.
pub(super) fn read(authority: &mut Section, folder: &Path) -> Option<Settings> {
    let address = authority.text("address", "");
    let files = ["ca_file", "certificate_file", "key_file"];
    let paths = files.map(|key| authority.opt_path(key, folder));
    let millis = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    let usual = Settings::new("", "".into(), "".into(), "".into());
    let limit = authority.millis("limit_ms", 1..=60_000, millis(usual.limit));
    let at_once = authority.count("at_once", 1..=4096, usual.at_once);
    let failures = authority.count("failures", 1..=1000, usual.failures as usize);
    let rest = authority.millis("rest_ms", 1..=600_000, millis(usual.rest));
    if address.is_empty() {
        return None;
    }
    for (key, _) in files.iter().zip(&paths).filter(|(_, path)| path.is_none()) {
        authority.mistake(key, "a file is needed: the authority is asked over mutual TLS");
    }
    let [Some(ca), Some(certificate), Some(key)] = paths else { return None };
    let failures = u32::try_from(failures).unwrap_or(usual.failures);
    Some(Settings { limit, at_once, failures, rest, ..Settings::new(address, ca, certificate, key) })
}
