//! Orders as they lie in the record once they are issued.

use greenlane::{
    domain::{
        number::Msisdn,
        shutdown::{
            ApprovalNeed, CommandKind, Flags, Header, NumberState, OrderState, Scope, Scopes, Urgency,
        },
    },
    host,
    service::{
        command::release::release,
        shutdown::{
            batch, key,
            restore::{self, Cause},
        },
    },
    store::sql::{self, shutdown::OrderRow, shutdown_number::NumberRow},
    vault::Owner,
};

use crate::world::{World, name, working};

pub const MVNO: &str = "mvnos/m01";
pub const CARRIER: &str = "carriers/unicom";

/// A shutdown to be.
#[derive(Clone, Copy)]
pub struct Shut<'a> {
    /// Which numbers of a block, and whose they are.
    pub numbers: &'a [(u32, &'a str, &'a str)],
    /// In which wave the number at a place goes; without, the order has none.
    pub wave: Option<fn(usize) -> i64>,
    /// Off already: they are only read.
    pub off_already: bool,
    pub urgency: Urgency,
    pub drill: bool,
}

impl Default for Shut<'_> {
    fn default() -> Self {
        Self {
            numbers: &[(1, MVNO, CARRIER)],
            wave: None,
            off_already: false,
            urgency: Urgency::Urgent,
            drill: false,
        }
    }
}

/// A number in E.164.
pub fn e164(number: u32) -> String {
    format!("+8617090{number:06}")
}

/// So many numbers from that one on, of one MVNO and carrier.
pub fn numbers(from: u32, many: u32) -> Vec<(u32, &'static str, &'static str)> {
    (from..from + many).map(|number| (number, MVNO, CARRIER)).collect()
}

/// Issues it, and releases what may go. Returns its id.
pub async fn shut(world: &World, shut: Shut<'_>) -> String {
    let persons = world.gateway.persons().expect("a vault").clone();
    let now = world.now();
    let (id, organisation) = (host::new_id(now), name("police/mps"));
    let (sealing, wrapped_key) = persons.vault.enrol(Owner::new(&organisation, &id), 1);
    let kind = if shut.off_already { CommandKind::Verify } else { CommandKind::Shutdown };
    let rows = shut.numbers.iter().enumerate().map(|(at, (number, mvno, carrier))| {
        let n = i64::try_from(at).expect("few") + 1;
        let msisdn = Msisdn::parse(&e164(*number)).expect("a number");
        let code = persons.vault.index().appeal_code(&id, n);
        let row = NumberRow {
            order_id: id.clone(),
            batch: 0,
            n,
            number_index: persons.vault.index().number(&msisdn.e164()).as_bytes().to_vec(),
            number: Some(key::seal(&sealing, &id, n, &msisdn)),
            mvno: Some(name(mvno)),
            carrier: Some(name(carrier)),
            line: None,
            flags: Flags::default(),
            state: NumberState::Planned,
            code: None,
            mvno_state: NumberState::Planned,
            carrier_state: NumberState::Planned,
            appeal_index: Some(persons.vault.index().appeal(&code).to_vec()),
            execute_time: None,
            verify_time: None,
            overruled_by: None,
        };
        (Some((shut.wave.map_or(1, |wave| wave(at)), kind)), row)
    });
    let batches = std::sync::Arc::new(batch::of(&id, CommandKind::Shutdown, 1, rows.collect()));
    let header = Header {
        reason: "fraud".to_owned(),
        legal_basis: vec!["反电信网络诈骗法§32".to_owned()],
        case_number: "A-1".to_owned(),
    };
    let officer = format!("{organisation}/officer-1");
    let order = OrderRow {
        id: id.clone(),
        kind: CommandKind::Shutdown,
        organisation,
        order_number: format!("No. {id}"),
        content_sha256: "0".repeat(64),
        plan_sha256: "0".repeat(64),
        world_sha256: "0".repeat(64),
        terms_sha256: None,
        ground_sha256: None,
        confirm_code: String::new(),
        header: serde_json::to_string(&header).expect("plain data"),
        scopes: Scopes::of([Scope::VoiceOut, Scope::VoiceIn]),
        urgency: shut.urgency,
        drill: shut.drill,
        break_glass: false,
        approval: if shut.wave.is_some() { ApprovalNeed::SecondOfficer } else { ApprovalNeed::NotNeeded },
        number_count: i64::try_from(shut.numbers.len()).expect("few"),
        restores: None,
        wrapped_key,
        kek_id: Vec::new(),
        planned_by: officer.clone(),
        plan_time: now,
        plan_expire_time: now,
        evidence_time: Some(now),
        effective_time: None,
        expire_time: None,
        state: Some(OrderState::InProgress),
        wave: 0,
        issued_by: Some(officer),
        issue_time: Some(now),
        issue_reason: Some("fraud".to_owned()),
        approve_by_time: None,
        approved_by: None,
        approve_time: None,
        update_time: now,
        next_time: None,
    };
    let written = world.store().write(working(move |tx| {
        let (mut order, batches, persons) = (order.clone(), batches.clone(), persons.clone());
        Box::pin(async move {
            sql::shutdown::add(tx, &order).await?;
            batch::write(tx, &batches).await?;
            release(tx, &persons, &mut order, now).await?.into_iter().for_each(drop);
            Ok(())
        })
    }));
    written.await.expect("issued");
    id
}

/// Lets all of an order back. Returns the id of the restoration.
pub async fn let_back(world: &World, id: &str) -> String {
    let persons = world.gateway.persons().expect("a vault").clone();
    let (id, now) = (id.to_owned(), world.now());
    let written = world.store().write(working(move |tx| {
        let (persons, id) = (persons.clone(), id.clone());
        Box::pin(async move {
            let original = sql::shutdown::lookup_locked(tx, &id).await?.expect("an order");
            let by = "police/mps/officer-1";
            let restored = restore::restore(tx, &persons, &original, None, Cause::Appeal, by, now).await?;
            Ok(restored.0.id)
        })
    }));
    written.await.expect("let back")
}

pub async fn order(world: &World, id: &str) -> OrderRow {
    let id = id.to_owned();
    let read = world.store().read(working(move |tx| {
        let id = id.clone();
        Box::pin(async move { Ok(sql::shutdown::lookup(tx, &id).await?.expect("an order")) })
    }));
    read.await.expect("read")
}

/// How many of its numbers are in each state. They sum to all of them, whenever it is asked.
pub async fn counts(world: &World, id: &str) -> Vec<(NumberState, i64)> {
    let (name, all) = (id.to_owned(), order(world, id).await.number_count);
    let read = world.store().read(working(move |tx| {
        let id = name.clone();
        Box::pin(async move { Ok(sql::shutdown_number::tally(tx, &id).await?) })
    }));
    let mut counts = read.await.expect("read");
    assert_eq!(counts.iter().map(|(_, count)| count).sum::<i64>(), all);
    counts.sort();
    counts
}

/// Every number of an order, in the order of its list.
pub async fn rows(world: &World, id: &str) -> Vec<NumberRow> {
    let id = id.to_owned();
    let read = world.store().read(working(move |tx| {
        let id = id.clone();
        Box::pin(async move {
            let mut rows = Vec::new();
            for batch in sql::shutdown::batches(tx, &id).await? {
                rows.extend(sql::shutdown_number::of_batch(tx, &id, batch.batch).await?);
            }
            Ok(rows)
        })
    }));
    let mut rows = read.await.expect("read");
    rows.sort_by_key(|row| row.n);
    rows
}
