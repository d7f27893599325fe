//! Authorises an outlet: judged by the standing as a status check judges ONBOARD_CHANNEL, in the act's own transaction,
//! and by the blacklist, with nothing put on it meanwhile.

use std::collections::HashSet;

use jiff::civil::Date;

use super::{Shown, index_of_code, own, whole, wrong_state};
use crate::{
    domain::{
        caller::Caller,
        channel::{
            ChannelDraft, ChannelState, ChannelTerms, blacklist,
            outlet::{Outlet, OutletName},
        },
        day,
        decision::{Action, Decision},
        document::{Document, DocumentDraft},
        fault::{At, Code, Fault, Faults},
        name::ParticipantName,
        refusal::{Reason, Refusal, Violation},
        time::Time,
    },
    host,
    service::{
        Gateway,
        act::{Answered, Done},
        context::Context,
        gate,
        persons::Persons,
    },
    store::{Abort, Tx, sql},
};

/// An outlet to be authorised, nothing judged.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Which one; `None` for a new one.
    pub name: Option<OutletName>,
    /// Whose it is said to be.
    pub mvno: Option<ParticipantName>,
    /// Its terms.
    pub terms: ChannelDraft,
    /// Who works there.
    pub persons: Vec<PersonDraft>,
}

/// Somebody who works at an outlet, nothing judged.
#[derive(Clone, Debug)]
pub struct PersonDraft {
    /// The outlet's own id of them.
    pub operator_id: String,
    /// Their document.
    pub document: DocumentDraft,
}

/// The most persons that an outlet names.
const MOST_PERSONS: usize = 200;

impl Gateway {
    /// Authorises an outlet of the caller's.
    pub async fn authorise_channel(
        &self,
        context: Context,
        draft: Draft,
    ) -> Result<Answered<Shown>, Refusal> {
        let persons = self.persons()?.clone();
        let caller = context.caller.clone();
        if draft.mvno.as_ref().is_some_and(|mvno| *mvno != caller.organisation) {
            let message = format!(
                "You are {caller}; leave channel.mvno empty, outlets are authorised by their own MVNO."
            );
            return Err(Refusal::new(Reason::NotYours, message).with("caller", &caller));
        }
        let context = persons.veil(context);
        // What was done is answered before its terms are looked at again: they may have ended since.
        if let Some(answer) = self.replayed(&context).await? {
            return Ok(answer);
        }
        let now = self.clock.now();
        let mut faults = context.violations();
        let read = draft.terms.clone().read("channel", false, now);
        faults.extend(read.err().unwrap_or_default().into_iter().map(Violation::from));
        let named = people(&persons, draft.persons, day::of(now));
        faults.extend(named.as_ref().err().into_iter().flatten().cloned().map(Violation::from));
        if !faults.is_empty() {
            return Err(Refusal::fields(faults));
        }
        let named = named.unwrap_or_default();
        let (name, terms, rules) = (draft.name, draft.terms, self.rules.clone());
        self.act(context, move |tx, now| {
            let (caller, name, terms, named) = (caller.clone(), name.clone(), terms.clone(), named.clone());
            let (persons, rules) = (persons.clone(), rules.clone());
            Box::pin(async move {
                sql::standing::lookup_shared(tx, &caller.organisation).await?;
                let decided =
                    gate::grounds(tx, &rules, &caller.organisation, Action::OnboardChannel, now).await?;
                let training_asked = match decided.decision {
                    Decision::Allow => false,
                    Decision::Conditional => true,
                    Decision::Review | Decision::Deny => {
                        return Err(Refusal::standing_denies(&caller.organisation, decided).into());
                    }
                };
                let terms = terms.read("channel", training_asked, now);
                let terms = terms
                    .map_err(|faults| Refusal::fields(faults.into_iter().map(Violation::from).collect()))?;
                let index = index_of_code(persons.vault.index(), terms.uscc.reveal());
                sql::blacklist::lock(tx).await?;
                not_listed(tx, index.as_bytes(), &named, now).await?;
                let outlet = put(tx, &caller, name.as_ref(), &terms, index.as_bytes(), now).await?;
                sql::channel::put_persons(tx, &outlet.id, &named).await?;
                let detail = serde_json::json!({
                    "kind": outlet.kind.as_str(),
                    "persons": named.len(),
                    "standing": decided.standing.as_str(),
                    "decision": decided.decision.as_str(),
                });
                let subject = outlet.name().to_string();
                Ok(Done { answer: whole(tx, outlet).await?, subject, detail, revision: None })
            })
        })
        .await
    }
}

/// The outlet as it is from now on, written.
async fn put(
    tx: &mut dyn Tx,
    caller: &Caller,
    name: Option<&OutletName>,
    terms: &ChannelTerms,
    uscc_index: &[u8],
    now: Time,
) -> Result<Outlet, Abort> {
    let known = match name {
        Some(name) => Some(own(tx, caller, name).await?),
        None => None,
    };
    let state = match &known {
        Some(outlet) => outlet.state.authorise().map_err(|_| wrong_state(outlet))?,
        None => ChannelState::Authorised,
    };
    let is_new = known.is_none();
    let outlet = Outlet {
        id: known.map_or_else(|| host::new_id(now), |outlet| outlet.id),
        mvno: caller.organisation.clone(),
        kind: terms.kind,
        state,
        legal_name: terms.legal_name.reveal().to_owned(),
        uscc: terms.uscc.reveal().to_owned(),
        uscc_compared: !terms.uscc.checks(),
        plate_number: terms.plate_number.clone(),
        trained_time: terms.trained_time,
        agreement_number: terms.agreement_number.clone(),
        agreement_end: terms.agreement_end,
        authorise_time: now,
    };
    if is_new {
        sql::channel::add(tx, &outlet, uscc_index).await?;
    } else {
        sql::channel::save(tx, &outlet, uscc_index).await?;
    }
    Ok(outlet)
}

/// Neither the outlet nor anybody who works there is on the blacklist.
async fn not_listed(
    tx: &mut dyn Tx,
    uscc_index: &[u8],
    persons: &[sql::channel::Person],
    now: Time,
) -> Result<(), Abort> {
    let listed = |fault: Fault| {
        let message = format!("Not authorised: the blacklist of all has it; it asks for {}.", fault.text);
        Refusal::new(Reason::ChannelBlacklisted, message).with("code", fault.code)
    };
    let listings = sql::blacklist::list_of(tx, uscc_index).await?;
    blacklist::judge(&listings, now).map_err(listed)?;
    for person in persons {
        let listings = sql::blacklist::list_of(tx, &person.document_index).await?;
        blacklist::judge(&listings, now)
            .map_err(|fault| listed(fault).with("operator_id", &person.operator_id))?;
    }
    Ok(())
}

/// The persons of an outlet, by the indexes of their documents.
fn people(
    persons: &Persons,
    drafts: Vec<PersonDraft>,
    on: Date,
) -> Result<Vec<sql::channel::Person>, Vec<At>> {
    const ID: Fault = Fault::new(Code::BadLength, "the outlet's own id of them, 1 to 64 characters, no name");
    const TWICE: Fault = Fault::new(Code::SamePerson, "each person once");
    let mut found = Vec::new();
    let mut here = Faults::beneath(&mut found, "channel.persons");
    here.require(drafts.len() <= MOST_PERSONS, "", Code::BadLength, "at most 200 persons");
    let mut seen = HashSet::new();
    let mut named = Vec::new();
    for (at, draft) in drafts.into_iter().take(MOST_PERSONS).enumerate() {
        let field = format!("channel.persons[{at}]");
        let mut here = Faults::beneath(&mut found, &field);
        let id = draft.operator_id;
        let fine = (1..=64).contains(&id.chars().count()) && !id.chars().any(char::is_control);
        here.keep("operator_id", fine.then_some(()).ok_or(ID));
        here.keep("operator_id", seen.insert(id.clone()).then_some(()).ok_or(TWICE));
        let document = Document::read(
            draft.document,
            on,
            &mut Faults::beneath(&mut found, &format!("{field}.document")),
        );
        named.extend(document.map(|document| sql::channel::Person {
            operator_id: id,
            document_index: persons.index_of(&document).as_bytes().to_vec(),
        }));
    }
    if found.is_empty() { Ok(named) } else { Err(found) }
}
