//! Writes a registration that was accepted: its line, its event, and the person's newest document.

use super::{
    Checked, Registered, Work,
    gather::{Person, channel_id},
    seal,
};
use crate::{
    domain::{
        fault::{Code, Fault},
        industry::Functions,
        line::{LineState, retention},
        quota::{Quota, Slot},
        refusal::{Reason, Refusal},
        registration::{RegistrationEvent, RegistrationState, Subject, UnitLine},
        time::Time,
    },
    host,
    service::{act::Done, shutdown::follow},
    store::{
        Abort, StoreError, Tx,
        sql::{self, line::LineRow, registration::New},
    },
    vault::SubjectKey,
};

/// What is there before.
pub(super) struct Found {
    /// The number's live line.
    pub(super) line: Option<LineRow>,
    /// The person.
    pub(super) subject: Option<Person>,
}

/// Writes all of it.
pub(super) async fn record(
    tx: &mut dyn Tx,
    work: &Work,
    found: Found,
    checks: Vec<Checked>,
    now: Time,
) -> Result<Done<Registered>, Abort> {
    let registration = &work.registration;
    // Whoever passed the checks has one: enrolled, or the holder of the line.
    let Some(person) = found.subject else { return Err(Abort::Store(StoreError::Retry)) };
    let event = registration.event;
    let (line, used) = match (event, found.line) {
        (RegistrationEvent::Open, None) => (begin(tx, work, &person, now).await?, person.used.len() + 1),
        (RegistrationEvent::Transfer, Some(old)) => {
            // The number is free for the new holder's line before that is written.
            end(tx, old, now).await?;
            (begin(tx, work, &person, now).await?, person.used.len() + 1)
        }
        (RegistrationEvent::SimChange | RegistrationEvent::Supplement, Some(line)) => {
            (go_on(tx, work, &person, line, now).await?, person.used.len())
        }
        _ => return Err(Abort::Store(StoreError::Retry)),
    };
    if !person.is_new {
        let document = registration.subject.person();
        let sealed = person.key.seal(sql::subject::DOCUMENT.at(&person.row.id), &seal::document(document));
        sql::subject::renew(tx, &person.row.id, document.kind, sealed).await?;
    }
    let id = host::new_id(now);
    let details =
        seal::others(registration).map(|bytes| person.key.seal(sql::registration::DETAILS.at(&id), &bytes));
    let taken = &registration.taken;
    let new = New {
        line: line.id.clone(),
        id,
        event,
        register_time: registration.register_time,
        capture: taken.method,
        reader: taken.reader.as_ref().map(|reader| reader.as_str().to_owned()),
        channel: channel_id(&work.mvno, &taken.channel).map(str::to_owned),
        operator_id: taken.operator_id.clone(),
        photo_sha256: taken.photo_sha256.clone(),
        details,
    };
    sql::registration::send(tx, &new).await?;
    let name = name(&line);
    let (number, document) = &work.pseudonyms;
    let detail = serde_json::json!({
        "event": event.as_str(),
        "channel": new.channel,
        "number": number,
        "document": document,
    });
    let answer = Registered {
        name: name.clone(),
        state: line.registration,
        checks,
        quota: Quota::of(u32::try_from(used).unwrap_or(u32::MAX), registration.subject.limit()),
        subject_token: work.persons.token_of(&person.row)?.as_str().to_owned(),
    };
    Ok(Done { answer, subject: name, detail, revision: None })
}

/// The IMEI of the device that an industry line is bound to, sealed at the line's row.
pub(in crate::service) fn bound(key: &SubjectKey, line: &str, subject: &Subject) -> Option<Vec<u8>> {
    let imei = subject.imei()?;
    Some(key.seal(sql::line::IMEI.at(line), imei.reveal().as_bytes()))
}

/// The name of a registration.
pub(in crate::service) fn name(line: &LineRow) -> String {
    format!("{}/registrations/{}", line.mvno, line.id)
}

/// A line begins, in the holder's lowest free slot.
async fn begin(tx: &mut dyn Tx, work: &Work, person: &Person, now: Time) -> Result<LineRow, Abort> {
    const REACHED: Fault = Fault::new(Code::CardLimitReached, "a person holds as many lines as one may");
    let registration = &work.registration;
    let slots = registration.subject.slots();
    let Some(slot) = Slot::free(&person.used, slots.limit()) else {
        return Err(Abort::Refused(Refusal::new(Reason::CardLimitReached, REACHED.text)));
    };
    let id = host::new_id(now);
    let number_index = work.number_index.as_bytes().to_vec();
    let state = begins(tx, &number_index).await?;
    let line = LineRow {
        block: registration.msisdn.block().unwrap_or_default(),
        number_index,
        number: Some(person.key.seal(sql::line::NUMBER.at(&id), work.e164.reveal().as_bytes())),
        imei: bound(&person.key, &id, &registration.subject),
        id,
        mvno: work.mvno.clone(),
        subject: person.row.id.clone(),
        state,
        registration: RegistrationState::Verified,
        slots,
        slot,
        channel: channel_id(&work.mvno, &registration.taken.channel).map(str::to_owned),
        event: registration.event,
        industry: industry(&registration.subject),
        start_time: registration.register_time,
        record_time: now,
        end_time: None,
        erase_time: None,
        ladder: None,
        next_step_time: None,
    };
    match sql::line::add(tx, &line).await {
        // Another transaction opened the same number since it was looked at.
        Err(StoreError::Duplicate) => Err(Abort::Refused(in_use())),
        Err(error) => Err(error.into()),
        Ok(()) => Ok(line),
    }
}

/// A new line on a number that an order keeps stopped begins stopped: whoever was there before, the network is off.
async fn begins(tx: &mut dyn Tx, number_index: &[u8]) -> Result<LineState, StoreError> {
    let held = follow::held_at_begin(tx, number_index).await?;
    if held != LineState::Active {
        sql::number_hold::set_own(tx, number_index, LineState::Active).await?;
    }
    Ok(held)
}

pub(in crate::service) fn industry(subject: &Subject) -> Option<(String, Functions)> {
    let Subject::Unit(unit) = subject else { return None };
    let UnitLine::Industry { assessment, functions, .. } = &unit.line else { return None };
    let id = assessment.rsplit('/').next().unwrap_or_default();
    Some((id.to_owned(), *functions))
}

fn in_use() -> Refusal {
    Refusal::new(Reason::NumberInUse, "Not registered: the number has a live line now.")
        .with("code", Code::NumberInUse)
}

/// A line ends: its slot and its number are free, and the clock of its retention starts.
pub(in crate::service) async fn end(
    tx: &mut dyn Tx,
    line: LineRow,
    now: Time,
) -> Result<LineRow, StoreError> {
    let ended = LineRow {
        state: LineState::Closed,
        registration: RegistrationState::Closed,
        end_time: Some(now),
        erase_time: Some(retention::erase_from(now)),
        ladder: None,
        next_step_time: None,
        ..line
    };
    sql::line::save(tx, &ended).await?;
    Ok(ended)
}

/// A line goes on, in the device that is named, or in the one before; what was to be supplemented is, and what its ladder
/// had stopped works again.
async fn go_on(
    tx: &mut dyn Tx,
    work: &Work,
    person: &Person,
    line: LineRow,
    now: Time,
) -> Result<LineRow, StoreError> {
    let event = work.registration.event;
    let imei = match line.industry {
        Some(_) => bound(&person.key, &line.id, &work.registration.subject),
        None => None,
    };
    let mut line = LineRow { event, imei: imei.or(line.imei), ..line };
    if event == RegistrationEvent::Supplement {
        let after = line.registration.after(retention::Event::Supplemented, None, now);
        line.registration = after.unwrap_or(line.registration);
        if line.ladder.is_some_and(|ladder| ladder.holds() == line.state) {
            line.state = follow::held(tx, &line.number_index).await?;
        }
        line.ladder = None;
        line.next_step_time = None;
    }
    sql::line::save(tx, &line).await?;
    Ok(line)
}
