//! Takes in subscribers that exist, a chunk of rows in one transaction: what is there already is asked for once for all
//! of them, and what is written waits for nothing but the commit. A row that cannot be taken is told and stops nothing.

mod chunk;
mod originals;
mod rows;

use std::{sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

pub use self::rows::{Original, Row};
use self::{chunk::Chunk, originals::Originals, rows::Read};
use super::{Gateway, act::Done, context::Context, refusal, supervise::Faults};
use crate::{
    domain::{
        name::ParticipantName,
        refusal::{Reason, Refusal},
        registration::import::{OnDuplicate, Rejected},
        time::{DAY, Time},
    },
    host,
    store::{Abort, sql, sql::import::Job},
    vault::{Opened, Owner, Vault},
};

/// Rejected rows can be listed for so long after the last rows came.
const KEPT_FOR: Duration = DAY.saturating_mul(30);
/// What the rows of a page said, in bytes at most: an answer has a limit.
const PAGE_BYTES: usize = 2 * 1024 * 1024;

/// What an import is.
#[derive(Clone, Debug)]
pub struct Header {
    /// Its sender's own id of it.
    pub import_id: String,
    /// What to do with numbers that have a live line.
    pub on_duplicate: OnDuplicate,
    /// Every check, and nothing written.
    pub validate_only: bool,
}

/// How far an import is.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Progress {
    /// Every row up to this one is durable, or rejected for good.
    pub durable_through_row: i64,
    /// Rows taken in.
    pub accepted: i64,
    /// Rows skipped as duplicates.
    pub skipped: i64,
    /// Rows rejected.
    pub rejected_total: i64,
    /// Those of the chunk that was just taken.
    pub rejected: Vec<Rejected>,
}

/// Which rejected rows.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Of which import.
    pub import_id: String,
    /// With what they said.
    pub originals: bool,
    /// Rows at most; 0 for the default.
    pub page_size: i32,
    /// Where an earlier page ended; empty for the first.
    pub page_token: String,
}

/// A rejected row, and what it said, where that was asked for and is kept.
pub struct RejectedRow {
    /// Which row, and why.
    pub rejected: Rejected,
    /// Its message as it came.
    pub original: Option<Opened>,
}

impl Gateway {
    /// Begins an import, or goes on with one.
    pub async fn begin_import(&self, context: &Context, header: &Header) -> Result<Progress, Refusal> {
        let persons = self.persons()?.clone();
        let mut faults = Faults::of(context);
        let id = &header.import_id;
        let fine = (1..=64).contains(&id.chars().count()) && !id.chars().any(char::is_control);
        faults.require(fine, "header.import_id", "BAD_LENGTH", "1 to 64 printable characters");
        faults.done()?;
        let (mvno, header, now) = (context.caller.organisation.clone(), header.clone(), self.clock.now());
        let begun = self.store.write(move |tx| {
            let (mvno, header, persons) = (mvno.clone(), header.clone(), persons.clone());
            Box::pin(async move {
                let kek = persons.vault.newest();
                let found = sql::import::lookup(tx, &mvno, &header.import_id).await?;
                let job = match found {
                    Some(job) if job.wrapped_key.is_none() && !header.validate_only => {
                        let key = data_key(&persons.vault, &mvno, &job.id);
                        sql::import::give_key(tx, &job.id, key, kek.as_bytes()).await?;
                        job
                    }
                    Some(job) => job,
                    None if header.validate_only => return Ok(Progress::default()),
                    None => {
                        let job = Job::new(&persons.vault, mvno.clone(), &header, now);
                        sql::import::add(tx, &job, kek.as_bytes()).await?;
                        let again = sql::import::lookup(tx, &mvno, &header.import_id).await?;
                        again.unwrap_or(job)
                    }
                };
                if job.on_duplicate != header.on_duplicate {
                    return Err(Abort::Refused(reused(&job)));
                }
                // A rehearsal begins at the beginning, whatever was done for good.
                Ok(if header.validate_only { Progress::default() } else { Progress::from(&job) })
            })
        });
        begun.await.map_err(refusal)
    }

    /// Takes the next rows in. `so_far` is what the last answer said.
    pub async fn import_rows(
        &self,
        context: &Context,
        header: &Header,
        so_far: Progress,
        rows: Vec<Row>,
    ) -> Result<Progress, Refusal> {
        let persons = self.persons()?.clone();
        let now = self.clock.now();
        let read: Vec<Read> = rows.into_iter().map(|row| row.read(&persons, now)).collect();
        let mut context = context.clone();
        context.validate_only = header.validate_only;
        let mvno = context.caller.organisation.clone();
        let chunk = Arc::new(Chunk { persons, mvno, header: header.clone(), so_far, read });
        let taken = self.act(context, move |tx, now| {
            let chunk = chunk.clone();
            Box::pin(async move { chunk.run(tx, now).await })
        });
        Ok(taken.await?.answer)
    }

    /// A page of an import's rejected rows, and the token of the next. What the rows said is opened for their own sender,
    /// and that it was is entered before it is answered.
    pub async fn list_rejected_rows(
        &self,
        context: &Context,
        wanted: Wanted,
    ) -> Result<(Vec<RejectedRow>, String), Refusal> {
        let mvno = context.caller.organisation.clone();
        let Wanted { import_id, originals, page_size, page_token } = wanted;
        let list = format!("rejected|{mvno}|{import_id}|{originals}");
        let ask = self.pages.ask(&list, page_size, &page_token)?;
        let after = ask.after.and_then(|after| after.parse().ok()).unwrap_or(0);
        let size = ask.size;
        let found = self.store.read(move |tx| {
            let (mvno, import_id) = (mvno.clone(), import_id.clone());
            Box::pin(async move {
                let job = sql::import::lookup(tx, &mvno, &import_id).await?;
                let job = job.ok_or_else(|| {
                    Refusal::new(Reason::ImportNotFound, "You have no import of that id.")
                        .with("import_id", &import_id)
                })?;
                let rows = sql::import::list_rejected(tx, &job.id, after, size + 1).await?;
                Ok((job, rows))
            })
        });
        let (job, kept) = found.await.map_err(refusal)?;
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let mut more = kept.len() > size;
        let persons = if originals { Some(self.persons()?) } else { None };
        let mut opening = persons.map(|persons| Originals::of(&persons.vault, &job));
        let (mut rows, mut bytes) = (Vec::new(), 0);
        for row in kept.into_iter().take(size) {
            let number = row.rejected.row_number;
            let original = match &mut opening {
                Some(opening) => opening.open(number, row.original.as_deref()).map_err(Abort::from),
                None => Ok(None),
            };
            let original = original.map_err(refusal)?;
            bytes += original.as_ref().map_or(0, |opened| opened.expose().len());
            if bytes > PAGE_BYTES {
                more = true;
                break;
            }
            rows.push(RejectedRow { rejected: row.rejected, original });
        }
        let opened = rows.iter().filter(|row| row.original.is_some()).count();
        if opened > 0 {
            self.enter_read(context, job.name(), serde_json::json!({ "originals": opened })).await?;
        }
        let last = rows.last().filter(|_| more).map(|row| row.rejected.row_number.to_string());
        let token = last.map_or_else(String::new, |row| self.pages.token(&list, &row));
        Ok((rows, token))
    }
}

/// A fresh data key for what an import's rejected rows say, wrapped.
fn data_key(vault: &Vault, mvno: &ParticipantName, job: &str) -> Vec<u8> {
    vault.enrol(Owner::new(mvno, job), 1).1
}

fn reused(job: &Job) -> Refusal {
    let message = format!(
        "This import_id was used with on_duplicate {}; take a new one, or the same settings.",
        job.on_duplicate
    );
    Refusal::new(Reason::ImportIdReused, message)
        .with("import_id", &job.import_id)
        .with("on_duplicate", job.on_duplicate)
}

// === impl Job ===

impl Job {
    fn new(vault: &Vault, mvno: ParticipantName, header: &Header, now: Time) -> Self {
        let id = host::new_id(now);
        Self {
            wrapped_key: Some(data_key(vault, &mvno, &id)),
            id,
            mvno,
            import_id: header.import_id.clone(),
            on_duplicate: header.on_duplicate,
            durable_through_row: 0,
            accepted: 0,
            skipped: 0,
            rejected: 0,
            create_time: now,
            update_time: now,
            expire_time: now.plus(KEPT_FOR),
        }
    }

    fn name(&self) -> String {
        format!("{}/imports/{}", self.mvno, self.id)
    }
}

// === impl Progress ===

impl From<&Job> for Progress {
    fn from(job: &Job) -> Self {
        Self {
            durable_through_row: job.durable_through_row,
            accepted: job.accepted,
            skipped: job.skipped,
            rejected_total: job.rejected,
            rejected: Vec::new(),
        }
    }
}

impl Progress {
    fn done(self, job: Option<&Job>, mvno: &ParticipantName) -> Done<Self> {
        let detail = serde_json::json!({
            "through_row": self.durable_through_row,
            "accepted": self.accepted,
            "skipped": self.skipped,
            "rejected": self.rejected_total,
        });
        let subject = job.map_or_else(|| format!("{mvno}/imports"), Job::name);
        Done { answer: self, subject, detail, revision: None }
    }
}
