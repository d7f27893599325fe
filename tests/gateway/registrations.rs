//! Registrations: weighed in one transaction, one line beyond a person's slots never, and nothing of a person in clear.

use std::{sync::Arc, time::Duration};

use greenlane::{
    cache::{Cache, memory::MemoryCache},
    domain::{
        capture::CaptureMethod,
        channel::{ChannelKind, ChannelState, outlet::Outlet},
        document::{DocumentDraft, DocumentType},
        fact::FindingSeverity,
        identity::outcome::AuthorityMatch,
        industry::Functions,
        line::LineState,
        number::{Msisdn, Prefix},
        quota::Quota,
        refusal::{Reason, Refusal},
        registration::{
            RegistrationEvent, RegistrationState,
            draft::{Draft, TakenDraft, UnitDraft},
            import::OnDuplicate,
        },
        time::{DAY, Time},
    },
    service::{
        act::Answered,
        assess_industry_user,
        context::Context,
        import::{Header, Original, Row, Wanted},
        register::Registered,
        registrations::Filter,
    },
    store::sql,
};

use crate::{
    meanwhile::somebody,
    support::figure::asked,
    world::{World, caller, context, context_of, name, working},
};

const M: &str = "mvnos/m01";
const OTHER: &str = "mvnos/m02";
const HALL: &str = "mvnos/m01/channels/hall";
const SHOP: &str = "mvnos/m01/channels/shop";
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

async fn refused(world: &World, draft: Draft) -> String {
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

/// Ten at once for a person who has four: exactly one wins. `RACES=500` for that many persons, one after the other.
async fn ten_at_four(worlds: &[&World]) {
    let races = u32::try_from(asked("RACES", 5)).expect("few").min(650);
    for race in 0..races {
        let (person, first) = (somebody(race), race * 14);
        for n in 0..4 {
            register(worlds[0], draft(first + n, &person)).await.expect("opened");
        }
        let wanted =
            (4..14_u32).map(|n| register(worlds[n as usize % worlds.len()], draft(first + n, &person)));
        let answers = futures_util::future::join_all(wanted).await;
        let won: Vec<_> = answers.iter().filter_map(|answer| answer.as_ref().ok()).collect();
        assert_eq!(won.len(), 1);
        assert_eq!(won[0].answer.quota, Quota { limit: 5, in_use: 5, remaining: 0 });
        for refused in answers.iter().filter_map(|answer| answer.as_ref().err()) {
            assert_eq!(refused.reason, Reason::CardLimitReached, "{refused}");
            assert!(!refused.checks.is_empty());
        }
    }
    let live = worlds[0].number("SELECT COUNT(*) FROM line WHERE end_time IS NULL").await;
    assert_eq!(live, i64::from(races) * 5);
    println!("{races} races of ten at four, by {} nodes: one won each", worlds.len());
}

/// What is sealed opens in its own row alone: in the record as in the vault's own test of ten thousand.
#[tokio::test]
async fn what_was_swapped_in_the_record_is_refused() {
    let world = sqlite().await;
    let mut names = Vec::new();
    for (n, number) in (0..).zip(&PERSONS[..3]) {
        names.push(register(&world, draft(n, number)).await.expect("opened").answer.name);
    }
    let me = caller("mvno/m01");
    let look = async || {
        let mut refused = 0;
        for name in &names {
            if let Err(refusal) = world.gateway.get_registration(&me, name).await {
                assert_eq!(refusal.reason, Reason::StoreUnavailable, "{refusal}");
                refused += 1;
            }
        }
        refused
    };
    assert_eq!(look().await, 0);
    for (table, column) in [("subject", "document"), ("line", "number"), ("subject", "wrapped_key")] {
        let kept = world.column(table, column);
        let (first, last) = (&kept[0], &kept[2]);
        world.put(table, column, &[(first.0.clone(), last.1.clone()), (last.0.clone(), first.1.clone())]);
        assert_eq!(look().await, 2, "{table}.{column}, swapped");
        let flipped: Vec<_> = kept
            .iter()
            .cloned()
            .map(|(id, mut bytes)| {
                let at = bytes.len() - 1;
                bytes[at] ^= 1;
                (id, bytes)
            })
            .collect();
        world.put(table, column, &flipped);
        assert_eq!(look().await, 3, "{table}.{column}, flipped");
        world.put(table, column, &kept);
        assert_eq!(look().await, 0, "as it was");
    }
}

#[tokio::test]
async fn ten_at_four_on_sqlite() {
    ten_at_four(&[&sqlite().await]).await;
}

#[tokio::test]
async fn ten_at_four_on_three_nodes() {
    let first = postgres().await;
    let (second, third) = (first.beside().await, first.beside().await);
    ten_at_four(&[&first, &second, &third]).await;
}

/// A person whom nobody knows yet, and a number that many want: each is enrolled and opened once.
#[tokio::test]
async fn a_new_person_is_enrolled_once() {
    let first = postgres().await;
    let second = first.beside().await;
    let worlds = [&first, &second];
    let wanted = (0..8_u32).map(|at| register(worlds[at as usize % 2], draft(at, PERSONS[3])));
    let answers = futures_util::future::join_all(wanted).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 5);
    assert_eq!(first.number("SELECT COUNT(*) FROM subject").await, 1);
    let wanted = (0..6_u32).map(|at| register(worlds[at as usize % 2], draft(50, PERSONS[at as usize % 3])));
    let answers = futures_util::future::join_all(wanted).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    for refused in answers.iter().filter_map(|answer| answer.as_ref().err()) {
        assert_eq!(refused.reason, Reason::NumberInUse, "{refused}");
    }
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

#[tokio::test]
async fn the_authority_and_its_absence() {
    let world = sqlite().await;
    world.authority.says(AuthorityMatch::NotAvailable);
    assert_eq!(refused(&world, draft(1, PERSONS[0])).await, "REVIEW_NEEDED");
    world.authority.says(AuthorityMatch::Mismatch);
    assert_eq!(refused(&world, draft(1, PERSONS[0])).await, "IDENTITY_MISMATCH");
    world.authority.says(AuthorityMatch::Match);
    let context = Context { request_id: Some("r-1".to_owned()), ..as_mvno("m01") };
    let opened = world.gateway.register(context.clone(), draft(1, PERSONS[0])).await.expect("opened");
    let asked = world.authority.asked();
    world.clock.pass(DAY * 3);
    let again = world.gateway.register(context.clone(), draft(1, PERSONS[0])).await.expect("again");
    assert!(again.replayed && !opened.replayed);
    assert_eq!(again.answer.name, opened.answer.name);
    assert_eq!(world.authority.asked(), asked, "what was answered is not asked again");
    let other = Context { request_sha256: "0".repeat(64), ..context };
    let reused = world.gateway.register(other, draft(2, PERSONS[0])).await.expect_err("another payload");
    assert_eq!(reused.reason, Reason::RequestIdReused);
}

#[tokio::test]
async fn guesses_have_a_budget() {
    let world = sqlite().await;
    let guess = async |at: u32| {
        let mut draft = draft(1, PERSONS[0]);
        let name = format!("某{}", char::from_u32(0x4E00 + at).expect("a character"));
        draft.individual.as_mut().expect("a person").name = name.as_str().into();
        register(&world, draft).await.map_err(|refused| refused.reason)
    };
    world.authority.says(AuthorityMatch::Mismatch);
    for at in 0..5 {
        assert_eq!(guess(at).await.err(), Some(Reason::IdentityMismatch));
    }
    assert_eq!(guess(5).await.err(), Some(Reason::EnumerationSuspected));
    assert_eq!(world.authority.asked(), 5);
}

/// Whichever node is asked, a caller has one budget for a person.
#[tokio::test]
async fn guesses_at_two_nodes_have_one_budget() {
    let world = sqlite().await;
    let cache: Arc<dyn Cache> = Arc::new(MemoryCache::new(world.clock.clone()));
    let nodes = [world.counting_in(&cache), world.counting_in(&cache)];
    let guess = async |at: u32| {
        let mut draft = draft(1, PERSONS[0]);
        let name = format!("某{}", char::from_u32(0x4E00 + at).expect("a character"));
        draft.individual.as_mut().expect("a person").name = name.as_str().into();
        register(&nodes[at as usize % 2], draft).await.map_err(|refused| refused.reason)
    };
    world.authority.says(AuthorityMatch::Mismatch);
    for at in 0..5 {
        assert_eq!(guess(at).await.err(), Some(Reason::IdentityMismatch));
    }
    for at in 5..9 {
        assert_eq!(guess(at).await.err(), Some(Reason::EnumerationSuspected));
    }
    assert_eq!(world.authority.asked(), 5);
}

/// By the rules of the status service, at the moment of the registration.
#[tokio::test]
async fn the_standing_gates_new_lines_and_no_others() {
    let world = sqlite().await;
    let opened = register(&world, draft(1, PERSONS[0])).await.expect("opened").answer;
    world.open(M, FindingSeverity::Severe).await;
    // RECTIFYING is CONDITIONAL: own hall, reader and photo.
    let photo = || TakenDraft { photo_sha256: "a".repeat(64), ..read() };
    assert_eq!(refused(&world, draft(2, PERSONS[1])).await, "STANDING_DENIES");
    let shop = TakenDraft { channel: SHOP.to_owned(), reader_serial: "RD-0002".to_owned(), ..photo() };
    assert_eq!(refused(&world, Draft { capture: shop, ..draft(2, PERSONS[1]) }).await, "STANDING_DENIES");
    let at_hall = Draft { capture: photo(), ..draft(2, PERSONS[1]) };
    register(&world, at_hall).await.expect("under the condition");
    // Thirty-one days later the finding is overdue: SUSPENDED, and what is in service goes on.
    world.pass(DAY * 31).await;
    let denied =
        register(&world, Draft { capture: photo(), ..draft(3, PERSONS[1]) }).await.expect_err("denied");
    assert_eq!(denied.reason, Reason::StandingDenies);
    assert!(denied.decided.is_some_and(|decided| !decided.reasons.is_empty()));
    let event = Some(RegistrationEvent::SimChange);
    register(&world, Draft { event, ..draft(1, PERSONS[0]) }).await.expect("a card is changed");
    world.gateway.close_line(as_mvno("m01"), &opened.name).await.expect("a line is closed");
}

#[tokio::test]
async fn industry_cards_have_an_assessment_and_slots_of_their_own() {
    let world = sqlite().await;
    let functions = Functions { voice: false, sms: false, data_cap_mb: 30 };
    let request = assess_industry_user::Request {
        name: "测试电表".into(),
        uscc: "91999999MA00TE5T09".into(),
        uscc_compared: false,
        scene: "electricity meters".to_owned(),
        functions,
        imei_binding: false,
        valid_to_time: Some(world.now().plus(DAY * 100)),
    };
    let assessed =
        world.gateway.assess_industry_user(as_mvno("m01"), request.clone()).await.expect("recorded");
    let loud = assess_industry_user::Request { functions: Functions { voice: true, ..functions }, ..request };
    let refused_fields =
        world.gateway.assess_industry_user(as_mvno("m01"), loud).await.expect_err("no calls");
    assert_eq!(code(&refused_fields), "VOICE_NOT_ALLOWED");
    let unit = |uscc: &str, functions| Draft {
        individual: None,
        unit: Some(UnitDraft {
            name: "测试电表".into(),
            uscc: uscc.into(),
            authorisation_sha256: "b".repeat(64),
            responsible_person: Some(person(PERSONS[4])),
            assessment: assessed.answer.0.clone(),
            functions: Some(functions),
            ..UnitDraft::default()
        }),
        handler: Some(person(PERSONS[5])),
        capture: TakenDraft { photo_sha256: "a".repeat(64), ..read() },
        ..draft(1, PERSONS[4])
    };
    let line = register(&world, unit("91999999MA00TE5T09", functions)).await.expect("opened").answer;
    assert_eq!(line.quota, Quota { limit: 10, in_use: 1, remaining: 9 });
    let opened = register(&world, draft(2, PERSONS[4])).await.expect("the person's own").answer;
    assert_eq!(opened.quota.in_use, 1, "counted apart");
    let more = Draft {
        msisdn: msisdn(3).as_str().into(),
        ..unit("91999999MA00TE5T09", Functions { data_cap_mb: 31, ..functions })
    };
    assert_eq!(refused(&world, more).await, "FUNCTION_NOT_ASSESSED");
    let another = Draft { msisdn: msisdn(3).as_str().into(), ..unit("93999999MA00TE5T16", functions) };
    assert_eq!(refused(&world, another).await, "ASSESSMENT_REQUIRED");
}

pub(crate) fn row(row_number: i64, draft: Draft) -> Row {
    let capture = TakenDraft { channel: String::new(), reader_serial: String::new(), ..draft.capture };
    let register_time = Some(Time::of_date(2025, 1, 1));
    let draft = Draft { capture, register_time, event: None, ..draft };
    Row { row_number, draft, faults: Vec::new(), original: Original::new(said(row_number)) }
}

/// What a row said; its message, in earnest.
fn said(row_number: i64) -> Vec<u8> {
    format!("卡纳里 in row {row_number}").into_bytes()
}

fn wanted(import_id: &str, originals: bool, page_size: i32) -> Wanted {
    Wanted { import_id: import_id.to_owned(), originals, page_size, page_token: String::new() }
}

fn header(on_duplicate: OnDuplicate) -> Header {
    Header { import_id: format!("i-{on_duplicate}"), on_duplicate, validate_only: false }
}

async fn import(world: World) {
    let me = as_mvno("m01");
    let header_of = header(OnDuplicate::Skip);
    let begun = world.gateway.begin_import(&me, &header_of).await.expect("begun");
    assert_eq!(begun.durable_through_row, 0);
    // Seven lines of one person, a bad row, a number of another's block, and one number twice.
    let mut rows: Vec<Row> =
        (1..=7).map(|at| row(at, draft(u32::try_from(at).expect("few"), PERSONS[0]))).collect();
    rows.push(row(8, draft(8, "119999199003070018")));
    rows.push(row(9, Draft { msisdn: "17100020001".into(), ..draft(9, PERSONS[1]) }));
    rows.push(row(10, draft(1, PERSONS[1])));
    rows.push(row(11, draft(11, PERSONS[1])));
    let progress = world.gateway.import_rows(&me, &header_of, begun, rows).await.expect("taken");
    assert_eq!((progress.durable_through_row, progress.accepted, progress.skipped), (11, 8, 1));
    let told: Vec<(i64, &str)> =
        progress.rejected.iter().map(|row| (row.row_number, row.code.as_str())).collect();
    assert_eq!(told, [(8, "BAD_CHECKSUM"), (9, "NUMBER_NOT_ALLOCATED")]);
    let listed = world.gateway.list_rejected_rows(&me, wanted(&header_of.import_id, false, 1)).await;
    let (first, token) = listed.expect("listed");
    assert_eq!((first[0].rejected.row_number, token.is_empty()), (8, false));
    assert!(first[0].original.is_none(), "it was not asked for");
    let unknown =
        world.gateway.list_rejected_rows(&as_mvno("m02"), wanted(&header_of.import_id, true, 0)).await;
    assert_eq!(unknown.err().expect("another's").reason, Reason::ImportNotFound);

    // The two beyond five are to be verified again; the sixth is not opened for anybody.
    assert_eq!(
        world.number("SELECT COUNT(*) FROM line WHERE registration_state = 'SUPPLEMENT_DUE'").await,
        2
    );
    assert_eq!(refused(&world, draft(20, PERSONS[0])).await, "LEGACY_EXCESS");
    // Once more from any row: what is durable is passed over.
    let again = world.gateway.begin_import(&me, &header_of).await.expect("goes on");
    assert_eq!((again.durable_through_row, again.accepted, again.rejected_total), (11, 8, 2));
    let rows = vec![row(5, draft(5, PERSONS[0])), row(12, draft(12, PERSONS[2]))];
    let more = world.gateway.import_rows(&me, &header_of, again, rows).await.expect("taken");
    assert_eq!((more.durable_through_row, more.accepted, more.skipped), (12, 9, 1));

    // Another import with ERROR: a number that is there is a rejected row.
    let strict = header(OnDuplicate::Error);
    let begun = world.gateway.begin_import(&me, &strict).await.expect("begun");
    let rows = vec![row(1, draft(1, PERSONS[0])), row(2, draft(30, PERSONS[3]))];
    let told = world.gateway.import_rows(&me, &strict, begun, rows).await.expect("taken");
    assert_eq!((told.accepted, told.rejected[0].code.as_str()), (1, "NUMBER_IN_USE"));
    let other = Header { import_id: strict.import_id, ..header_of };
    let reused = world.gateway.begin_import(&me, &other).await.expect_err("other settings");
    assert_eq!(reused.reason, Reason::ImportIdReused);

    // The ladder is climbed in time: stopped one way after 30 days, and freed by a supplement.
    assert_eq!(world.gateway.climb_ladders().await.expect("nothing due"), 0);
    world.clock.pass(DAY * 30);
    assert_eq!(world.gateway.climb_ladders().await.expect("climbed"), 2);
    assert_eq!(world.number("SELECT COUNT(*) FROM line WHERE state = 'ONE_WAY_STOP'").await, 2);
    let event = Some(RegistrationEvent::Supplement);
    register(&world, Draft { event, ..draft(6, PERSONS[0]) }).await.expect("supplemented");
    assert_eq!(world.number("SELECT COUNT(*) FROM line WHERE state = 'ONE_WAY_STOP'").await, 1);
    let filter = Filter {
        mvno: None,
        subject_token: String::new(),
        channel: String::new(),
        state: Some(RegistrationState::SupplementDue),
        line_state: None,
        page_size: 0,
        page_token: String::new(),
    };
    let (due, _) = world.gateway.list_registrations(&me.caller, filter).await.expect("listed");
    assert_eq!(due.iter().map(|shown| shown.legacy).collect::<Vec<_>>(), [true]);
}

#[tokio::test]
async fn import_on_sqlite() {
    import(sqlite().await).await;
}

#[tokio::test]
async fn import_on_postgres() {
    import(postgres().await).await;
}

/// What rejected rows said comes back to their sender alone, until the import expires; what then is in older copies of
/// the record opens for nobody.
async fn originals_come_back(world: World) {
    let me = as_mvno("m01");
    let header = header(OnDuplicate::Skip);
    let begun = world.gateway.begin_import(&me, &header).await.expect("begun");
    let rows =
        (1..=4).map(|at| row(at, draft(u32::try_from(at).expect("few"), ["1", PERSONS[0]][at as usize % 2])));
    world.gateway.import_rows(&me, &header, begun, rows.collect()).await.expect("taken");
    let ask = async |context: &Context, page_size| {
        world.gateway.list_rejected_rows(context, wanted(&header.import_id, true, page_size)).await
    };
    let reads = "SELECT COUNT(*) FROM entry WHERE kind = 'READ' AND detail = '{\"originals\":2}'";
    assert_eq!(world.number(reads).await, 0);
    let (rows, _) = ask(&me, 0).await.expect("listed");
    let told: Vec<_> = rows.iter().map(|row| (row.rejected.row_number, &*row.rejected.code)).collect();
    assert_eq!(told, [(2, "BAD_LENGTH"), (4, "BAD_LENGTH")]);
    for row in &rows {
        let original = row.original.as_ref().expect("kept");
        assert_eq!(original.expose(), said(row.rejected.row_number));
    }
    assert_eq!(world.number(reads).await, 1, "that it was read is on record");
    assert!(ask(&as_mvno("m02"), 0).await.is_err_and(|refused| refused.reason == Reason::ImportNotFound));

    // A newer key wraps this one too.
    world.add_kek();
    let turned = world.with_new_keys().await;
    assert_eq!(turned.gateway.rewrap_keys().await.expect("turned").refused, 0);
    assert_eq!(
        turned
            .number(
                "SELECT COUNT(DISTINCT kek_id) FROM (
        SELECT kek_id FROM subject UNION ALL SELECT kek_id FROM import_job) keys"
            )
            .await,
        1
    );
    let world = turned;
    let (rows, token) =
        world.gateway.list_rejected_rows(&me, wanted(&header.import_id, true, 1)).await.expect("listed");
    assert_eq!((rows[0].original.as_ref().expect("kept").expose(), token.is_empty()), (&*said(2), false));

    // Thirty days after its last rows it is over; whoever goes on with it then begins with a key of its own.
    world.clock.pass(DAY * 31);
    let now = world.now();
    let pruned = world
        .store()
        .write(working(move |tx| Box::pin(async move { Ok(sql::import::prune(tx, now).await?) })));
    assert_eq!(pruned.await.expect("pruned"), 2);
    assert_eq!(world.number("SELECT COUNT(*) FROM import_job WHERE wrapped_key IS NULL").await, 1);
    let on = world.gateway.begin_import(&me, &header).await.expect("goes on");
    assert_eq!((on.durable_through_row, on.rejected_total), (4, 2));
    world.gateway.import_rows(&me, &header, on, vec![row(5, draft(5, "1"))]).await.expect("taken");
    let (rows, _) =
        world.gateway.list_rejected_rows(&me, wanted(&header.import_id, true, 0)).await.expect("listed");
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].original.as_ref().expect("kept").expose(), said(5));
}

#[tokio::test]
async fn originals_come_back_on_sqlite() {
    originals_come_back(sqlite().await).await;
}

#[tokio::test]
async fn originals_come_back_on_postgres() {
    originals_come_back(postgres().await).await;
}

/// A rehearsal tells the same and writes nothing.
#[tokio::test]
async fn an_import_is_rehearsed() {
    let world = sqlite().await;
    let me = as_mvno("m01");
    let header = Header { validate_only: true, ..header(OnDuplicate::Skip) };
    let begun = world.gateway.begin_import(&me, &header).await.expect("begun");
    let before = world.rows().await;
    let rows = vec![row(1, draft(1, PERSONS[0])), row(2, draft(2, "1"))];
    let told = world.gateway.import_rows(&me, &header, begun, rows).await.expect("checked");
    assert_eq!((told.durable_through_row, told.accepted, told.rejected_total), (2, 1, 1));
    let told = world.gateway.import_rows(&me, &header, told, vec![row(3, draft(3, PERSONS[0]))]).await;
    assert_eq!(told.expect("checked").accepted, 2);
    assert_eq!(world.rows().await, before);
    for sql in
        ["SELECT COUNT(*) FROM line", "SELECT COUNT(*) FROM subject", "SELECT COUNT(*) FROM import_job"]
    {
        assert_eq!(world.number(sql).await, 0, "{sql}");
    }
}

/// Keys are wrapped by a newer key while lines are opened. The walk is broken off and begun again, by way of every node at
/// once, and everything opens afterwards.
async fn keys_are_turned_under_load(nodes: Vec<World>) {
    const NEW: &str = "SELECT COUNT(*) FROM subject WHERE kek_id =
      (SELECT kek_id FROM subject WHERE id = (SELECT MIN(id) FROM subject))";
    let first = &nodes[0];
    let many = first.number("SELECT COUNT(*) FROM subject").await;
    assert!(many > 1000, "more than a batch");
    let gateway = first.gateway.clone();
    let walk = tokio::spawn(async move { gateway.rewrap_keys().await });
    // The walk goes by ids: once the first has the newer key, so have those of its batch.
    while first.number("SELECT COUNT(DISTINCT kek_id) FROM subject").await == 1 && !walk.is_finished() {
        tokio::task::yield_now().await;
    }
    walk.abort();
    let _ = walk.await; // broken off, or done already
    assert!(first.number(NEW).await > 0);
    let load = futures_util::future::join_all((100..120).map(|n| {
        let number = PERSONS[n as usize % PERSONS.len()];
        register(&nodes[n as usize % nodes.len()], draft(n, number))
    }));
    let walks = futures_util::future::join_all(nodes.iter().map(|node| node.gateway.rewrap_keys()));
    let (turned, opened) = tokio::join!(walks, load);
    assert!(turned.iter().all(|tally| tally.as_ref().is_ok_and(|tally| tally.refused == 0)), "{turned:?}");
    assert!(opened.iter().all(Result::is_ok));
    let again = first.gateway.rewrap_keys().await.expect("nothing left");
    assert_eq!((again.rewrapped, again.refused), (0, 0));
    assert_eq!(first.number("SELECT COUNT(DISTINCT kek_id) FROM subject").await, 1);
    let mut filter = Filter {
        mvno: None,
        subject_token: String::new(),
        channel: String::new(),
        state: None,
        line_state: None,
        page_size: 1000,
        page_token: String::new(),
    };
    let mut shown = 0;
    loop {
        let listed = first.gateway.list_registrations(&caller("mvno/m01"), filter.clone()).await;
        let (page, next) = listed.expect("all open");
        assert!(page.iter().all(|shown| shown.masked_name == "某*"));
        shown += page.len();
        if next.is_empty() {
            break;
        }
        filter.page_token = next;
    }
    assert_eq!(shown, PERSONS.len() + 20 + MANY);
}

/// Persons taken in by an import.
const MANY: usize = 1100;

/// Subjects in number, and a newer key in the file.
async fn many_subjects(world: &World) {
    for (n, number) in (0..).zip(PERSONS) {
        register(world, draft(n, number)).await.expect("opened");
    }
    let me = as_mvno("m01");
    let header = header(OnDuplicate::Skip);
    let mut progress = world.gateway.begin_import(&me, &header).await.expect("begun");
    let rows: Vec<i64> = (1..=i64::try_from(MANY).expect("few")).collect();
    for chunk in rows.chunks(500) {
        let rows = chunk.iter().map(|at| {
            let passport = DocumentDraft {
                kind: Some(DocumentType::PassportForeign),
                number: format!("AB{at:06}").as_str().into(),
                nationality: "CAN".to_owned(),
                ..person(PERSONS[0])
            };
            let n = u32::try_from(*at).expect("few") + 1000;
            row(*at, Draft { individual: Some(passport), ..draft(n, PERSONS[0]) })
        });
        progress = world.gateway.import_rows(&me, &header, progress, rows.collect()).await.expect("taken");
    }
    assert_eq!(progress.accepted, rows.len() as i64, "{:?}", progress.rejected.first());
    world.add_kek();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_turned_under_load_on_sqlite() {
    let world = sqlite().await;
    many_subjects(&world).await;
    keys_are_turned_under_load(vec![world.restart_after(Duration::from_secs(1)).await]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_turned_under_load_on_two_nodes() {
    let world = postgres().await;
    many_subjects(&world).await;
    keys_are_turned_under_load(vec![world.beside().await, world.beside().await]).await;
}

/// Nothing of a person lies in the file in clear, nor does the ledger or a refusal say it.
#[tokio::test]
async fn nothing_of_a_person_is_in_clear() {
    let world = sqlite().await;
    let canary = "卡纳里卡纳里";
    for (n, number) in (0..).zip(PERSONS) {
        let mut draft = draft(n, number);
        let document = draft.individual.as_mut().expect("a person");
        document.name = canary.into();
        document.address = "卡纳里街一号".into();
        register(&world, draft).await.expect("opened");
    }
    let me = as_mvno("m01");
    let header = header(OnDuplicate::Skip);
    let begun = world.gateway.begin_import(&me, &header).await.expect("begun");
    let rows = (1..=200).map(|at| {
        // Every eighth is rejected, and kept for its sender.
        let number = if at % 8 == 0 { "1" } else { PERSONS[at as usize % 8] };
        let mut draft = draft(u32::try_from(at).expect("few") + 1000, number);
        draft.individual.as_mut().expect("a person").name = canary.into();
        row(at, draft)
    });
    world.gateway.import_rows(&me, &header, begun, rows.collect()).await.expect("taken");
    let mut words: Vec<String> = PERSONS.iter().map(|number| (*number).to_owned()).collect();
    assert_eq!(world.number("SELECT COUNT(*) FROM import_row_rejected WHERE original IS NOT NULL").await, 25);
    words.extend([canary.to_owned(), "卡纳里街".to_owned(), "卡纳里 in row".to_owned()]);
    words.extend([msisdn(3), msisdn(1100)]);
    for bytes in world.files() {
        for word in &words {
            let found = bytes.windows(word.len()).any(|window| window == word.as_bytes());
            assert!(!found, "a person is in the file in clear");
        }
    }
}
