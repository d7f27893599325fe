//! Every act has exactly one ACT entry, every ACT entry its act, and what was refused or rehearsed has neither.

use std::collections::BTreeMap;

use greenlane::{
    domain::{
        entry::{Entry, EntryKind},
        fact::{Fact, FindingOutcome, FindingSeverity},
        number::Prefix,
        refusal::Reason,
        time::{DAY, Time},
    },
    service::{
        context::Context,
        participants::Proposal,
        supervise::{
            close_finding::Close, lift_suspension::Lift, record_talk::Talk, revoke_licence::Revocation,
            submit_rectification::Rectification, suspend_mvno::Suspension,
        },
        watch_standings::{Event, Watch},
    },
    store::{sql, sql::change::Change},
};

use crate::world::{World, caller, carrier, context, context_of, licence, name, outlets, working};

const M: &str = "mvnos/m01";

struct Record {
    entries: Vec<Entry>,
    changes: Vec<Change>,
    facts: Vec<Fact>,
}

async fn read(world: &World) -> Record {
    let read = world.store().read(working(|tx| {
        Box::pin(async move {
            let entries = sql::entry::list_after(tx, 0, i64::MAX).await?;
            Ok(Record {
                entries: entries.into_iter().map(|(_, entry)| entry).collect(),
                changes: sql::change::list_after(tx, 0, i64::MAX).await?,
                facts: sql::fact::list_of(tx, &name(M)).await?,
            })
        })
    }));
    read.await.expect("read")
}

fn rehearsed(context: Context) -> Context {
    Context { validate_only: true, ..context }
}

/// Everything that can be done, once, each after a rehearsal; returns how many acts that were.
async fn everything(world: &World) -> usize {
    let gateway = &world.gateway;
    let operator = || context_of(caller("operator/gw/o-1"));
    let mut acts = 0;
    macro_rules! act {
        ($context:expr, $verb:ident $(, $value:expr)*) => {{
            gateway.$verb(rehearsed($context) $(, $value.clone())*).await.expect(stringify!($verb));
            let done = gateway.$verb($context $(, $value.clone())*).await.expect(stringify!($verb));
            acts += 1;
            done.answer
        }};
    }
    let proposal =
        Proposal { name: name(M), display_name: "m01".to_owned(), level: None, area: String::new() };
    act!(operator(), create_participant, proposal);
    act!(context(), approve_participant, name(M));
    act!(context(), suspend_participant, name(M));
    act!(operator(), resume_participant, name(M));
    act!(context(), approve_participant, name(M));
    let held = act!(context(), record_licence, licence(M));
    act!(context(), record_licence, licence(M));
    act!(context(), record_inspection, outlets(M, 40, 0, world.now()));
    act!(context(), record_inspection, crate::world::sample(M, 100, 99, world.now()));
    let criterion = greenlane::domain::fact::AssessmentCriterion::RealNameRegistration;
    act!(context(), record_assessment, crate::world::assessment(M, criterion, world.now()));
    let block = Prefix::parse("1710001").expect("a block");
    act!(context(), allocate_numbers, name(M), block);
    act!(context(), return_numbers, name(M), block);
    let found = crate::world::finding(M, FindingSeverity::Minor, world.now().plus(DAY));
    let found = act!(context(), open_finding, found);
    let rectification = Rectification {
        mvno: name(M),
        finding: found.fact.name.clone(),
        text: "what was done".to_owned(),
        evidence_hashes: Vec::new(),
    };
    act!(context_of(caller("mvno/m01")), submit_rectification, rectification);
    let close = Close {
        mvno: name(M),
        finding: found.fact.name.clone(),
        outcome: FindingOutcome::Verified,
        effective_time: None,
    };
    act!(context(), close_finding, close);
    act!(context(), suspend_mvno, Suspension { mvno: name(M), effective_time: None });
    act!(context(), lift_suspension, Lift { mvno: name(M), effective_time: None });
    let talk = Talk {
        mvno: name(M),
        talk_time: world.now(),
        parties: vec![M.to_owned()],
        minutes_sha256: "b".repeat(64),
        undertakings: Vec::new(),
        supersedes: None,
    };
    act!(context(), record_talk, talk);
    let revocation = Revocation { mvno: name(M), licence: held.fact.name, effective_time: None };
    act!(context(), revoke_licence, revocation);
    // Refused, and replayed: no acts.
    let twice = gateway.close_finding(context(), close).await.expect_err("closed");
    assert_eq!(twice.reason, Reason::FindingClosed);
    let call = Context { request_id: Some("r-1".to_owned()), ..context() };
    for _ in 0..3 {
        gateway.record_talk(call.clone(), talk.clone()).await.expect("one of them is new");
    }
    acts + 1
}

#[tokio::test]
async fn every_act_has_its_entry_and_every_entry_its_act() {
    let world = World::empty().await;
    let mut acts = everything(&world).await;
    world.pass(DAY * 50).await;
    let turned = world.gateway.tick().await.expect("ticked");
    assert_eq!(turned, 1);
    acts += turned;

    let record = read(&world).await;
    assert!(record.entries.iter().all(|entry| entry.kind == EntryKind::Act && entry.outcome == "DONE"));
    assert_eq!(record.entries.len(), acts);
    let mut subjects: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in &record.entries {
        *subjects.entry(entry.subject.as_str()).or_default() += 1;
    }
    for fact in &record.facts {
        assert_eq!(subjects.remove(fact.name.as_str()), Some(1), "{} has one entry", fact.name);
    }
    // Proposed, approved, suspended, proposed and approved again, turned by time; allocated and returned.
    let left: Vec<(&str, usize)> = subjects.into_iter().collect();
    assert_eq!(left, [("allocations/1710001", 2), (M, 6)]);

    // Every revision is some entry's, and no entry claims another's.
    let claimed: Vec<i64> = record.entries.iter().filter_map(|entry| entry.revision).collect();
    let taken: Vec<i64> = record.changes.iter().map(|change| change.revision).collect();
    assert_eq!(claimed, taken);
    for entry in record.entries.iter().filter(|entry| entry.method != "turn") {
        assert_eq!((entry.certificate_sha256.len(), entry.request_sha256.len()), (64, 64));
        assert!(entry.entry_time <= world.now() && entry.entry_time > Time::from_micros(0));
    }
}

/// What an act wrote goes with its entry: where the entry cannot be, neither can the act.
#[tokio::test]
async fn no_entry_no_act() {
    let options = greenlane::store::sqlite::Options { max_pages: Some(90), ..Default::default() };
    let world = World::with(options).await;
    world.join(M).await;
    let talk = Talk {
        mvno: name(M),
        talk_time: world.now(),
        parties: vec![M.to_owned()],
        minutes_sha256: "b".repeat(64),
        undertakings: vec!["字".repeat(500); 20],
        supersedes: None,
    };
    let mut done = 2; // joined: added by hand, approved by an act
    let refused = loop {
        match world.gateway.record_talk(context(), talk.clone()).await {
            Ok(_) => done += 1,
            Err(refused) => break refused,
        }
        assert!(done < 1000, "it never filled");
    };
    assert_eq!(refused.reason, Reason::StoreUnavailable);
    let record = read(&world).await;
    assert_eq!((record.facts.len() + 2, record.entries.len() + 1), (done, done));
    assert_eq!(record.changes.len(), record.entries.len());
    // Reading goes on, and from what is on record.
    let found = world.check(M, greenlane::domain::decision::Action::SignAgreement).await.expect("answered");
    assert_eq!(found.revision, record.changes.last().expect("some").revision);
    let watch = Watch { mvnos: Vec::new(), after_revision: found.revision };
    let mut events =
        world.gateway.watch_standings(&carrier(), watch, world.feed.subscribe()).await.expect("watching");
    assert!(matches!(events.recv().await, Some(Ok(Event::Bookmark(at))) if at == found.revision));
}

/// Why something was done is kept beside its entry, in the same transaction, and not in it.
#[tokio::test]
async fn reasons_are_kept_beside_the_ledger() {
    let world = World::empty().await;
    everything(&world).await;
    let record = read(&world).await;
    for entry in record.entries.iter().filter(|entry| entry.method != "turn") {
        assert!(!entry.detail.contains("as ordered"), "{}", entry.detail);
        let id = entry.entry_id.clone();
        let kept = world.store().read(working(move |tx| {
            let id = id.clone();
            Box::pin(async move { Ok(sql::reason::lookup(tx, &id).await?) })
        }));
        assert_eq!(kept.await.expect("read").as_deref(), Some("as ordered"), "{}", entry.subject);
    }
}
