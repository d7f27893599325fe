//! Orders as they lie in the record, released and answered: what comes before (the plan, its approval) has tests of its
//! own.

use greenlane::{
    domain::{
        number::Msisdn,
        participant::Level,
        shutdown::{
            ApprovalNeed, CommandKind, Flags, Header, NumberState, OrderState, ResultOutcome, Scope, Scopes,
            Urgency,
        },
        time::Time,
    },
    host,
    service::{
        command::{judge::Ack, release::release, session::Claim},
        shutdown::{
            conflict::{self, Asked},
            restore::{self, Cause},
        },
    },
    store::sql::{
        self,
        shutdown::{BatchRow, OrderRow},
        shutdown_number::{NUMBER, NumberRow},
    },
    vault::Owner,
};

use crate::{
    registrations::msisdn,
    world::{World, caller, context_of, name, working},
};

pub const CALLS: &[Scope] = &[Scope::VoiceOut, Scope::VoiceIn];

/// A shutdown to be.
#[derive(Clone, Copy)]
pub struct Shut<'a> {
    /// Whose.
    pub by: &'a str,
    /// What it cuts.
    pub scopes: &'a [Scope],
    /// Which numbers of m01's block.
    pub numbers: &'a [u32],
    /// What is asked of them: VERIFY where they are off already.
    pub kind: CommandKind,
    /// By which article.
    pub law: &'a str,
    /// Practice.
    pub drill: bool,
    /// Whether it goes out at once.
    pub released: bool,
}

impl Default for Shut<'_> {
    fn default() -> Self {
        Self {
            by: "police/mps",
            scopes: CALLS,
            numbers: &[1],
            kind: CommandKind::Shutdown,
            law: "反电信网络诈骗法§32",
            drill: false,
            released: true,
        }
    }
}

/// An authority of that level takes part.
pub async fn authority(world: &World, of: &str, level: Level) {
    world.join(of).await;
    let of = name(of);
    let written = world.store().write(working(move |tx| {
        let of = of.clone();
        Box::pin(async move {
            let values = [(&of).into(), level.as_str().into()];
            tx.execute("UPDATE participant SET level = ?2 WHERE name = ?1", &values).await?;
            Ok(())
        })
    }));
    written.await.expect("written");
}

/// An order in the record. Returns its id.
pub async fn shut(world: &World, shut: Shut<'_>) -> String {
    let persons = world.gateway.persons().expect("a vault").clone();
    let now = world.now();
    let (id, organisation) = (host::new_id(now), name(shut.by));
    let (key, wrapped_key) = persons.vault.enrol(Owner::new(&organisation, &id), 1);
    let numbers: Vec<NumberRow> = shut
        .numbers
        .iter()
        .zip(1..)
        .map(|(number, n)| {
            let e164 = Msisdn::parse(&msisdn(*number)).expect("a number").e164();
            let code = persons.vault.index().appeal_code(&id, n);
            NumberRow {
                order_id: id.clone(),
                batch: 1,
                n,
                number_index: persons.vault.index().number(&e164).as_bytes().to_vec(),
                number: Some(key.seal(NUMBER.at(&format!("{id}/{n}")), e164.as_bytes())),
                mvno: Some(name("mvnos/m01")),
                carrier: Some(name("carriers/unicom")),
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
            }
        })
        .collect();
    let header = Header {
        reason: "fraud".to_owned(),
        legal_basis: vec![shut.law.to_owned()],
        case_number: "A-1".to_owned(),
    };
    let many = i64::try_from(numbers.len()).expect("few");
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
        scopes: Scopes::of(shut.scopes.iter().copied()),
        urgency: Urgency::Urgent,
        drill: shut.drill,
        break_glass: false,
        approval: ApprovalNeed::NotNeeded,
        number_count: many,
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
        issue_reason: None,
        approve_by_time: None,
        approved_by: None,
        approve_time: None,
        update_time: now,
        next_time: None,
    };
    let (released, kind) = (shut.released, shut.kind);
    let written = world.store().write(working(move |tx| {
        let (mut order, numbers, persons) = (order.clone(), numbers.clone(), persons.clone());
        Box::pin(async move {
            let batch = BatchRow {
                order_id: order.id.clone(),
                batch: 1,
                wave: 1,
                kind,
                mvno: Some(name("mvnos/m01")),
                carrier: Some(name("carriers/unicom")),
                number_count: order.number_count,
                release_time: None,
                scopes: None,
            };
            sql::shutdown::add(tx, &order).await?;
            sql::shutdown::add_batch(tx, &batch).await?;
            for number in &numbers {
                sql::shutdown_number::send(tx, number).await?;
            }
            if released {
                conflict::resolve(tx, &order, Asked::ByPerson, now).await?.into_iter().for_each(drop);
                release(tx, &persons, &mut order, now).await?.into_iter().for_each(drop);
            }
            Ok(())
        })
    }));
    written.await.expect("an order");
    id
}

/// The code that the notice of that place in the list has.
pub fn code(world: &World, order: &str, n: i64) -> String {
    world.gateway.persons().expect("a vault").vault.index().appeal_code(order, n)
}

/// Lets numbers of an order back at once, by a person or by time. Returns the restoration.
pub async fn restore(world: &World, order: &str, ns: &[i64], cause: Cause, by: &str) -> OrderRow {
    let persons = world.gateway.persons().expect("a vault").clone();
    let (order, ns, by, now) = (order.to_owned(), ns.to_vec(), by.to_owned(), world.now());
    let written = world.store().write(working(move |tx| {
        let (order, ns, by, persons) = (order.clone(), ns.clone(), by.clone(), persons.clone());
        Box::pin(async move {
            let original = sql::shutdown::lookup_locked(tx, &order).await?.expect("an order");
            let restored = restore::restore(tx, &persons, &original, Some(&ns), cause, &by, now).await?;
            Ok(restored.0)
        })
    }));
    written.await.expect("a restoration")
}

/// A receiver answers every command that is open there: done, or read as ordered.
pub async fn answer(world: &World, receiver: &'static str) -> usize {
    let now = world.now();
    let open = world.store().write(working(move |tx| {
        Box::pin(async move {
            let sql = "SELECT sequence, kind FROM command WHERE receiver = ?1 AND done_time IS NULL ORDER BY sequence";
            let rows = tx.query(sql, &[receiver.into()]).await?;
            let claim = Claim::begin(tx, &name(receiver), false, now).await?;
            let mut acks = Vec::new();
            for row in rows {
                let outcome = match row.word(1, CommandKind::parse)? {
                    CommandKind::Verify => ResultOutcome::Verified,
                    CommandKind::Shutdown | CommandKind::Restore => ResultOutcome::Executed,
                };
                acks.push(Ack { sequence: row.int(0)?, results: Vec::new(), outcome: Some(outcome) });
            }
            Ok((claim, acks))
        })
    }));
    let (claim, acks) = open.await.expect("a session");
    let many = acks.len();
    if many > 0 {
        let (class, id) = receiver.split_once('/').expect("a name");
        let context = context_of(caller(&format!("{}/{id}", class.trim_end_matches('s'))));
        let settled = world.gateway.settle(&context, &claim, acks).await.expect("settled");
        assert!(settled.iter().all(Result::is_ok), "{settled:?}");
    }
    many
}

/// Both sides answer, and the carrier reads, until nothing is open.
pub async fn answer_all(world: &World) {
    while answer(world, "mvnos/m01").await + answer(world, "carriers/unicom").await > 0 {}
}

/// Where a number of an order is, why, and which order won.
pub async fn place(world: &World, order: &str, n: i64) -> (NumberState, Option<String>, Option<String>) {
    let order = order.to_owned();
    let found = world.store().read(working(move |tx| {
        let order = order.clone();
        Box::pin(async move { Ok(sql::shutdown_number::of_places(tx, &order, &[n]).await?) })
    }));
    let row = found.await.expect("a read").into_iter().next().expect("a number");
    (row.state, row.code, row.overruled_by)
}

/// Its state alone.
pub async fn state(world: &World, order: &str, n: i64) -> NumberState {
    place(world, order, n).await.0
}

/// A moment later: orders issued one after the other are so.
pub fn later(world: &World) -> Time {
    world.clock.pass(std::time::Duration::from_secs(1));
    world.now()
}
