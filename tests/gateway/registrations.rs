//! Registrations: a line from its first holder to its erasure, what is wrong told at once, and short words for both.
//! What weighs them, what they may take, what is sealed and what is imported have tests of their own.

use greenlane::{
    domain::{
        capture::CaptureMethod,
        channel::{ChannelKind, ChannelState, outlet::Outlet},
        document::{DocumentDraft, DocumentType},
        line::LineState,
        number::{Msisdn, Prefix},
        quota::Quota,
        refusal::{Reason, Refusal},
        registration::{
            RegistrationEvent, RegistrationState,
            draft::{Draft, TakenDraft},
        },
        time::DAY,
    },
    service::{act::Answered, context::Context, register::Registered},
    store::sql,
};

use crate::world::{World, caller, context, context_of, name, working};

const M: &str = "mvnos/m01";
const OTHER: &str = "mvnos/m02";
const HALL: &str = "mvnos/m01/channels/hall";
/// Persons of a region that does not exist, one by check character.
pub(crate) const PERSONS: [&str; 8] = [
    "119999199003070019",
    "119999199003070027",
    "119999199003070035",
    "119999199003070043",
    "119999199003070051",
    "11999919900307006X",
    "119999199003070078",
    "119999199003070086",
];

pub(crate) fn as_mvno(id: &str) -> Context {
    Context { reason: String::new(), ..context_of(caller(&format!("mvno/{id}"))) }
}

pub(crate) fn person(number: &str) -> DocumentDraft {
    DocumentDraft {
        kind: Some(DocumentType::ResidentId),
        number: number.into(),
        name: "某甲".into(),
        valid_to: "2036-01-01".to_owned(),
        ..DocumentDraft::default()
    }
}

/// The n-th number of the block of m01.
pub(crate) fn msisdn(n: u32) -> String {
    format!("1710001{n:04}")
}

/// Taken in by a hall's reader.
pub(crate) fn read() -> TakenDraft {
    TakenDraft {
        method: Some(CaptureMethod::Reader),
        reader_serial: "RD-0001".to_owned(),
        channel: HALL.to_owned(),
        operator_id: "clerk-1".to_owned(),
        photo_sha256: String::new(),
    }
}

pub(crate) fn draft(n: u32, number: &str) -> Draft {
    Draft {
        msisdn: msisdn(n).as_str().into(),
        event: Some(RegistrationEvent::Open),
        individual: Some(person(number)),
        capture: read(),
        ..Draft::default()
    }
}

async fn outlet(world: &World, id: &str, kind: ChannelKind, reader: &'static str) {
    let now = world.now();
    let outlet = Outlet {
        id: id.to_owned(),
        mvno: name(M),
        kind,
        state: ChannelState::Authorised,
        legal_name: "测试营业厅".to_owned(),
        uscc: "91999999MA00TE5T09".to_owned(),
        uscc_compared: false,
        plate_number: "P-1".to_owned(),
        trained_time: Some(now.minus(DAY * 30)),
        agreement_number: "A-1".to_owned(),
        agreement_end: Some(now.plus(DAY * 365)),
        authorise_time: now,
    };
    let added = world.store().write(working(move |tx| {
        let outlet = outlet.clone();
        Box::pin(async move {
            sql::channel::add(tx, &outlet, &[7; 32]).await?;
            sql::reader::bind(tx, reader, &outlet.id, now).await?;
            Ok(())
        })
    }));
    added.await.expect("added");
}

/// m01 and m02 compliant, a block for each, and outlets of m01.
pub(crate) async fn ready(world: &World) {
    for (mvno, block) in [(M, "1710001"), (OTHER, "1710002")] {
        world.join(mvno).await;
        world.make_compliant(mvno).await;
        let block = Prefix::parse(block).expect("a block");
        world.gateway.allocate_numbers(context(), name(mvno), block).await.expect("allocated");
    }
    outlet(world, "hall", ChannelKind::OwnHall, "RD-0001").await;
    outlet(world, "shop", ChannelKind::PhysicalAgent, "RD-0002").await;
}

pub(crate) async fn sqlite() -> World {
    let world = World::empty().await;
    ready(&world).await;
    world
}

pub(crate) async fn postgres() -> World {
    let world = World::postgres().await;
    ready(&world).await;
    world
}

pub(crate) async fn register(world: &World, draft: Draft) -> Result<Answered<Registered>, Refusal> {
    world.gateway.register(as_mvno("m01"), draft).await
}

/// Which fault decided: the violation's, or the check's.
pub(crate) fn code(refused: &Refusal) -> String {
    let violation = refused.violations.first();
    let violation = violation.and_then(|violation| violation.description.split(':').next());
    violation.map_or_else(|| refused.reason.as_str().to_owned(), str::to_owned)
}

pub(crate) async fn refused(world: &World, draft: Draft) -> String {
    let before = world.number("SELECT COUNT(*) FROM line").await;
    let refused = register(world, draft).await.expect_err("refused");
    assert_eq!(world.number("SELECT COUNT(*) FROM line").await, before);
    code(&refused)
}

async fn life_of_a_line(world: World) {
    let opened = register(&world, draft(1, PERSONS[0])).await.expect("opened").answer;
    assert_eq!(opened.state, RegistrationState::Verified);
    assert_eq!(opened.quota, Quota { limit: 5, in_use: 1, remaining: 4 });
    let me = caller("mvno/m01");
    let shown = world.gateway.get_registration(&me, &opened.name).await.expect("shown");
    assert_eq!(shown.masked_number, "1199**********0019");
    assert_eq!(shown.masked_name, "某*");
    assert_eq!(shown.msisdn, format!("+86{}", msisdn(1)));
    assert_eq!(shown.subject_token, opened.subject_token);
    let other = world.gateway.get_registration(&caller("mvno/m02"), &opened.name).await;
    assert_eq!(other.err().expect("another's").reason, Reason::RegistrationNotFound);
    let number = Msisdn::parse(&msisdn(1)).expect("a number");
    let found = world.gateway.lookup_number(&caller("carrier/unicom"), &number).await.expect("found");
    assert_eq!(found.line_state, Some(LineState::Active));

    // The number is in use, its card is changed by its holder alone, and it passes to another.
    assert_eq!(refused(&world, draft(1, PERSONS[1])).await, "NUMBER_IN_USE");
    let event = |event, number: &str| Draft { event: Some(event), ..draft(1, number) };
    assert_eq!(refused(&world, event(RegistrationEvent::SimChange, PERSONS[1])).await, "HOLDER_MISMATCH");
    let changed = register(&world, event(RegistrationEvent::SimChange, PERSONS[0])).await.expect("changed");
    assert_eq!(changed.answer.name, opened.name, "the same tenancy");
    let passed = register(&world, event(RegistrationEvent::Transfer, PERSONS[1])).await.expect("passed");
    assert_ne!(passed.answer.name, opened.name);
    let before = world.gateway.get_registration(&me, &opened.name).await.expect("shown");
    assert_eq!(before.line.registration, RegistrationState::Closed);
    assert_eq!((before.masked_name.as_str(), before.line.state), ("", LineState::Closed));

    // Stopped, freed, closed; a closed line stays so, and its number is free.
    let change =
        async |state| world.gateway.change_line_state(as_mvno("m01"), &passed.answer.name, Some(state)).await;
    change(LineState::OneWayStop).await.expect("stopped");
    assert_eq!(change(LineState::OneWayStop).await.expect_err("is so").reason, Reason::LineStateUnchanged);
    change(LineState::Active).await.expect("freed");
    world.gateway.close_line(as_mvno("m01"), &passed.answer.name).await.expect("closed");
    assert_eq!(change(LineState::Active).await.expect_err("closed").reason, Reason::LineStateUnchanged);
    let again = register(&world, draft(1, PERSONS[1])).await.expect("anew").answer;
    assert_eq!(again.quota.in_use, 1);

    // Two years after, what was kept of the first holder opens for nobody.
    assert_eq!(world.gateway.erase_due().await.expect("nothing due"), 0);
    world.clock.pass(DAY * 800);
    assert_eq!(world.gateway.erase_due().await.expect("erased"), 2);
    let erased = world.gateway.get_registration(&me, &opened.name).await.expect("shown");
    assert_eq!(erased.line.registration, RegistrationState::Erased);
    assert_eq!((erased.msisdn.as_str(), erased.subject_token.as_str(), erased.kind), ("", "", None));
    assert_eq!(world.number("SELECT COUNT(*) FROM subject WHERE wrapped_key IS NULL").await, 1);
    assert_eq!(world.number("SELECT COUNT(*) FROM line WHERE number IS NULL").await, 2);
    let kept = world.gateway.get_registration(&me, &again.name).await.expect("the live one");
    assert_eq!(kept.msisdn, format!("+86{}", msisdn(1)));
}

#[tokio::test]
async fn life_of_a_line_on_sqlite() {
    life_of_a_line(sqlite().await).await;
}

#[tokio::test]
async fn life_of_a_line_on_postgres() {
    life_of_a_line(postgres().await).await;
}

#[tokio::test]
async fn bad_input_is_told_and_nothing_written() {
    let world = sqlite().await;
    register(&world, draft(1, PERSONS[0])).await.expect("opened");
    let capture = |change: fn(&mut TakenDraft)| {
        let mut draft = draft(2, PERSONS[1]);
        change(&mut draft.capture);
        draft
    };
    let document = |change: fn(&mut DocumentDraft)| {
        let mut draft = draft(2, PERSONS[1]);
        change(draft.individual.as_mut().expect("a person"));
        draft
    };
    let number = |msisdn: &str| Draft { msisdn: msisdn.into(), ..draft(2, PERSONS[1]) };
    for (draft, expected) in [
        (number("17100020001"), "NUMBER_NOT_ALLOCATED"),
        (number(&msisdn(1)), "NUMBER_IN_USE"),
        (number("1064800000001"), "IOT_NUMBER"),
        (number("13800000001"), "NOT_MVNO"),
        (number("1710001000"), "BAD_LENGTH"),
        (capture(|taken| taken.method = Some(CaptureMethod::Manual)), "CAPTURE_FORBIDDEN"),
        (capture(|taken| taken.reader_serial = "RD-0002".to_owned()), "CHANNEL_REFUSED"),
        (capture(|taken| taken.reader_serial = "RD-9999".to_owned()), "CHANNEL_REFUSED"),
        (capture(|taken| taken.channel = "mvnos/m02/channels/hall".to_owned()), "CHANNEL_UNKNOWN"),
        (capture(|taken| taken.channel = "mvnos/m01/channels/none".to_owned()), "CHANNEL_UNKNOWN"),
        // Yesterday in Shanghai, where it is eight hours later than in UTC.
        (document(|document| document.valid_to = "2026-02-28".to_owned()), "EXPIRED"),
        (document(|document| document.name = "某".repeat(300).as_str().into()), "BAD_LENGTH"),
        (document(|document| document.number = "119999199003070018".into()), "BAD_CHECKSUM"),
        (document(|document| document.number = "44999920240229001X".into()), "GUARDIAN_REQUIRED"),
        (document(|document| document.number = "119999900307001".into()), "OBSOLETE_FORM"),
    ] {
        assert_eq!(refused(&world, draft).await, expected);
    }
    for name in ["某", "Ａｎｎａ　Ｍｅｉｅｒ", "某·甲", "某\u{200D}甲"] {
        let mut draft = draft(2, PERSONS[1]);
        draft.individual.as_mut().expect("a person").name = name.into();
        let context = Context { validate_only: true, ..as_mvno("m01") };
        world.gateway.register(context, draft).await.expect("in its normal form");
    }
    assert_eq!(world.number("SELECT COUNT(*) FROM subject").await, 1);
    let all = Draft { msisdn: "1".into(), capture: TakenDraft::default(), ..draft(2, "1") };
    let told = register(&world, all).await.expect_err("faulty").violations;
    assert!(told.len() >= 4, "all at once: {told:?}");
}
