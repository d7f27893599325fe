//! Checks a document and how it was taken in, before a line is sold. Registers nothing; is counted as evidence.

use crate::{
    domain::{
        caller::Caller,
        channel::{
            blacklist::Listing,
            outlet::{Outlet, OutletName},
            reader::Ownership,
        },
        day,
        document::{Document, DocumentDraft, DocumentType, minor::Ages, number},
        fault::{At, Code},
        identity::{
            examine::{self, Around, Examined},
            outcome::AuthorityMatch,
        },
        name::ParticipantName,
        refusal::{Refusal, Violation},
        registration::{Taken, draft::TakenDraft},
    },
    service::{Gateway, floor::Floor, refusal},
    store::{StoreError, Tx, sql},
    vault::index::SubjectToken,
};

/// How it was found.
#[derive(Clone, Debug)]
pub struct Verified {
    /// Every check, in order.
    pub checks: Vec<Examined>,
    /// What the authority said; NOT_AVAILABLE where it was not asked.
    pub authority: AuthorityMatch,
    /// Stands for the person; `None` where the number is none.
    pub token: Option<SubjectToken>,
    /// The holder is under age.
    pub guardian_needed: bool,
}

/// What the record has of where a document was taken in.
#[derive(Clone, Debug, Default)]
struct Place {
    outlet: Option<Outlet>,
    is_stranger: bool,
    listings: Vec<Listing>,
    reader: Option<String>,
}

/// The word under which these checks are counted.
const METHOD: &str = "VERIFY_IDENTITY";

impl Gateway {
    /// Checks a document, and how it was taken in where that is told.
    pub async fn verify_identity(
        &self,
        caller: &Caller,
        document: DocumentDraft,
        capture: Option<TakenDraft>,
    ) -> Result<Verified, Refusal> {
        let floor = Floor::begin(&self.clock);
        let answer = self.verify(caller, document, capture).await;
        floor.held(answer).await
    }

    async fn verify(
        &self,
        caller: &Caller,
        draft: DocumentDraft,
        capture: Option<TakenDraft>,
    ) -> Result<Verified, Refusal> {
        let persons = self.persons()?;
        self.evidence.ready()?;
        let (now, mvno) = (self.clock.now(), &caller.organisation);
        let on = day::of(now);
        let number = draft.number.clone();
        let declared = draft.kind;
        let read = Document::read_alone(draft, on);
        let taken = capture.map(TakenDraft::read_alone).transpose();
        let kind = asked(declared, read.as_ref().err(), taken.as_ref().err())?;
        let taken = taken.unwrap_or_default();
        let place = match &taken {
            Some(taken) => self.place(mvno, taken).await?,
            None => Place::default(),
        };
        let answer = match &read {
            Ok(document) => {
                let photo = taken.as_ref().map_or("", |taken| taken.photo_sha256.as_str());
                persons.ask(mvno, document, photo, now).await?
            }
            Err(_) => None,
        };
        let person = match &read {
            Ok(document) => Some(persons.index_of(document)),
            Err(_) => {
                number::read(kind, number, on).ok().map(|read| persons.index_of_number(kind, &read.number))
            }
        };
        let token = match person {
            Some(person) => Some(self.token(persons, mvno, &person, now).await?),
            None => None,
        };
        let authority = answer.unwrap_or(AuthorityMatch::NotAvailable);
        self.count(caller, mvno, METHOD, authority.as_str(), now);
        let validity = read.as_ref().map(|document| document.validity).map_err(Vec::as_slice);
        let mut checks = examine::document(kind, validity).to_vec();
        let channel = place.outlet.as_ref().map(Outlet::channel);
        let around = taken.as_ref().map(|taken| Around {
            taken,
            channel: channel.as_ref(),
            is_stranger: place.is_stranger,
            listings: &place.listings,
            reader: ownership(&place),
        });
        checks.extend(examine::capture(kind, around.as_ref(), now));
        checks.push(examine::authority(kind, answer));
        let guardian_needed = read.is_ok_and(|document| Ages::default().is_minor(&document, on));
        Ok(Verified { checks, authority, token, guardian_needed })
    }

    async fn place(&self, mvno: &ParticipantName, taken: &Taken) -> Result<Place, Refusal> {
        let name = OutletName::parse(&taken.channel).filter(|name| name.mvno == *mvno);
        let reader = taken.reader.as_ref().map(|serial| serial.as_str().to_owned());
        let operator_id = taken.operator_id.clone();
        self.store
            .read(move |tx| {
                let (name, reader, operator_id) = (name.clone(), reader.clone(), operator_id.clone());
                Box::pin(async move {
                    let reader = match reader {
                        Some(serial) => sql::reader::owner(tx, &serial).await?,
                        None => None,
                    };
                    let outlet = match name {
                        Some(name) => {
                            sql::channel::lookup(tx, &name.id).await?.filter(|found| found.name() == name)
                        }
                        None => None,
                    };
                    let Some(outlet) = outlet else { return Ok(Place { reader, ..Place::default() }) };
                    Ok(staffed(tx, outlet, reader, &operator_id).await?)
                })
            })
            .await
            .map_err(refusal)
    }
}

/// What is known of the outlet and of the person who took the document in.
async fn staffed(
    tx: &mut dyn Tx,
    outlet: Outlet,
    reader: Option<String>,
    operator_id: &str,
) -> Result<Place, StoreError> {
    let persons = sql::channel::persons(tx, &outlet.id).await?;
    let person = persons.iter().find(|person| person.operator_id == operator_id);
    let person_index = person.map(|person| person.document_index.as_slice());
    let uscc_index = sql::channel::uscc_index(tx, &outlet.id).await?.unwrap_or_default();
    let listings = sql::selling::listings(tx, &uscc_index, person_index).await?;
    let is_stranger = !persons.is_empty() && person.is_none();
    Ok(Place { outlet: Some(outlet), is_stranger, listings, reader })
}

fn ownership(place: &Place) -> Ownership {
    match (&place.reader, &place.outlet) {
        (None, _) => Ownership::Nowhere,
        (Some(owner), Some(outlet)) if *owner == outlet.id => Ownership::Here,
        (Some(_), _) => Ownership::Elsewhere,
    }
}

/// Whether there is something to check: what is missing is refused, what is wrong is answered.
fn asked(
    declared: Option<DocumentType>,
    document: Option<&Vec<At>>,
    taken: Option<&Vec<At>>,
) -> Result<DocumentType, Refusal> {
    let missing = document.into_iter().flatten().filter(|at| at.fault.code == Code::Required);
    let faults: Vec<Violation> =
        missing.chain(taken.into_iter().flatten()).cloned().map(Violation::from).collect();
    match declared {
        Some(kind) if faults.is_empty() => Ok(kind),
        _ => Err(Refusal::fields(faults)),
    }
}
