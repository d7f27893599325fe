//! Puts an outlet or a person on the blacklist of all MVNOs: from the answer on they register nothing for anybody.

use serde::{Deserialize, Serialize};

use super::unknown_channel;
use crate::{
    domain::{
        channel::{
            blacklist::{Listed, Listing},
            outlet::OutletName,
        },
        day,
        document::DocumentDraft,
        refusal::{Reason, Refusal, Violation},
        time::Time,
    },
    host,
    service::{
        Gateway,
        act::{Answered, Done},
        context::Context,
        identity::holder,
        supervise::Faults,
    },
    store::{Abort, StoreError, Tx, sql},
};

/// Whom to list.
#[derive(Clone, Debug)]
pub enum Whom {
    /// An outlet, by its name.
    Outlet(OutletName),
    /// A person, by document.
    Person(DocumentDraft),
}

/// An entry of the blacklist. It names nobody.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Entry {
    /// The last part of its name.
    pub id: String,
    /// The outlet by which it came to be listed.
    pub channel: Option<String>,
    /// Who, and from when until when.
    pub listing: Listing,
}

/// Whom, found.
#[derive(Clone)]
enum Found {
    Outlet(OutletName),
    Person { document_index: Vec<u8>, pseudonym: String },
}

impl Gateway {
    /// Lists an outlet or a person.
    pub async fn blacklist_channel(
        &self,
        context: Context,
        whom: Whom,
        until: Option<Time>,
    ) -> Result<Answered<Entry>, Refusal> {
        let context = self.persons()?.veil(context);
        if let Some(answer) = self.replayed(&context).await? {
            return Ok(answer);
        }
        let now = self.clock.now();
        let mut faults = Faults::of(&context);
        faults.reason(&context.reason);
        faults.require(
            until.is_none_or(|until| until > now),
            "until_time",
            "BAD_DATE",
            "a moment ahead of now",
        );
        let found = match whom {
            Whom::Outlet(name) => Some(Found::Outlet(name)),
            Whom::Person(draft) => match holder(self.persons()?, draft, "person", day::of(now)) {
                Ok(holder) => Some(Found::Person {
                    document_index: holder.index.as_bytes().to_vec(),
                    pseudonym: holder.pseudonym,
                }),
                Err(found) => {
                    found.into_iter().map(Violation::from).for_each(|fault| faults.push(fault));
                    None
                }
            },
        };
        faults.done()?;
        let found = found.ok_or_else(|| Refusal::field("listed", "REQUIRED", "an outlet or a person"))?;
        let caller = context.caller.to_string();
        self.act(context, move |tx, now| {
            let (found, caller) = (found.clone(), caller.clone());
            Box::pin(async move {
                sql::blacklist::lock(tx).await?;
                let (listed, listed_index, channel, detail) = match found {
                    Found::Outlet(name) => {
                        let index = code_of(tx, &name).await?;
                        (Listed::Outlet, index, Some(name), serde_json::json!({ "listed": "OUTLET" }))
                    }
                    Found::Person { document_index, pseudonym } => {
                        let detail = serde_json::json!({ "listed": "PERSON", "person": pseudonym });
                        (Listed::Person, document_index, None, detail)
                    }
                };
                let listing = Listing { listed, from: now, until };
                let known = sql::blacklist::list_of(tx, &listed_index).await?;
                if known.iter().any(|known| known.is_in_force(now)) {
                    return Err(already().into());
                }
                let kept = sql::blacklist::Kept {
                    id: host::new_id(now),
                    listing,
                    listed_index: listed_index.clone(),
                    channel: channel.as_ref().map(|name| name.id.clone()),
                    listed_by: caller.clone(),
                };
                sql::blacklist::add(tx, &kept).await?;
                match listed {
                    Listed::Outlet => sql::channel::blacklist_unit(tx, &listed_index, now).await?,
                    Listed::Person => sql::channel::touch_of_person(tx, &listed_index, now).await?,
                };
                let subject = format!("blacklist/{}", kept.id);
                let channel = channel.map(|name| name.to_string());
                let answer = Entry { id: kept.id, channel, listing };
                Ok(Done { answer, subject, detail, revision: None })
            })
        })
        .await
    }
}

/// The index of an outlet's code.
async fn code_of(tx: &mut dyn Tx, name: &OutletName) -> Result<Vec<u8>, Abort> {
    let outlet = sql::channel::lookup_locked(tx, &name.id).await?;
    if outlet.is_none_or(|outlet| outlet.name() != *name) {
        return Err(unknown_channel(name).into());
    }
    let index = sql::channel::uscc_index(tx, &name.id).await?;
    Ok(index.ok_or_else(|| StoreError::inconsistent("channel", "uscc_index", &name.id))?)
}

fn already() -> Refusal {
    Refusal::new(Reason::ChannelBlacklisted, "It is on the blacklist already; nothing was changed.")
}
