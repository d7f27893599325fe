//! Plans a shutdown: works out what it would do to each number, and keeps that for half an hour.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    thread,
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use super::{
    batch::{self, Batches, Drawn},
    judge::{Asked, Depth, Look},
    key, order_name, plan_name,
    planned::{self, MOST, NumberImpact, Planned, is_shown, planned},
    weigh::{self, Sole},
    world::{self, Seen, World},
};
use crate::{
    domain::{
        number,
        personal::Personal,
        refusal::{Reason, Refusal},
        shutdown::{
            ApprovalNeed, CommandKind, Flags, ImpactFlag, NumberState,
            impact::Fate,
            limit::{IN_PLANS, Load, Over},
            list::{List, Listed},
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
        Abort, StoreError, Tx,
        sql::{self, shutdown::OrderRow, shutdown_new::NewNumber, shutdown_number::NumberRow},
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
    pub(super) over: Option<Over>,
    /// The blocks of numbers that it is to cut.
    pub(super) blocks: BTreeSet<String>,
    /// How many of its numbers have which flags.
    pub(super) counted: Vec<(Flags, i64)>,
    /// Those to be shown, in the order of the list.
    pub(super) impacts: Vec<NumberImpact>,
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
        let read = aside(move || List::read(msisdns)).await?;
        let distinct = read.as_ref().map_or(count, List::len);
        terms.faults(distinct, now).into_iter().for_each(|fault| faults.push(fault));
        let list = read.unwrap_or_else(|found| {
            found.into_iter().for_each(|fault| faults.add(fault));
            List::default()
        });
        faults.done()?;
        let canonical = terms.canonical(&list);
        let context = veiled(&persons, context, &canonical);
        if let Some(kept) = self.replayed::<Kept>(&context).await? {
            return self.plan_again(kept.answer.id).await;
        }
        let content_sha256 = key::digest(&persons, "ORDER", &canonical);
        drop(canonical);
        let (terms, id) = (Arc::new(terms), host::new_id(now));
        let asked = {
            let persons = persons.clone();
            Arc::new(aside(move || self::asked(&persons, list)).await?)
        };
        let found = {
            let (persons, terms, asked, id) = (persons.clone(), terms.clone(), asked.clone(), id.clone());
            let looked = self.store.read(move |tx| {
                let (persons, terms, asked, id) = (persons.clone(), terms.clone(), asked.clone(), id.clone());
                Box::pin(async move { Ok::<_, Abort>(find(tx, &persons, &terms, &id, &asked, now).await?) })
            });
            looked.await.map_err(refusal)?
        };
        let by = context.caller.to_string();
        let mut draft = aside(move || draw_up(&persons, &terms, &asked, found, id, by, now)).await?;
        draft.order.content_sha256 = content_sha256;
        self.keep_plan(context, draft).await
    }

    /// The answer to a request that was answered before. Its plan may be forgotten since.
    pub(super) async fn plan_again(&self, id: String) -> Result<Answered<Planned>, Refusal> {
        let planned = self.load_plan(id).await.map_err(|refused| match refused.reason {
            Reason::PlanNotFound => {
                let message = "The plan of this request is past its 30 minutes; make another one, by another request_id.";
                Refusal { metadata: refused.metadata, ..Refusal::new(Reason::PlanExpired, message) }
            }
            _ => refused,
        })?;
        Ok(Answered { answer: planned, replayed: true })
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
        let answer = planned(&draft.order, &draft.counted, draft.impacts.clone(), draft.over.as_ref());
        Ok(Answered { answer, replayed })
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
                let small = usize::try_from(order.number_count).is_ok_and(|count| count <= planned::MOST);
                let rows = if small {
                    sql::shutdown_number::of_order(tx, &id).await?
                } else {
                    sql::shutdown_number::flagged(tx, &id, planned::MOST).await?
                };
                let open = |row: NumberRow| {
                    let msisdn = key::open(&key, &row)?;
                    Ok(NumberImpact { msisdn, flags: row.flags, mvno: row.mvno, carrier: row.carrier })
                };
                let impacts = rows.into_iter().map(open).collect::<Result<_, StoreError>>()?;
                let counted = sql::shutdown_number::flags(tx, &id).await?;
                Ok(planned(&order, &counted, impacts, None))
            })
        });
        read.await.map_err(refusal)
    }
}

/// What was found of the numbers.
struct Found {
    world: World,
    ground: String,
    over: Option<Over>,
}

async fn find(
    tx: &mut dyn Tx,
    persons: &Persons,
    terms: &Terms,
    id: &str,
    asked: &[Asked],
    now: Time,
) -> Result<Found, StoreError> {
    let ground = world::ground(tx).await?;
    let mut look = Look::new(tx, persons, terms, id, Depth::Plan, now).await?;
    let (mut world, mut n) = (World::default(), 1..);
    for chunk in asked.chunks(sql::any::MOST) {
        let impacts = look.at(tx, chunk).await?;
        world.add(n.by_ref().zip(impacts));
    }
    let (load, sole) = weight(&world);
    let over = weigh::over(tx, terms, &load, Sole::Count(sole), now).await?;
    Ok(Found { world, ground, over })
}

/// Texts of the header that every plan has.
fn check(faults: &mut Faults, terms: &Terms) {
    faults.line("order_number", &terms.order_number, 1, 64);
    faults.reason(&terms.header.reason);
    faults.line("case_number", &terms.header.case_number, 1, 64);
    for (at, article) in terms.header.legal_basis.iter().enumerate().take(10) {
        faults.line(&format!("legal_basis[{at}]"), article, 1, 64);
    }
}

/// Runs what takes long on a thread of its own: a hundred thousand seals are no matter of a moment. One that ends with it:
/// a thread that is kept for the next time keeps the memory too.
pub(super) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Refusal> {
    let (answer, answered) = oneshot::channel();
    let run = move || drop(answer.send(work())); // whoever asked may be gone
    let started = thread::Builder::new().name("plan".to_owned()).spawn(run);
    if let Ok(done) = answered.await
        && started.is_ok()
    {
        return Ok(done);
    }
    let text = "Something went wrong here; nothing was done. The log has it under the id below.";
    Err(Refusal::new(Reason::Internal, text))
}

/// The numbers of a list, each with what it is found by.
pub(super) fn asked(persons: &Persons, list: List) -> Vec<Asked> {
    let index = persons.vault.index();
    let one = |Listed { msisdn, twice }| Asked {
        number_index: *index.number(&msisdn.e164()).as_bytes(),
        msisdn,
        twice,
    };
    list.into_iter().map(one).collect()
}

/// The context of a plan: its payload is the method and the whole content in normal form.
pub(super) fn veiled(persons: &Persons, context: Context, canonical: &[u8]) -> Context {
    let mut digest = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    digest.update(context.method.as_bytes());
    digest.update(canonical);
    let request_sha256 = crate::service::receipt::hex(digest.finish().as_ref());
    persons.veil(Context { request_sha256, ..context })
}

/// What a plan weighs: everything that may go, now or when it is decided; and how many of it are somebody's only line.
fn weight(world: &World) -> (Load, i64) {
    let (mut counts, mut sole) = (vec![0; world.mvnos.len()], 0);
    for seen in world.seen.iter().filter(|seen| !matches!(seen.fate, Fate::Refused(_))) {
        sole += i64::from(seen.flags.has(ImpactFlag::SoleLine));
        if let Some(at) = seen.mvno {
            counts[at] += 1;
        }
    }
    let mut load = Load::default();
    let with = world.mvnos.iter().zip(counts).filter(|(_, count)| *count > 0);
    with.for_each(|(mvno, count)| load.add(mvno.clone(), count));
    (load, sole)
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
    let Found { mut world, ground, over } = found;
    let world_sha256 = world.sha256();
    let plan_sha256 = key::plan_sha256(persons, terms, asked.iter().map(|asked| &asked.msisdn));
    let number_count = i64::try_from(asked.len()).unwrap_or(i64::MAX);
    let (key, wrapped_key) = persons.vault.enrol(Owner::new(&terms.organisation, &id), 1);
    let index = persons.vault.index();
    let second = over.is_some() || terms.break_glass;
    let in_waves = over.is_some() && !terms.break_glass;
    let (mut place, mut withs, mut known) = (0, Vec::new(), HashMap::new());
    let (mut counted, mut impacts) = (BTreeMap::new(), Vec::new());
    let mut numbers = Vec::with_capacity(asked.len());
    for (asked, Seen { n, flags, fate, mvno, line }) in asked.iter().zip(world.seen) {
        let (way, state) = match fate {
            Fate::Goes(kind) => {
                let wave = if in_waves { wave::of(place) } else { wave::FIRST };
                place += 1;
                (Some((wave, kind)), NumberState::Planned)
            }
            Fate::Refused(_) => (None, NumberState::Refused),
            Fate::Held => (None, NumberState::Held),
        };
        // Whoever may be cut off can appeal.
        let may_be_cut = matches!(fate, Fate::Goes(CommandKind::Shutdown) | Fate::Held);
        let carrier = number::classify(&asked.msisdn).carrier;
        let with = *known.entry((mvno, carrier)).or_insert_with_key(|(mvno, carrier)| {
            withs.push((mvno.map(|at| world.mvnos[at].clone()), carrier.clone()));
            withs.len() - 1
        });
        *counted.entry(flags.bits()).or_default() += 1;
        if is_shown(flags, usize::try_from(number_count).unwrap_or(usize::MAX)) && impacts.len() < MOST {
            let (mvno, carrier) = withs[with].clone();
            impacts.push(NumberImpact { msisdn: asked.msisdn.clone(), flags, mvno, carrier });
        }
        let row = NewNumber {
            n,
            number_index: asked.number_index,
            number: key::seal(&key, &id, n, &asked.msisdn).into(),
            appeal_index: may_be_cut.then(|| index.appeal(&index.appeal_code(&id, n))),
            line,
            code: fate.code(),
            flags,
            state,
        };
        numbers.push(Drawn { way, with, row });
    }
    let approval = if second { ApprovalNeed::SecondOfficer } else { ApprovalNeed::NotNeeded };
    let order = OrderRow {
        kind: terms.kind,
        organisation: terms.organisation.clone(),
        order_number: terms.order_number.clone(),
        content_sha256: String::new(),
        terms_sha256: Some(key::terms_sha256(persons, terms, number_count, &plan_sha256)),
        plan_sha256,
        world_sha256,
        ground_sha256: Some(ground),
        confirm_code: confirm_code(),
        header: serde_json::to_string(&terms.header).expect("a header is plain data"),
        scopes: terms.scopes,
        urgency: terms.urgency,
        drill: terms.drill,
        break_glass: terms.break_glass,
        approval,
        number_count,
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
    let batches = batch::group(&id, terms.kind, 1, withs, numbers);
    let blocks = asked.iter().filter_map(|asked| asked.msisdn.block()).collect();
    let counted = counted.into_iter().map(|(bits, count)| (Flags::from_bits(bits), count)).collect();
    Draft { order, batches, over, blocks, counted, impacts }
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
        // One that needed no second officer may need one by now: it is weighed again when it is issued.
        let enough = first.approval == order.approval || first.approval == ApprovalNeed::NotNeeded;
        let same = first.world_sha256 == order.world_sha256 && enough;
        if first.issue_time.is_some() || same {
            let answer = Kept { id: first.id.clone(), replayed: true };
            return Ok(done(first, answer));
        }
    }
    let planned = sql::shutdown::count_planned(tx, &order.organisation, now).await? + order.number_count;
    if planned > IN_PLANS {
        return Err(Abort::Refused(too_many(planned)));
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

/// The refusal for more than an organisation may have planned at once.
fn too_many(planned: i64) -> Refusal {
    let message = format!(
        "With this one the plans of your organisation that were not issued would have {planned} numbers, over {IN_PLANS}: \
         issue some, or wait until they end, 30 minutes after they were made."
    );
    Refusal::new(Reason::Overloaded, message).with("planned", planned).with("limit", IN_PLANS).retry(LIVES)
}

/// The refusal for a plan that is not there, or another organisation's.
pub(super) fn no_plan(id: &str) -> Refusal {
    let message = "There is no such plan of your organisation; PlanShutdown makes one.";
    Refusal::new(Reason::PlanNotFound, message).with("plan", plan_name(id))
}
