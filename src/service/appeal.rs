//! Whose number was shut down in error asks for it back: without an account, by the code of the notice. The code is all
//! that the portal knows of a subscriber, so whoever tries codes learns nothing: what fits none, and what is not the
//! asker's to see, get one answer in one time, and codes that fit none are counted.

pub mod codes;
pub mod decide;
pub mod file;
pub mod get;
pub mod late;
pub mod list;
mod shown;

pub use self::shown::Shown;

use crate::{
    domain::{
        caller::{Caller, Class},
        name::ParticipantName,
        refusal::{Reason, Refusal},
        shutdown::NumberState,
    },
    store::{
        StoreError, Tx,
        sql::{self, appeal::Filter, shutdown_number::NumberRow},
    },
};

/// What a caller may see by name: `None` for nothing.
fn scope(caller: &Caller) -> Option<Filter> {
    let own = || caller.organisation.clone();
    match caller.class() {
        Class::Regulator | Class::Auditor => Some(Filter::default()),
        Class::Police => Some(Filter { organisation: Some(own()), ..Filter::default() }),
        Class::Mvno => Some(Filter { mvno: Some(own()), ..Filter::default() }),
        Class::Carrier | Class::Operator | Class::Portal => None,
    }
}

/// Whether a caller reads what the subscriber said: who decides it, and the auditor.
fn hears(caller: &Caller, organisation: &ParticipantName) -> bool {
    match caller.class() {
        Class::Regulator | Class::Auditor => true,
        Class::Police => caller.organisation == *organisation,
        Class::Mvno | Class::Carrier | Class::Operator | Class::Portal => false,
    }
}

/// The number of a code that its holder was told. Before its release nobody has the code.
async fn told(tx: &mut dyn Tx, appeal_index: &[u8; 32]) -> Result<Option<NumberRow>, StoreError> {
    let number = sql::shutdown_number::of_appeal(tx, appeal_index).await?;
    Ok(number.filter(|number| {
        number.batch > 0 && !matches!(number.state, NumberState::Planned | NumberState::Held)
    }))
}

/// One answer for a name that is none, and for one that is not the asker's.
fn unknown(id: &str) -> Refusal {
    let message = "No such appeal that you may see; ListAppeals shows those that you may.";
    Refusal::new(Reason::AppealNotFound, message).with("appeal", format!("appeals/{id}"))
}

/// The same for a code. It is not said again: it may be somebody's.
fn unknown_code() -> Refusal {
    let message = "No appeal by that code; compare it with the one in the notice, letter by letter.";
    Refusal::new(Reason::AppealNotFound, message).with("appeal", "appeals/-")
}
