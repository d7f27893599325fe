//! One chunk in one transaction. Its job's row is locked first, so that of two streams of one import the second finds
//! what the first made durable.

use std::collections::{BTreeSet, HashMap, HashSet, hash_map::Entry};

use super::{
    Header, Progress,
    originals::Originals,
    rows::{Read, Ready},
};
use crate::{
    domain::{
        channel::ChannelKind,
        fault::{Code, Fault},
        line::{
            LineState,
            ladder::{Days, Ladder, Pace},
        },
        name::ParticipantName,
        quota::{Slot, Slots},
        registration::{
            RegistrationState,
            import::{OnDuplicate, Rejected},
            judge::{self, Check, NumberFact},
        },
        time::Time,
    },
    host,
    service::{
        act::Done,
        persons::Persons,
        register::{self, seal},
        shutdown::follow,
    },
    store::{
        Abort, StoreError, Tx,
        sql::{
            self,
            line::LineRow,
            subject::{New, SubjectRow},
        },
    },
    vault::{Owner, SubjectKey},
};

/// Rows to take in.
pub(super) struct Chunk {
    pub(super) persons: std::sync::Arc<Persons>,
    pub(super) mvno: ParticipantName,
    pub(super) header: Header,
    pub(super) so_far: Progress,
    pub(super) read: Vec<Read>,
}

/// What the record has of everything in the chunk, kept up as its rows are written.
struct Around {
    blocks: HashSet<String>,
    live: HashSet<[u8; 32]>,
    /// What orders keep stopped.
    held: HashMap<Vec<u8>, LineState>,
    persons: HashMap<[u8; 32], Person>,
    /// Kinds of the outlets named; `None` for one that is not the caller's.
    channels: HashMap<String, Option<ChannelKind>>,
}

struct Person {
    id: String,
    key: SubjectKey,
    used: Vec<(Slots, Slot)>,
}

const UNKNOWN: Fault = Fault::new(Code::ChannelUnknown, "an outlet that you have authorised, or none");

// === impl Chunk ===

impl Chunk {
    pub(super) async fn run(&self, tx: &mut dyn Tx, now: Time) -> Result<Done<Progress>, Abort> {
        let mut job = match self.header.validate_only {
            true => None,
            false => {
                let job = sql::import::lookup_locked(tx, &self.mvno, &self.header.import_id).await?;
                Some(job.ok_or(StoreError::Retry)?)
            }
        };
        let mut progress = job.as_ref().map_or_else(|| self.so_far.clone(), Progress::from);
        progress.rejected.clear();
        let todo = self.read.iter().filter(|read| read.row_number > progress.durable_through_row);
        let todo: Vec<&Read> = todo.collect();
        let mut around = self.around(tx, &todo).await?;
        let mut originals = job.as_ref().map(|job| (job, Originals::of(&self.persons.vault, job)));
        for read in todo {
            progress.durable_through_row = read.row_number;
            let taken = match &read.outcome {
                Ok(ready) => self.take(tx, &mut around, read.row_number, ready, now).await?,
                Err(rejected) => Err(Some(rejected.clone())),
            };
            match taken {
                Ok(()) => progress.accepted += 1,
                Err(None) => progress.skipped += 1,
                Err(Some(rejected)) => {
                    progress.rejected_total += 1;
                    if let Some((job, originals)) = &mut originals {
                        let (row, nth) = (read.row_number, progress.rejected_total);
                        let original = originals.seal(row, nth, &read.original)?;
                        sql::import::reject(tx, &job.id, &rejected, original).await?;
                    }
                    progress.rejected.push(rejected);
                }
            }
        }
        if let Some(job) = &mut job {
            job.durable_through_row = progress.durable_through_row;
            job.accepted = progress.accepted;
            job.skipped = progress.skipped;
            job.rejected = progress.rejected_total;
            job.update_time = now;
            job.expire_time = now.plus(super::KEPT_FOR);
            sql::import::save(tx, job).await?;
        }
        Ok(progress.done(job.as_ref(), &self.mvno))
    }

    /// Five looks for all rows.
    async fn around(&self, tx: &mut dyn Tx, todo: &[&Read]) -> Result<Around, StoreError> {
        // No block is returned until these rows are written.
        sql::standing::lookup_shared(tx, &self.mvno).await?;
        let ready: Vec<&Ready> = todo.iter().filter_map(|read| read.outcome.as_ref().ok()).collect();
        let named: BTreeSet<&str> = ready.iter().map(|ready| ready.block.as_str()).collect();
        let named: Vec<&str> = named.into_iter().collect();
        let blocks = sql::allocation::held(tx, &self.mvno, &named).await?.into_iter().collect();
        let numbers: Vec<[u8; 32]> = ready.iter().map(|ready| ready.number_index).collect();
        let live = sql::line::many::live(tx, &numbers).await?.into_iter().collect();
        let held = follow::held_at_begin_of_many(tx, &numbers).await?;
        let mut documents: Vec<[u8; 32]> = ready.iter().map(|ready| ready.document_index).collect();
        documents.sort_unstable();
        documents.dedup();
        let mut persons = HashMap::new();
        let known = sql::subject::many::lookup_locked(tx, &self.mvno, &documents).await?;
        let ids: Vec<&str> = known.iter().map(|(_, row)| row.id.as_str()).collect();
        let mut used: HashMap<String, Vec<(Slots, Slot)>> = HashMap::new();
        for (subject, slots, slot) in sql::line::many::used(tx, &ids).await? {
            used.entry(subject).or_default().push((slots, slot));
        }
        for (index, row) in known {
            let key = seal::unlock(&self.persons.vault, &row)?;
            let used = used.remove(&row.id).unwrap_or_default();
            persons.insert(index, Person { id: row.id, key, used });
        }
        let mut channels = HashMap::new();
        for ready in ready {
            let name = &ready.registration.taken.channel;
            if !name.is_empty() && !channels.contains_key(name) {
                let kind = match register::channel_id(&self.mvno, name) {
                    None => None,
                    Some(id) => sql::selling::lookup_shared(tx, &self.mvno, id)
                        .await?
                        .map(|selling| selling.channel.kind),
                };
                channels.insert(name.clone(), kind);
            }
        }
        Ok(Around { blocks, live, held, persons, channels })
    }

    /// Writes a row; or why not, where it is not to be skipped.
    async fn take(
        &self,
        tx: &mut dyn Tx,
        around: &mut Around,
        row_number: i64,
        ready: &Ready,
        now: Time,
    ) -> Result<Result<(), Option<Rejected>>, StoreError> {
        let registration = &ready.registration;
        let allocated = around.blocks.contains(&ready.block);
        let is_live = around.live.contains(&ready.number_index);
        if allocated && is_live && self.header.on_duplicate == OnDuplicate::Skip {
            return Ok(Err(None));
        }
        let line = is_live.then_some(LineState::Active);
        let fact = NumberFact { allocated, line, same_holder: false };
        let channel = around.channels.get(&registration.taken.channel);
        if let Some(None) = channel {
            return Ok(Err(Some(Rejected::judged(row_number, Check::Channel, UNKNOWN))));
        }
        if let Err((check, fault)) = judge::judge_imported(registration, fact, channel.copied().flatten()) {
            return Ok(Err(Some(Rejected::judged(row_number, check, fault))));
        }
        let state = around.held.get(ready.number_index.as_slice()).copied().unwrap_or(LineState::Active);
        let person = match around.persons.entry(ready.document_index) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(self.enrol(tx, ready, now).await?),
        };
        self.write(tx, person, ready, state, now).await?;
        around.live.insert(ready.number_index);
        Ok(Ok(()))
    }

    async fn enrol(&self, tx: &mut dyn Tx, ready: &Ready, now: Time) -> Result<Person, StoreError> {
        let document = ready.registration.subject.person();
        let vault = &self.persons.vault;
        let id = host::new_id(now);
        let (key, wrapped_key) = vault.enrol(Owner::new(&self.mvno, &id), 1);
        let row = SubjectRow {
            mvno: self.mvno.clone(),
            document_index: ready.document_index.to_vec(),
            kind: document.kind,
            wrapped_key,
            document: key.seal(sql::subject::DOCUMENT.at(&id), &seal::document(document)),
            id: id.clone(),
        };
        let new = New { row, kek_id: vault.newest().as_bytes().to_vec(), create_time: now };
        sql::subject::send(tx, &new).await?;
        Ok(Person { id, key, used: Vec::new() })
    }

    async fn write(
        &self,
        tx: &mut dyn Tx,
        person: &mut Person,
        ready: &Ready,
        state: LineState,
        now: Time,
    ) -> Result<(), StoreError> {
        let registration = &ready.registration;
        let slots = registration.subject.slots();
        let used: Vec<Slot> =
            person.used.iter().filter(|(of, _)| *of == slots).map(|(_, slot)| *slot).collect();
        let slot = Slot::for_import(&used);
        // Beyond what one may have: it is to be verified again, and the ladder begins with its notice.
        let ladder = slot.is_legacy(slots.limit()).then(|| Ladder::notice(Pace::Normal, now));
        let next = ladder.and_then(|ladder| ladder.next(&Days::default()));
        let id = host::new_id(now);
        let channel = register::channel_id(&self.mvno, &registration.taken.channel).map(str::to_owned);
        let line = LineRow {
            block: ready.block.clone(),
            number_index: ready.number_index.to_vec(),
            number: Some(person.key.seal(sql::line::NUMBER.at(&id), ready.e164.as_bytes())),
            imei: register::bound(&person.key, &id, &registration.subject),
            id,
            mvno: self.mvno.clone(),
            subject: person.id.clone(),
            state,
            registration: match ladder {
                None => RegistrationState::Verified,
                Some(_) => RegistrationState::SupplementDue,
            },
            slots,
            slot,
            channel: channel.clone(),
            event: registration.event,
            industry: register::industry(&registration.subject),
            start_time: registration.register_time,
            record_time: now,
            end_time: None,
            erase_time: None,
            ladder,
            next_step_time: next.map(|(_, time)| time),
        };
        sql::line::send(tx, &line).await?;
        person.used.push((slots, slot));
        let id = host::new_id(now);
        let details = seal::others(registration);
        let details = details.map(|bytes| person.key.seal(sql::registration::DETAILS.at(&id), &bytes));
        let taken = &registration.taken;
        let new = sql::registration::New {
            line: line.id,
            id,
            event: registration.event,
            register_time: registration.register_time,
            capture: taken.method,
            reader: taken.reader.as_ref().map(|reader| reader.as_str().to_owned()),
            channel,
            operator_id: taken.operator_id.clone(),
            photo_sha256: taken.photo_sha256.clone(),
            details,
        };
        sql::registration::send(tx, &new).await
    }
}
