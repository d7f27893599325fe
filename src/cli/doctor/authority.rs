//! Whom the gateway asks whether a person is real: whether anybody is, and whether its papers can be used. It is not asked
//! anything: a question is about somebody.

use std::sync::Arc;

use super::lines::Lines;
use crate::{app::Settings, authority::remote::Remote, host::SystemClock};

/// Looks at its section.
pub(super) fn look(settings: &Settings, clock: &SystemClock, lines: &mut Lines) {
    const ADDRESS: &str = "authority.address";
    match &settings.authority {
        // Where nobody's name is kept, there is nobody to be asked about.
        None if settings.vault.is_none() => {}
        None => {
            lines.warn(ADDRESS, "none; nobody says whether a person is real, and registrations are REVIEW")
        }
        Some(authority) => match Remote::new(authority, Arc::new(*clock)) {
            Ok(_) => lines.ok(ADDRESS, format!("{} is asked, and its papers can be used", authority.address)),
            Err(fault) => lines.bad_of(&fault),
        },
    }
}
