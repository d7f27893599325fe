//! Plans a shutdown: works out what it would do to each number, and keeps that for half an hour.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    batch::{self, Batches, Way},
    judge::{self, Asked, Depth, Impact, world_sha256},
    key, order_name, plan_name,
    planned::{Planned, planned},
    weigh::{self, Weight},
};
use crate::{
    domain::{
        number::Msisdn,
        personal::Personal,
        refusal::{Reason, Refusal},
        shutdown::{
            ApprovalNeed, CommandKind, ImpactFlag, NumberState,
            impact::Fate,
            limit::{Load, Over},
            list::List,
            terms::Terms,
            wave,
        },
        time::Time,
    },
    host,
    service::{
        Gateway,
        act::{Answered, Done},
        context::Context,
        persons::Persons,
        refusal,
        supervise::Faults,
    },
    store::{
        Abort, Tx,
        sql::{self, shutdown::OrderRow, shutdown_number::NumberRow},
    },
    vault::{Owner, Vault},
};

/// How long a plan can be issued.
pub(super) const LIVES: Duration = Duration::from_secs(30 * 60);

/// What is kept under the request id of a plan.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Kept {
    pub(super) id: String,
    /// It was there already.
    pub(super) replayed: bool,
}

/// A plan that is not written yet.
pub(super) struct Draft {
    pub(super) order: OrderRow,
    pub(super) batches: Batches,
    /// The numbers, in the order of the list.
    pub(super) msisdns: Vec<Msisdn>,
    pub(super) over: Option<Over>,
    /// The blocks of numbers that it is to cut.
    pub(super) blocks: BTreeSet<String>,
}

impl Gateway {
    /// Plans a shutdown of numbers as they were sent.
    pub async fn plan_shutdown(
        &self,
        context: Context,
        terms: Terms,
        msisdns: Vec<Personal>,
    ) -> Result<Answered<Planned>, Refusal> {
        let persons = self.persons()?.clone();
        let now = self.clock.now();
        let mut faults = Faults::of(&context);
        check(&mut faults, &terms);
        let count = msisdns.len();
        let (list, asked) = aside({
            let persons = persons.clone();
            move || {
                let list = List::read(msisdns);
                let asked = list.as_ref().map(|list| asked(&persons, list)).unwrap_or_default();
                (list, asked)
            }
        })
        .await?;
        let distinct = list.as_ref().map_or(count, List::len);
        terms.faults(distinct, now).into_iter().for_each(|fault| faults.push(fault));
        let list = match list {
            Ok(list) => list,
            Err(found) => {
                found.into_iter().for_each(|fault| faults.add(fault));
                List::default()
            }
        };
        faults.done()?;
        let canonical = terms.canonical(&list);
        let context = veiled(&persons, context, &canonical);
        if let Some(kept) = self.replayed::<Kept>(&context).await? {
            let planned = self.load_plan(kept.answer.id).await?;
            return Ok(Answered { answer: planned, replayed: true });
        }
        let content_sha256 = key::digest(&persons, "ORDER", &canonical);
        drop(canonical);
        let (terms, asked, id) = (Arc::new(terms), Arc::new(asked), host::new_id(now));
        let found = {
            let (persons, terms, asked, id) = (persons.clone(), terms.clone(), asked.clone(), id.clone());
            let looked = self.store.read(move |tx| {
                let (persons, terms, asked, id) = (persons.clone(), terms.clone(), asked.clone(), id.clone());
                Box::pin(async move {
                    let impacts = judge::look(tx, &persons, &terms, &id, &asked, Depth::Plan, now).await?;
                    let over = weigh::over(tx, &terms, &weight(&impacts), now).await?;
                    Ok::<_, Abort>(Found { impacts, over })
                })
            });
            looked.await.map_err(refusal)?
        };
        let by = context.caller.to_string();
        let mut draft = {
            let (persons, terms, asked) = (persons.clone(), terms.clone(), asked.clone());
            aside(move || draw_up(&persons, &terms, &asked, found, id, by, now)).await?
        };
        draft.order.content_sha256 = content_sha256;
        self.keep_plan(context, draft).await
    }

    /// Writes a plan, unless it is there already.
    pub(super) async fn keep_plan(
        &self,
        context: Context,
        draft: Draft,
    ) -> Result<Answered<Planned>, Refusal> {
        let draft = Arc::new(draft);
        let written = draft.clone();
        let done = self
            .act(context, move |tx, now| {
                let draft = written.clone();
                Box::pin(async move { keep(tx, &draft, now).await })
            })
            .await?;
        let replayed = done.replayed || done.answer.replayed;
        if done.answer.id != draft.order.id {
            let planned = self.load_plan(done.answer.id).await?;
            return Ok(Answered { answer: planned, replayed });
        }
        let mut rows: Vec<&NumberRow> = draft.batches.numbers.iter().collect();
        rows.sort_unstable_by_key(|row| row.n);
        let numbers: Vec<(NumberRow, Msisdn)> =
            rows.into_iter().cloned().zip(draft.msisdns.iter().cloned()).collect();
        Ok(Answered { answer: planned(&draft.order, &numbers, draft.over.as_ref()), replayed })
    }

    /// A plan as it is kept.
    pub(super) async fn load_plan(&self, id: String) -> Result<Planned, Refusal> {
        let persons = self.persons()?.clone();
        let read = self.store.read(move |tx| {
            let (id, persons) = (id.clone(), persons.clone());
            Box::pin(async move {
                let order = sql::shutdown::lookup(tx, &id).await?.filter(|order| !order.is_erased());
                let order = order.ok_or_else(|| Abort::Refused(no_plan(&id)))?;
                let key = key::unlock(&persons, &order)?;
                let rows = sql::shutdown_number::of_order(tx, &id).await?;
                let numbers: Result<Vec<_>, _> =
                    rows.into_iter().map(|row| Ok::<_, Abort>((key::open(&key, &row)?, row))).collect();
                let numbers: Vec<_> = numbers?.into_iter().map(|(msisdn, row)| (row, msisdn)).collect();
                Ok(planned(&order, &numbers, None))
            })
        });
        read.await.map_err(refusal)
    }
}

/// What was found of the numbers.
struct Found {
    impacts: Vec<Impact>,
    over: Option<Over>,
}

/// Texts of the header that every plan has.
fn check(faults: &mut Faults, terms: &Terms) {
    faults.text("order_number", &terms.order_number, 1, 64);
    faults.reason(&terms.header.reason);
    faults.text("case_number", &terms.header.case_number, 1, 64);
    for (at, article) in terms.header.legal_basis.iter().enumerate().take(10) {
        faults.text(&format!("legal_basis[{at}]"), article, 1, 64);
    }
}

/// Runs what takes long on a thread of its own: a hundred thousand seals are no matter of a moment.
pub(super) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Refusal> {
    tokio::task::spawn_blocking(work).await.map_err(|_| {
        Refusal::new(
            Reason::Internal,
            "Something went wrong here; nothing was done. The log has it under the id below.",
        )
    })
}

pub(super) fn asked(persons: &Persons, list: &List) -> Vec<Asked> {
    let index = persons.vault.index();
    let one = |msisdn: &Msisdn, twice| Asked {
        number_index: *index.number(&msisdn.e164()).as_bytes(),
        msisdn: msisdn.clone(),
        twice,
    };
    list.iter().map(|listed| one(&listed.msisdn, listed.twice)).collect()
}

/// The context of a plan: its payload is the method and the whole content in normal form.
pub(super) fn veiled(persons: &Persons, context: Context, canonical: &[u8]) -> Context {
    let mut digest = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    digest.update(context.method.as_bytes());
    digest.update(canonical);
    let request_sha256 = crate::service::receipt::hex(digest.finish().as_ref());
    persons.veil(Context { request_sha256, ..context })
}

/// What a plan weighs: everything that may go, now or when it is decided.
pub(super) fn weight(impacts: &[Impact]) -> Weight {
    let mut load = Load::default();
    let mut sole = 0;
    for impact in impacts.iter().filter(|impact| !matches!(impact.fate, Fate::Refused(_))) {
        sole += i64::from(impact.flags.has(ImpactFlag::SoleLine));
        if let Some(mvno) = &impact.mvno {
            load.add(mvno.clone(), 1);
        }
    }
    Weight { load, sole }
}

fn draw_up(
    persons: &Persons,
    terms: &Terms,
    asked: &[Asked],
    found: Found,
    id: String,
    by: String,
    now: Time,
) -> Draft {
    let (key, wrapped_key) = persons.vault.enrol(Owner::new(&terms.organisation, &id), 1);
    let index = persons.vault.index();
    let second = found.over.is_some() || terms.break_glass;
    let in_waves = found.over.is_some() && !terms.break_glass;
    let msisdns: Vec<Msisdn> = asked.iter().map(|asked| asked.msisdn.clone()).collect();
    let world =
        found.impacts.iter().map(|impact| (impact.fate, impact.mvno.as_ref(), impact.line.as_deref()));
    let world_sha256 = world_sha256(world);
    let mut place = 0;
    let mut numbers: Vec<(Way, NumberRow)> = Vec::with_capacity(asked.len());
    for ((asked, impact), n) in asked.iter().zip(found.impacts).zip(1..) {
        let (way, state) = match impact.fate {
            Fate::Goes(kind) => {
                let wave = if in_waves { wave::of(place) } else { wave::FIRST };
                place += 1;
                (Some((wave, kind)), NumberState::Planned)
            }
            Fate::Refused(_) => (None, NumberState::Refused),
            Fate::Held => (None, NumberState::Held),
        };
        // Whoever may be cut off can appeal.
        let may_be_cut = matches!(impact.fate, Fate::Goes(CommandKind::Shutdown) | Fate::Held);
        let appeal_index = may_be_cut.then(|| index.appeal(&index.appeal_code(&id, n)).to_vec());
        let row = NumberRow {
            order_id: id.clone(),
            batch: 0,
            n,
            number_index: asked.number_index.to_vec(),
            number: Some(key::seal(&key, &id, n, &asked.msisdn)),
            mvno: impact.mvno,
            carrier: impact.carrier,
            line: impact.line,
            flags: impact.flags,
            state,
            code: impact.fate.code().map(str::to_owned),
            mvno_state: NumberState::Planned,
            carrier_state: NumberState::Planned,
            appeal_index,
            execute_time: None,
            verify_time: None,
            overruled_by: None,
        };
        numbers.push((way, row));
    }
    let approval = if second { ApprovalNeed::SecondOfficer } else { ApprovalNeed::NotNeeded };
    let order = OrderRow {
        kind: terms.kind,
        organisation: terms.organisation.clone(),
        order_number: terms.order_number.clone(),
        content_sha256: String::new(),
        plan_sha256: key::plan_sha256(persons, terms, &msisdns),
        world_sha256,
        confirm_code: confirm_code(),
        header: serde_json::to_string(&terms.header).expect("a header is plain data"),
        scopes: terms.scopes,
        urgency: terms.urgency,
        drill: terms.drill,
        break_glass: terms.break_glass,
        approval,
        number_count: i64::try_from(asked.len()).unwrap_or(i64::MAX),
        restores: terms.restores.clone(),
        kek_id: Vault::wrapper(&wrapped_key).map_or_else(Vec::new, |id| id.as_bytes().to_vec()),
        wrapped_key,
        planned_by: by,
        plan_time: now,
        plan_expire_time: now.plus(LIVES),
        evidence_time: terms.evidence_time,
        effective_time: terms.effective_time,
        expire_time: terms.expire_time,
        state: None,
        wave: 0,
        issued_by: None,
        issue_time: None,
        issue_reason: None,
        approve_by_time: None,
        approved_by: None,
        approve_time: None,
        update_time: now,
        next_time: None,
        id: id.clone(),
    };
    let batches = batch::of(&id, terms.kind, 1, numbers);
    let blocks = asked.iter().filter_map(|asked| asked.msisdn.block()).collect();
    Draft { order, batches, msisdns, over: found.over, blocks }
}

/// Two groups of four, without look-alikes.
pub(super) fn confirm_code() -> String {
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let drawn: [u8; 8] = host::random();
    let letters = drawn.map(|byte| char::from(ALPHABET[usize::from(byte % 32)]));
    letters[..4].iter().chain(&['-']).chain(&letters[4..]).collect()
}

async fn keep(tx: &mut dyn Tx, draft: &Draft, now: Time) -> Result<Done<Kept>, Abort> {
    // One at a time of the organisation: two plans of one document's number never both find it free.
    let order = &draft.order;
    sql::participant::lock(tx, &order.organisation).await?;
    let found = sql::shutdown::of_document(tx, &order.organisation, &order.order_number, now).await?;
    let first = found.iter().find(|other| other.issue_time.is_some()).or(found.first());
    if let Some(first) = first {
        if first.content_sha256 != order.content_sha256 {
            return Err(Abort::Refused(reused(first)));
        }
        let same = first.world_sha256 == order.world_sha256 && first.approval == order.approval;
        if first.issue_time.is_some() || same {
            let answer = Kept { id: first.id.clone(), replayed: true };
            return Ok(done(first, answer));
        }
    }
    sql::shutdown::add(tx, order).await?;
    batch::write(tx, &draft.batches).await?;
    // A line that begins meanwhile is there before this commits, or finds the plan: its number is looked at again before
    // it is released.
    let blocks: Vec<&str> = draft.blocks.iter().map(String::as_str).collect();
    sql::allocation::lock(tx, &blocks).await?;
    Ok(done(order, Kept { id: order.id.clone(), replayed: false }))
}

fn done(order: &OrderRow, answer: Kept) -> Done<Kept> {
    let detail = serde_json::json!({
        "kind": order.kind.as_str(),
        "numbers": order.number_count,
        "approval": order.approval.as_str(),
        "plan_sha256": order.plan_sha256,
        "drill": order.drill,
        "break_glass": order.break_glass,
        "replayed": answer.replayed,
    });
    Done { subject: plan_name(&order.id), answer, detail, revision: None }
}

/// The refusal for a document's number that stands for something else.
pub(super) fn reused(first: &OrderRow) -> Refusal {
    let (kind, first) = match first.issue_time {
        Some(_) => ("order", order_name(&first.id)),
        None => ("plan", plan_name(&first.id)),
    };
    let message = format!(
        "This order_number stands for {first}, which has another content; take the number of another document."
    );
    Refusal::new(Reason::OrderNumberReused, message).with(kind, first)
}

/// The refusal for a plan that is not there, or another organisation's.
pub(super) fn no_plan(id: &str) -> Refusal {
    let message = "There is no such plan of your organisation; PlanShutdown makes one.";
    Refusal::new(Reason::PlanNotFound, message).with("plan", plan_name(id))
}
