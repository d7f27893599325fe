//! Is the person real, and how many lines do they have. Whoever asks learns of persons that they have before them, and
//! nothing by trying: every question spends from a budget, every answer has one shape, and none comes sooner than
//! another for what it says.

pub mod answer_dispute;
pub mod check_card_quota;
pub mod dispute_card;
pub mod lift_restriction;
pub mod list_disputes;
pub mod list_my_cards;
pub mod match_identity;

pub mod restrict_person;
mod token;
pub mod verify_identity;

use jiff::civil::Date;

use super::{Gateway, evidence, persons::Persons};
use crate::{
    authority::Question,
    domain::{
        caller::Caller,
        document::{DocumentDraft, DocumentNumber, DocumentType, number},
        fault::{At, Code, Fault, Faults},
        name::ParticipantName,
        refusal::{Refusal, Violation},
        time::Time,
    },
    vault::index::BlindIndex,
};

/// A person by type and number of a document; the rest of it does not matter.
pub(super) struct Holder {
    /// What the document is.
    pub kind: DocumentType,
    /// Its number.
    pub number: DocumentNumber,
    /// Under which the person is found.
    pub index: BlindIndex,
    /// By which the ledger knows the person.
    pub pseudonym: String,
}

/// Reads the type and number of a document at that field.
pub(super) fn holder(
    persons: &Persons,
    draft: DocumentDraft,
    field: &str,
    on: Date,
) -> Result<Holder, Vec<At>> {
    let mut found = Vec::new();
    let mut faults = Faults::beneath(&mut found, field);
    let kind = faults.keep("type", draft.kind.ok_or(Fault::new(Code::Required, "the type of the document")));
    let number = kind
        .and_then(|kind| faults.keep("number", number::read(kind, draft.number, on)))
        .map(|read| read.number);
    let (Some(kind), Some(number)) = (kind, number) else { return Err(found) };
    let (counted, digits) = number.counted(kind);
    let index = persons.vault.index();
    let (found, pseudonym) =
        (index.document(counted.as_str(), digits), index.ledger(counted.as_str(), digits));
    Ok(Holder { kind, number, index: found, pseudonym })
}

/// The same for a call that has nothing else to be faulty.
pub(super) fn holder_alone(persons: &Persons, draft: DocumentDraft, on: Date) -> Result<Holder, Refusal> {
    holder(persons, draft, "document", on)
        .map_err(|faults| Refusal::fields(faults.into_iter().map(Violation::from).collect()))
}

impl Gateway {
    /// Spends from the caller's budget of guesses about a person.
    async fn spend(
        &self,
        persons: &Persons,
        caller: &Caller,
        holder: &Holder,
        name: &str,
        now: Time,
    ) -> Result<(), Refusal> {
        let (kind, number) = (holder.kind.as_str(), holder.number.reveal());
        let question = Question::new(caller.organisation.clone(), kind, number, name);
        persons.authority.spend(&question).await.map_err(|suspected| suspected.refusal(now))
    }

    /// Counts an answer as evidence.
    fn count(
        &self,
        caller: &Caller,
        mvno: &ParticipantName,
        method: &'static str,
        answer: &'static str,
        now: Time,
    ) {
        self.evidence.count(evidence::Check {
            asker: caller.organisation.clone(),
            mvno: mvno.clone(),
            action: method,
            decision: answer,
            revision: 0,
            bulletin: 0,
            minute: evidence::minute(now),
        });
    }
}
