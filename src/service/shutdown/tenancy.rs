//! Since when the holders of numbers have them, where it matters: few numbers have somebody's line before their own, and
//! of those fewer began after the evidence. Only these are looked at more closely, all in one query.

use std::collections::HashMap;

use crate::{
    domain::shutdown::tenancy::{Former, Since},
    store::{
        StoreError, Tx,
        sql::shutdown_known::{self, Index},
    },
};

/// Carries the tenancies of these numbers through the lines that the same holders had of them before.
pub(in crate::service) async fn through<'s>(
    tx: &mut dyn Tx,
    since: impl Iterator<Item = (Index, &'s mut Since)>,
) -> Result<(), StoreError> {
    let mut since: HashMap<Index, &mut Since> =
        since.filter(|(_, since)| since.last_release.is_some()).collect();
    if since.is_empty() {
        return Ok(());
    }
    let numbers: Vec<Index> = since.keys().copied().collect();
    let mut former: HashMap<Index, Vec<Former>> = HashMap::new();
    for (number, line) in shutdown_known::former(tx, &numbers).await? {
        former.entry(number).or_default().push(line);
    }
    for (number, lines) in former {
        if let Some(since) = since.get_mut(&number) {
            **since = since.through(&lines);
        }
    }
    Ok(())
}
