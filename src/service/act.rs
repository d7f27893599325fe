//! One act, one transaction: the request id's row, the act's own rows, its ledger entry and its reason, together or
//! nothing. The same id with the same payload gets the first answer again; `validate_only` runs all of it and keeps
//! nothing.

use std::sync::{Arc, Mutex};

use serde::{Serialize, de::DeserializeOwned};

use super::{Gateway, context::Context, refusal};
use crate::{
    domain::{
        entry::{Entry, EntryKind},
        refusal::{Reason, Refusal},
        time::Time,
    },
    host,
    store::{Abort, BoxFuture, Store, StoreError, Tx, sql},
};

/// What an act leaves for its entry.
#[derive(Clone, Debug)]
pub struct Done<T> {
    /// The answer; kept with the request id, so it is plain data.
    pub answer: T,
    /// The resource acted on.
    pub subject: String,
    /// What changed, as JSON without personal data.
    pub detail: serde_json::Value,
    /// The revision that the act made, where it made one.
    pub revision: Option<i64>,
}

/// An answer, and whether it was the first answer given again.
#[derive(Clone, Debug)]
pub struct Answered<T> {
    /// The answer.
    pub answer: T,
    /// Given before, for the same request id.
    pub replayed: bool,
}

impl Gateway {
    /// Runs an act. `work` is called again where the engine has to retry, so it reads all it needs from its
    /// transaction and the moment it is given.
    pub async fn act<T, W>(&self, context: Context, work: W) -> Result<Answered<T>, Refusal>
    where
        T: Serialize + DeserializeOwned + Clone + Send + Sync + 'static,
        W: for<'t> Fn(&'t mut dyn Tx, Time) -> BoxFuture<'t, Result<Done<T>, Abort>> + Send + Sync + 'static,
    {
        let faults = context.violations();
        if !faults.is_empty() {
            return Err(Refusal::fields(faults));
        }
        let work = Arc::new(work);
        let may_be_kept = context.request_id.is_some() && !context.validate_only;
        match self.act_once(context.clone(), work.clone()).await {
            // Another transaction wrote the same key in the meantime, the answer to this request id for one: now it is
            // found.
            Err(Abort::Store(StoreError::Duplicate)) => self.act_once(context, work).await.map_err(refusal),
            // The same, where what another node did is why this one was refused.
            Err(Abort::Refused(refused)) if may_be_kept => {
                let answer = self.kept(context).await.map_err(refusal)?;
                answer.map(|answer| Answered { answer, replayed: true }).ok_or(refused)
            }
            done => done.map_err(refusal),
        }
    }

    /// The answer that was kept for this request.
    async fn kept<T>(&self, context: Context) -> Result<Option<T>, Abort>
    where
        T: DeserializeOwned + Send + 'static,
    {
        let read = self.store.read(move |tx| {
            let context = context.clone();
            Box::pin(async move { replay(tx, &context).await })
        });
        read.await
    }

    async fn act_once<T, W>(&self, context: Context, work: Arc<W>) -> Result<Answered<T>, Abort>
    where
        T: Serialize + DeserializeOwned + Clone + Send + Sync + 'static,
        W: for<'t> Fn(&'t mut dyn Tx, Time) -> BoxFuture<'t, Result<Done<T>, Abort>> + Send + Sync + 'static,
    {
        let rehearsal = context.validate_only.then(|| Arc::new(Mutex::new(None)));
        let (clock, seen) = (self.clock.clone(), rehearsal.clone());
        let written = self
            .store
            .write(move |tx| {
                let (clock, context, seen, work) =
                    (clock.clone(), context.clone(), seen.clone(), work.clone());
                Box::pin(async move {
                    if context.until.is_some_and(|until| clock.monotonic() >= until) {
                        return Err(Abort::Refused(too_late()));
                    }
                    if seen.is_none()
                        && let Some(answer) = replay(tx, &context).await?
                    {
                        return Ok(Answered { answer, replayed: true });
                    }
                    let now = clock.now();
                    let done = work(&mut *tx, now).await?;
                    if let Some(seen) = seen {
                        *seen.lock().expect("nobody panics holding it") = Some(done.answer);
                        return Err(Abort::Refused(too_late())); // rolls back; the caller takes what was seen
                    }
                    keep(tx, &context, &done, now).await?;
                    Ok(Answered { answer: done.answer, replayed: false })
                })
            })
            .await;
        let rehearsed = rehearsal.and_then(|seen| seen.lock().expect("nobody panics holding it").take());
        match rehearsed {
            Some(answer) => Ok(Answered { answer, replayed: false }),
            None => {
                // Other nodes look at once; those that miss it look all the same, a moment later.
                self.cache.hint(self.board.last_known().revision);
                written
            }
        }
    }
}

fn too_late() -> Refusal {
    Refusal::new(
        Reason::DeadlineExceeded,
        "The call's time was over before its write began; nothing was done.",
    )
}

/// The first answer to this request, where it was answered before: for acts that do much before their transaction.
pub async fn replayed<T: DeserializeOwned + Send + 'static>(
    store: &Store,
    context: &Context,
) -> Result<Option<Answered<T>>, Refusal> {
    if context.request_id.is_none() || context.validate_only || !context.violations().is_empty() {
        return Ok(None);
    }
    let context = context.clone();
    let found = store.read(move |tx| {
        let context = context.clone();
        Box::pin(async move { replay(tx, &context).await })
    });
    Ok(found.await.map_err(refusal)?.map(|answer| Answered { answer, replayed: true }))
}

async fn replay<T: DeserializeOwned>(tx: &mut dyn Tx, context: &Context) -> Result<Option<T>, Abort> {
    let Some(id) = &context.request_id else { return Ok(None) };
    let organisation = context.caller.organisation.to_string();
    let Some(kept) = sql::request::lookup(tx, &organisation, id).await? else { return Ok(None) };
    if kept.payload_sha256 != context.request_sha256 {
        return Err(Abort::Refused(
            Refusal::new(
                Reason::RequestIdReused,
                "This request_id was used for another payload; take a new one, or repeat the first request exactly.",
            )
            .with("request_id", id)
            .with("first_method", kept.method),
        ));
    }
    let answer = serde_json::from_slice(&kept.answer)
        .map_err(|_| StoreError::inconsistent("request", "answer", id))?;
    Ok(Some(answer))
}

async fn keep<T: Serialize + Sync>(
    tx: &mut dyn Tx,
    context: &Context,
    done: &Done<T>,
    now: Time,
) -> Result<(), Abort> {
    let entry = Entry {
        entry_id: host::new_id(now),
        kind: EntryKind::Act,
        entry_time: now,
        caller: context.caller.to_string(),
        certificate_sha256: context.certificate_sha256.clone(),
        method: context.method.to_owned(),
        subject: done.subject.clone(),
        request_sha256: context.request_sha256.clone(),
        outcome: "DONE".to_owned(),
        detail: done.detail.to_string(),
        revision: done.revision,
    };
    sql::entry::append(tx, &entry).await?;
    if !context.reason.is_empty() {
        sql::reason::add(tx, &entry.entry_id, &context.reason).await?;
    }
    if let Some(id) = &context.request_id {
        let answer = serde_json::to_vec(&done.answer).expect("answers are plain data");
        let kept = sql::request::Kept {
            organisation: context.caller.organisation.to_string(),
            request_id: id.clone(),
            method: context.method.to_owned(),
            payload_sha256: context.request_sha256.clone(),
            answer,
            create_time: now,
        };
        sql::request::add(tx, &kept).await?;
    }
    Ok(())
}
