//! The outlets by which MVNOs sell. An MVNO answers for each of its own; whoever is on the blacklist is on everybody's.
//! To others an outlet is not there.

pub mod authorise_channel;
pub mod bind_reader;
pub mod blacklist_channel;
pub mod get_channel;
pub mod list_channels;
pub mod suspend_channel;
pub mod unbind_reader;

use serde::{Deserialize, Serialize};

use crate::{
    domain::{
        caller::{Caller, Class},
        channel::{
            ChannelState,
            outlet::{Outlet, OutletName},
        },
        refusal::{Reason, Refusal},
    },
    store::{Abort, StoreError, Tx, sql},
    vault::index::{BlindIndex, Index},
};

/// An outlet as it is shown.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Shown {
    /// The outlet.
    pub outlet: Outlet,
    /// Who works there, by the outlet's own ids of them.
    pub operator_ids: Vec<String>,
    /// Its readers.
    pub reader_serials: Vec<String>,
    /// How many live lines it opened.
    pub live_lines: i64,
}

/// The index of an outlet's code: on the blacklist it is known again by this.
pub(crate) fn index_of_code(index: &Index, uscc: &str) -> BlindIndex {
    index.document("USCC", uscc)
}

/// An outlet of the caller's, kept for this transaction.
async fn own(tx: &mut dyn Tx, caller: &Caller, name: &OutletName) -> Result<Outlet, Abort> {
    let found = sql::channel::lookup_locked(tx, &name.id).await?;
    let own = found.filter(|outlet| outlet.mvno == caller.organisation && outlet.name() == *name);
    Ok(own.ok_or_else(|| unknown_channel(name))?)
}

/// Whether the caller may know that there is such an outlet.
fn may_see(caller: &Caller, outlet: &Outlet) -> bool {
    caller.class() != Class::Mvno || outlet.mvno == caller.organisation
}

fn unknown_channel(name: &OutletName) -> Refusal {
    Refusal::new(
        Reason::ChannelNotFound,
        format!("No outlet {name} that you may see; ListChannels shows those that are there."),
    )
    .with("channel", name)
}

fn wrong_state(outlet: &Outlet) -> Refusal {
    let (name, state) = (outlet.name(), outlet.state);
    let reason = match state {
        ChannelState::Blacklisted => Reason::ChannelBlacklisted,
        ChannelState::Authorised | ChannelState::Suspended => Reason::ChannelState,
    };
    Refusal::new(reason, format!("{name} is {state}; this step does not go on from there."))
        .with("channel", &name)
        .with("state", state)
}

/// The outlet with all that belongs to it.
async fn whole(tx: &mut dyn Tx, outlet: Outlet) -> Result<Shown, StoreError> {
    let persons = sql::channel::persons(tx, &outlet.id).await?;
    let reader_serials = sql::reader::list_of(tx, &outlet.id).await?;
    let live_lines = sql::channel::count_live(tx, &outlet.id).await?;
    let operator_ids = persons.into_iter().map(|person| person.operator_id).collect();
    Ok(Shown { outlet, operator_ids, reader_serials, live_lines })
}
