//! What a registration is weighed against, read under locks: first the number's block, then its line, then its person.

use super::{Work, seal};
use crate::{
    domain::{
        channel::{blacklist::Listing, reader::Ownership},
        decision::Decision,
        industry::Assessment,
        name::ParticipantName,
        quota::{Count, Slot},
        registration::{
            Subject, UnitLine,
            judge::{Facts, NumberFact},
        },
        time::Time,
    },
    host,
    service::channels::index_of_code,
    store::{
        Abort, StoreError, Tx,
        sql::{
            self,
            line::LineRow,
            selling::{Selling, Staff},
            subject::{New, SubjectRow},
        },
    },
    vault::{Owner, SubjectKey},
};

/// What was found.
pub(super) struct Gathered {
    /// The live line of the number, where the caller has one.
    pub(super) line: Option<LineRow>,
    /// The person, enrolled where there was none and a line is to begin.
    pub(super) subject: Option<Person>,
    number: NumberFact,
    selling: Option<Selling>,
    listings: Vec<Listing>,
    reader: Ownership,
    is_stranger: bool,
    assessment: Option<Assessment>,
    decision: Decision,
    count: Count,
}

/// A person as the caller knows it, locked.
pub(super) struct Person {
    /// The row.
    pub(super) row: SubjectRow,
    /// Its data key.
    pub(super) key: SubjectKey,
    /// The slots that its lines hold.
    pub(super) used: Vec<Slot>,
    /// Whether it was enrolled just now.
    pub(super) is_new: bool,
}

/// Reads all of it.
pub(super) async fn gather(
    tx: &mut dyn Tx,
    work: &Work,
    decision: Decision,
    now: Time,
) -> Result<Gathered, Abort> {
    let registration = &work.registration;
    let block = registration.msisdn.block().unwrap_or_default();
    let allocated = sql::allocation::is_held(tx, &work.mvno, &block).await?;
    let line = sql::line::live_locked(tx, work.number_index.as_bytes()).await?;
    let (selling, staff) = selling(tx, work).await?.unzip();
    let staff = staff.unwrap_or(Staff { is_stranger: false, reader_of: None, listings: Vec::new() });
    let assessment = assessment(tx, work, now).await?;
    let document_index = work.document_index.as_bytes();
    let mut subject = person(tx, work, document_index, now).await?;
    // After the person is locked, or the enrolment: what is not in force now is not before this is written.
    let restriction = sql::restriction::in_force(tx, document_index, now).await?;
    let restricted_until = restriction.map(|restriction| restriction.until);
    if let Some(person) = subject.as_mut().filter(|person| !person.is_new) {
        person.used = sql::line::used(tx, &person.row.id, registration.subject.slots()).await?;
    }
    let used = subject.as_ref().map_or(0, |person| person.used.len());
    let same_holder =
        line.as_ref().zip(subject.as_ref()).is_some_and(|(line, person)| line.subject == person.row.id);
    // Another operator's line on a number of the caller's block would be a fault of the record: it is in use.
    let number = NumberFact { allocated, line: line.as_ref().map(|line| line.state), same_holder };
    let reader = match &staff.reader_of {
        None => Ownership::Nowhere,
        Some(of) if channel_id(&work.mvno, &registration.taken.channel) == Some(of.as_str()) => {
            Ownership::Here
        }
        Some(_) => Ownership::Elsewhere,
    };
    Ok(Gathered {
        number,
        reader,
        is_stranger: staff.is_stranger,
        selling,
        listings: staff.listings,
        assessment,
        decision,
        count: Count { in_use: u32::try_from(used).unwrap_or(u32::MAX), fresh: true, restricted_until },
        line,
        subject,
    })
}

/// The outlet, with the person who took it in and the reader.
async fn selling(tx: &mut dyn Tx, work: &Work) -> Result<Option<(Selling, Staff)>, StoreError> {
    let taken = &work.registration.taken;
    let Some(id) = channel_id(&work.mvno, &taken.channel) else { return Ok(None) };
    let Some(selling) = sql::selling::lookup_shared(tx, &work.mvno, id).await? else { return Ok(None) };
    let reader = taken.reader.as_ref().map_or("", |reader| reader.as_str());
    let staff = sql::selling::staff(tx, id, &selling.uscc_index, &taken.operator_id, reader).await?;
    Ok(Some((selling, staff)))
}

/// The id of an outlet of that MVNO by its name; an outlet of another is none.
pub(in crate::service) fn channel_id<'n>(mvno: &ParticipantName, name: &'n str) -> Option<&'n str> {
    let (owner, id) = name.split_once("/channels/")?;
    (owner == mvno.to_string() && !id.is_empty() && !id.contains('/')).then_some(id)
}

async fn assessment(tx: &mut dyn Tx, work: &Work, now: Time) -> Result<Option<Assessment>, StoreError> {
    let Subject::Unit(unit) = &work.registration.subject else { return Ok(None) };
    let UnitLine::Industry { assessment, .. } = &unit.line else { return Ok(None) };
    let prefix = format!("{}/industryAssessments/", work.mvno);
    let Some(id) = assessment.strip_prefix(&prefix) else { return Ok(None) };
    let found = sql::assessment::lookup(tx, &work.mvno, id).await?;
    let uscc = index_of_code(work.persons.vault.index(), unit.code.reveal());
    let found = found.filter(|row| row.uscc_index == uscc.as_bytes() && row.assessment.assess_time <= now);
    Ok(found.map(|row| row.assessment))
}

/// The person, locked. Of two registrations that enrol one at the same moment, the second waits and finds it.
async fn person(
    tx: &mut dyn Tx,
    work: &Work,
    document_index: &[u8; 32],
    now: Time,
) -> Result<Option<Person>, Abort> {
    if let Some(found) = known(tx, work, document_index).await? {
        return Ok(Some(found));
    }
    if !work.registration.event.is_activation() {
        return Ok(None);
    }
    sql::restriction::lock_enrolment(tx, document_index).await?;
    let (new, key) = enrol(work, document_index, now);
    if sql::subject::add(tx, &new).await? {
        return Ok(Some(Person { row: new.row, key, used: Vec::new(), is_new: true }));
    }
    let found = known(tx, work, document_index).await?;
    found.map(Some).ok_or(Abort::Store(StoreError::Retry))
}

async fn known(
    tx: &mut dyn Tx,
    work: &Work,
    document_index: &[u8; 32],
) -> Result<Option<Person>, StoreError> {
    let Some(row) = sql::subject::lookup_locked(tx, &work.mvno, document_index).await? else {
        return Ok(None);
    };
    let key = seal::unlock(&work.persons.vault, &row)?;
    Ok(Some(Person { row, key, used: Vec::new(), is_new: false }))
}

fn enrol(work: &Work, document_index: &[u8; 32], now: Time) -> (New, SubjectKey) {
    let person = work.registration.subject.person();
    let id = host::new_id(now);
    let (key, wrapped_key) = work.persons.vault.enrol(Owner::new(&work.mvno, &id), 1);
    let document = key.seal(sql::subject::DOCUMENT.at(&id), &seal::document(person));
    let row = SubjectRow {
        id,
        mvno: work.mvno.clone(),
        document_index: document_index.to_vec(),
        kind: person.kind,
        wrapped_key,
        document,
    };
    let kek_id = work.persons.vault.newest().as_bytes().to_vec();
    (New { row, kek_id, create_time: now }, key)
}

// === impl Gathered ===

impl Gathered {
    /// As the rules want it.
    pub(super) fn facts<'g>(&'g self, work: &'g Work) -> Facts<'g> {
        Facts {
            number: self.number,
            channel: self.selling.as_ref().map(|selling| &selling.channel),
            is_stranger: self.is_stranger,
            listings: &self.listings,
            reader: self.reader,
            assessment: self.assessment.as_ref(),
            activations: self.decision,
            count: self.count,
            answers: &work.answers,
        }
    }
}
