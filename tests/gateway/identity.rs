//! Identity checks, counts, disputes and restrictions, without the wire.

use std::time::Duration;

use greenlane::{
    domain::{
        capture::CaptureMethod,
        channel::{ChannelDraft, ChannelKind, outlet::OutletName},
        dispute::{DisputeOutcome, DisputeState},
        document::{DocumentDraft, DocumentType},
        identity::{
            examine::{Check, Examined},
            outcome::{AuthorityMatch, CheckOutcome},
        },
        number::Prefix,
        quota::{Quota, QuotaBucket},
        refusal::{Reason, Refusal},
        registration::{self, RegistrationEvent, draft::TakenDraft},
        time::DAY,
    },
    service::{
        channels::{authorise_channel::Draft, blacklist_channel::Whom, list_channels},
        context::Context,
        identity::{
            check_card_quota::{Counted, Of},
            list_disputes::Filter,
            verify_identity::Verified,
        },
    },
    store::sql,
};

use crate::world::{World, caller, context, context_of, name, working};

const M: &str = "mvnos/m01";
const PERSON: &str = "119999199003070019";

fn document_of(number: &str, name: &str) -> DocumentDraft {
    DocumentDraft {
        kind: Some(DocumentType::ResidentId),
        number: number.into(),
        name: name.into(),
        valid_to: "2036-01-01".to_owned(),
        ..DocumentDraft::default()
    }
}

fn document(number: &str) -> DocumentDraft {
    document_of(number, "某甲")
}

fn as_mvno(id: &str) -> Context {
    Context { reason: String::new(), ..context_of(caller(&format!("mvno/{id}"))) }
}

fn portal() -> Context {
    Context { reason: String::new(), ..context_of(caller("portal/people")) }
}

fn taken(channel: &OutletName, serial: &str) -> TakenDraft {
    TakenDraft {
        method: Some(CaptureMethod::Reader),
        reader_serial: serial.to_owned(),
        channel: channel.to_string(),
        ..TakenDraft::default()
    }
}

async fn verify(
    world: &World,
    draft: DocumentDraft,
    capture: Option<TakenDraft>,
) -> Result<Verified, Refusal> {
    world.gateway.verify_identity(&caller("mvno/m01"), draft, capture).await
}

async fn quota(world: &World, identity: &str, mvno: Option<&str>, of: Of) -> Result<Counted, Refusal> {
    world.gateway.check_card_quota(&caller(identity), mvno.map(name), of).await
}

/// `FORMAT`, or `FORMAT BAD_LENGTH` where it failed, `FORMAT -` where it was not checked.
fn ends(checks: &[Examined]) -> Vec<String> {
    let end = |one: &Examined| match one.outcome {
        CheckOutcome::Pass => one.check.to_string(),
        CheckOutcome::Fail => format!("{} {}", one.check, one.fault.expect("why").code),
        CheckOutcome::NotChecked => format!("{} -", one.check),
    };
    checks.iter().map(end).collect()
}

/// A hall of `mvnos/m01` with a reader.
async fn hall(world: &World) -> OutletName {
    let channel = hall_of(world, "m01").await;
    let bound = world.gateway.bind_reader(as_mvno("m01"), channel.clone(), "RD-0001".to_owned()).await;
    bound.expect("bound");
    channel
}

/// An own hall of that MVNO.
pub async fn hall_of(world: &World, id: &str) -> OutletName {
    let terms = ChannelDraft {
        kind: Some(ChannelKind::OwnHall),
        legal_name: "测试营业厅".into(),
        uscc: if id == "m01" { "92999999MA00TE5TX0" } else { "91999999MA00TE5T09" }.into(),
        plate_number: "P-1".to_owned(),
        trained_time: Some(world.now()),
        ..ChannelDraft::default()
    };
    let draft = Draft { name: None, mvno: None, terms, persons: Vec::new() };
    let made = world.gateway.authorise_channel(as_mvno(id), draft).await.expect("authorised");
    made.answer.outlet.name()
}

#[tokio::test]
async fn every_check_is_answered_whatever_it_says() {
    let world = World::compliant().await;
    let channel = hall(&world).await;
    let good = verify(&world, document(PERSON), Some(taken(&channel, "RD-0001"))).await.expect("answered");
    assert_eq!(
        ends(&good.checks),
        ["FORMAT", "CHECKSUM", "VALIDITY", "CHANNEL", "READER", "CAPTURE", "AUTHORITY"]
    );
    assert_eq!((good.authority, good.guardian_needed), (AuthorityMatch::Match, false));
    let token = good.token.expect("a token");

    world.authority.says(AuthorityMatch::Mismatch);
    let other = verify(&world, document_of(PERSON, "某乙"), None).await.expect("answered");
    assert_eq!(other.authority, AuthorityMatch::Mismatch);
    assert_eq!(
        ends(&other.checks),
        [
            "FORMAT",
            "CHECKSUM",
            "VALIDITY",
            "CHANNEL -",
            "READER -",
            "CAPTURE -",
            "AUTHORITY IDENTITY_MISMATCH"
        ]
    );
    assert_eq!(other.token, Some(token), "it stands for the number's holder");

    // Out of reach is never a match, and what is no document is not asked about.
    world.authority.says(AuthorityMatch::NotAvailable);
    let none = verify(&world, document("119999199003070027"), None).await.expect("answered");
    assert_eq!(none.authority, AuthorityMatch::NotAvailable);
    let last = none.checks.last().expect("the authority's");
    assert_eq!((last.check, last.outcome), (Check::Authority, CheckOutcome::NotChecked));
    let asked = world.authority.asked();
    for (number, format, checksum) in [
        ("119999199003070018", "FORMAT", "CHECKSUM BAD_CHECKSUM"),
        ("11999919900307001", "FORMAT BAD_LENGTH", "CHECKSUM -"),
    ] {
        let bad = verify(&world, document(number), None).await.expect("answered all the same");
        assert_eq!(ends(&bad.checks)[..2], [format, checksum]);
        assert_eq!((bad.checks.len(), bad.token), (Check::ALL.len(), None));
        assert_eq!(bad.authority, AuthorityMatch::NotAvailable);
    }
    assert_eq!(world.authority.asked(), asked);
    let expired = DocumentDraft { valid_to: "2026-02-28".to_owned(), ..document(PERSON) };
    let expired = verify(&world, expired, None).await.expect("answered");
    assert_eq!(ends(&expired.checks)[2], "VALIDITY EXPIRED");
    assert!(expired.token.is_some(), "the number is one");
    let child = verify(&world, document("519999201012310058"), None).await.expect("answered");
    assert!(child.guardian_needed);
}

#[tokio::test]
async fn where_it_was_taken_in_is_checked() {
    let world = World::compliant().await;
    world.join("mvnos/m02").await;
    let channel = hall(&world).await;
    let three = async |id: &str, capture: TakenDraft| {
        let caller = caller(&format!("mvno/{id}"));
        let found = world.gateway.verify_identity(&caller, document(PERSON), Some(capture)).await;
        ends(&found.expect("answered").checks[3..6])
    };
    assert_eq!(
        three("m01", taken(&channel, "RD-9999")).await,
        ["CHANNEL", "READER READER_NOT_BOUND", "CAPTURE"]
    );
    // To another MVNO the outlet is not there, and its reader is somebody's.
    let other = three("m02", taken(&channel, "RD-0001")).await;
    assert_eq!(other, ["CHANNEL CHANNEL_UNKNOWN", "READER READER_OF_ANOTHER", "CAPTURE -"]);
    let typed = TakenDraft {
        method: Some(CaptureMethod::Manual),
        reader_serial: String::new(),
        ..taken(&channel, "")
    };
    assert_eq!(three("m01", typed).await, ["CHANNEL", "READER -", "CAPTURE CAPTURE_FORBIDDEN"]);
    world.gateway.blacklist_channel(context(), Whom::Outlet(channel.clone()), None).await.expect("listed");
    assert_eq!(three("m01", taken(&channel, "RD-0001")).await[0], "CHANNEL CHANNEL_BLACKLISTED");

    let empty = TakenDraft::default();
    let refused = verify(&world, DocumentDraft::default(), Some(empty)).await.expect_err("nothing to check");
    let fields: Vec<&str> = refused.violations.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(fields, ["document.type", "capture.method", "capture.channel"]);
}

#[tokio::test]
async fn guessing_has_a_budget() {
    let world = World::compliant().await;
    world.authority.says(AuthorityMatch::Mismatch);
    for given in ["某甲", "某乙", "某丙", "某丁", "某戊"] {
        verify(&world, document_of(PERSON, given), None).await.expect("within the budget");
    }
    let asked = world.authority.asked();
    let refused = verify(&world, document_of(PERSON, "某己"), None).await.expect_err("too many names");
    assert_eq!(refused.reason, Reason::EnumerationSuspected);
    assert!(refused.retry_after.is_some_and(|after| after <= DAY));
    let counted = quota(&world, "mvno/m01", None, Of::Document(document_of(PERSON, "某庚"))).await;
    assert_eq!(counted.expect_err("nor by counting").reason, Reason::EnumerationSuspected);
    assert_eq!(world.authority.asked(), asked, "nothing was asked");
    // Another caller has a budget of its own, and this one has it back a day later.
    let other = world.gateway.verify_identity(&caller("mvno/m02"), document(PERSON), None).await;
    assert!(other.is_ok());
    world.pass(DAY).await;
    verify(&world, document(PERSON), None).await.expect("whole again");
}

/// A token stands for somebody without a line too, for the MVNO that was given it.
#[tokio::test]
async fn cards_are_counted_by_document_and_by_token() {
    let world = World::compliant().await;
    world.join("mvnos/m02").await;
    let by_document = quota(&world, "mvno/m01", None, Of::Document(document(PERSON))).await.expect("counted");
    assert_eq!(by_document.quota, Quota { limit: 5, in_use: 0, remaining: 5 });
    assert_eq!((by_document.elsewhere, by_document.code), (QuotaBucket::None, ""));
    let token = by_document.token.expect("its own").as_str().to_owned();
    let by_token = quota(&world, "mvno/m01", None, Of::Token(token.clone())).await.expect("counted");
    assert_eq!(by_token.quota, by_document.quota);
    let elsewhere = quota(&world, "mvno/m02", None, Of::Token(token.clone())).await.expect_err("of no use");
    assert_eq!(elsewhere.reason, Reason::InvalidFields);
    for made_up in ["0".repeat(64), "x".to_owned(), String::new()] {
        let refused = quota(&world, "mvno/m01", None, Of::Token(made_up)).await.expect_err("nobody's");
        assert_eq!(refused.violations[0].description, elsewhere.violations[0].description);
    }
    let auditor =
        quota(&world, "auditor/a1", Some(M), Of::Document(document(PERSON))).await.expect("counted");
    assert_eq!((auditor.quota, auditor.token), (by_document.quota, None));
    let of = || Of::Document(document(PERSON));
    assert_eq!(
        quota(&world, "mvno/m01", Some("mvnos/m02"), of()).await.expect_err("not its own").reason,
        Reason::NotYours
    );
    assert_eq!(
        quota(&world, "auditor/a1", None, of()).await.expect_err("of whom?").reason,
        Reason::InvalidFields
    );
    let nobody = quota(&world, "auditor/a1", Some("mvnos/nobody"), of()).await.expect_err("nobody");
    assert_eq!(nobody.reason, Reason::MvnoNotFound);

    // A node that did not give it out knows it too.
    let world = world.restart_after(Duration::from_secs(1)).await;
    quota(&world, "mvno/m01", None, Of::Token(token)).await.expect("kept");
}

#[tokio::test]
async fn a_restricted_person_has_nothing_left() {
    let world = World::compliant().await;
    let until = world.now().plus(DAY * 365);
    let by_police = || context_of(caller("police/mps/officer-1"));
    let restrict = async |context: Context, until| {
        world.gateway.restrict_person(context, document(PERSON), until).await.map(|done| done.answer)
    };
    let entered = restrict(by_police(), until).await.expect("restricted");
    assert_eq!((entered.until, entered.lifted), (until, None));
    assert_eq!(restrict(context(), until).await.expect_err("twice").reason, Reason::AlreadyRestricted);
    let counted = quota(&world, "mvno/m01", None, Of::Document(document(PERSON))).await.expect("counted");
    assert_eq!((counted.quota.remaining, counted.code), (0, "JOINT_PUNISHMENT"));

    let lift = async |context: Context| {
        world.gateway.lift_restriction(context, document(PERSON)).await.map(|done| done.answer)
    };
    let lifted = lift(by_police()).await.expect("police's own");
    assert_eq!((&lifted.id, lifted.lifted), (&entered.id, Some(world.now())));
    assert_eq!(lift(by_police()).await.expect_err("no more").reason, Reason::NotRestricted);
    let counted = quota(&world, "mvno/m01", None, Of::Document(document(PERSON))).await.expect("counted");
    assert_eq!((counted.quota.remaining, counted.code), (5, ""));

    restrict(context(), until).await.expect("restricted");
    assert_eq!(lift(by_police()).await.expect_err("a regulator's").reason, Reason::NotYours);
    lift(context()).await.expect("the regulator's own");
    restrict(by_police(), world.now().plus(DAY)).await.expect("restricted");
    lift(context()).await.expect("a regulator lifts any");
    restrict(by_police(), world.now().plus(DAY)).await.expect("restricted");
    world.pass(DAY).await;
    assert_eq!(lift(context()).await.expect_err("over by itself").reason, Reason::NotRestricted);

    let draft = DocumentDraft { name: "".into(), ..document("1") };
    let refused = world.gateway.restrict_person(context(), draft, world.now()).await.expect_err("faults");
    let fields: Vec<&str> = refused.violations.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(fields, ["until_time", "document.name", "document.number"]);
    let told =
        world.number("SELECT COUNT(*) FROM entry WHERE detail LIKE '%1199%' OR subject LIKE '%1199%'").await;
    assert_eq!(told, 0);
}

#[tokio::test]
async fn a_dispute_is_a_case_at_that_mvno() {
    let world = World::of(&[M, "mvnos/m02"]).await;
    let open = async |mvno: &str| {
        world.gateway.dispute_card(portal(), document(PERSON), name(mvno), 2).await.map(|done| done.answer)
    };
    let opened = open(M).await.expect("opened");
    assert_eq!((opened.state, opened.count), (DisputeState::Open, 2));
    assert_eq!(opened.due_time, world.now().plus(DAY * 2));
    assert_eq!(open("mvnos/nobody").await.expect_err("nobody").reason, Reason::MvnoNotFound);
    let token = quota(&world, "mvno/m01", None, Of::Document(document(PERSON))).await.expect("counted").token;
    assert_eq!(Some(opened.subject_token.as_str()), token.as_ref().map(|token| token.as_str()));

    let listed = async |id: &str, state| {
        let filter = Filter { mvno: None, state, page_size: 0, page_token: String::new() };
        let (found, _) =
            world.gateway.list_disputes(&caller(&format!("mvno/{id}")), filter).await.expect("listed");
        found.len()
    };
    assert_eq!((listed("m01", None).await, listed("m02", None).await), (1, 0));
    let answer = async |id: &str, outcome| {
        world.gateway.answer_dispute(as_mvno(id), opened.name(), outcome).await.map(|done| done.answer)
    };
    let closed = Some(DisputeOutcome::Closed);
    assert_eq!(answer("m02", closed).await.expect_err("hidden").reason, Reason::DisputeNotFound);
    let answered = answer("m01", closed).await.expect("answered");
    assert_eq!((answered.state, answered.outcome), (DisputeState::Answered, closed));
    assert_eq!(answer("m01", closed).await.expect_err("twice").reason, Reason::DisputeAnswered);
    assert_eq!(listed("m01", Some(DisputeState::Open)).await, 0);
}

/// Checks of persons are evidence as those of standings are.
#[tokio::test]
async fn checks_are_counted() {
    let world = World::compliant().await;
    for _ in 0..3 {
        verify(&world, document(PERSON), None).await.expect("answered");
    }
    quota(&world, "mvno/m01", None, Of::Document(document(PERSON))).await.expect("counted");
    world.gateway.list_my_cards(&caller("portal/people"), document(PERSON)).await.expect("listed");
    world.pass(Duration::from_secs(1)).await;
    let kept = async |asker: &'static str| {
        let read = world.store().read(working(move |tx| {
            Box::pin(async move { Ok(sql::check_count::list_of(tx, &name(asker)).await?) })
        }));
        let counts = read.await.expect("read");
        counts.into_iter().map(|count| (count.action, count.decision, count.n)).collect::<Vec<_>>()
    };
    let one = |action: &str, decision: &str, n| (action.to_owned(), decision.to_owned(), n);
    assert_eq!(kept(M).await, [one("CHECK_CARD_QUOTA", "SOME", 1), one("VERIFY_IDENTITY", "MATCH", 3)]);
    assert_eq!(kept("portals/people").await, [one("LIST_MY_CARDS", "ANSWERED", 1)]);
    // While they cannot be kept nobody is answered.
    world.clock.pass(Duration::from_secs(6));
    let refused = verify(&world, document(PERSON), None).await.expect_err("no evidence, no answer");
    assert_eq!(refused.reason, Reason::EvidenceUnavailable);
}

/// Registers a line of that person's at an MVNO, in its own hall.
async fn open(world: &World, id: &str, hall: &OutletName, msisdn: &str) -> Result<(), Refusal> {
    open_for(world, id, hall, PERSON, msisdn).await
}

/// The same for anybody.
pub async fn open_for(
    world: &World,
    id: &str,
    hall: &OutletName,
    person: &str,
    msisdn: &str,
) -> Result<(), Refusal> {
    let draft = registration::draft::Draft {
        msisdn: msisdn.into(),
        event: Some(RegistrationEvent::Open),
        individual: Some(document(person)),
        capture: TakenDraft { method: Some(CaptureMethod::OnlineCheck), ..taken(hall, "") },
        ..registration::draft::Draft::default()
    };
    world.gateway.register(as_mvno(id), draft).await.map(drop)
}

/// What is counted, matched and sold, with lines that are there.
async fn lines_are_counted_and_matched(world: World) {
    for (id, block) in [("m01", "1710001"), ("m02", "1710002")] {
        let mvno = format!("mvnos/{id}");
        world.join(&mvno).await;
        world.make_compliant(&mvno).await;
        let block = Prefix::parse(block).expect("a block");
        world.gateway.allocate_numbers(context(), name(&mvno), block).await.expect("allocated");
    }
    let (here, there) = (hall_of(&world, "m01").await, hall_of(&world, "m02").await);
    for msisdn in ["17100010001", "17100010002"] {
        open(&world, "m01", &here, msisdn).await.expect("registered");
    }
    open(&world, "m02", &there, "17100020001").await.expect("registered");

    let counted = quota(&world, "mvno/m01", None, Of::Document(document(PERSON))).await.expect("counted");
    assert_eq!(counted.quota, Quota { limit: 5, in_use: 2, remaining: 3 });
    assert_eq!(counted.elsewhere, QuotaBucket::OneToFour);
    let cards =
        world.gateway.list_my_cards(&caller("portal/people"), document(PERSON)).await.expect("listed");
    let cards: Vec<_> = cards.into_iter().map(|card| (card.mvno.to_string(), card.lines)).collect();
    assert_eq!(cards, [("mvnos/m01".to_owned(), 2), ("mvnos/m02".to_owned(), 1)]);
    let none = world.gateway.list_my_cards(&caller("portal/people"), document("119999199003070027")).await;
    assert!(none.expect("listed").is_empty());
    let shown =
        world.gateway.channel(&caller("regulator/miit/officer-1"), here.clone()).await.expect("shown");
    assert_eq!(shown.live_lines, 2);
    let filter = list_channels::Filter { mvno: None, state: None, page_size: 0, page_token: String::new() };
    let (listed, _) = world.gateway.list_channels(&caller("auditor/a1"), filter).await.expect("listed");
    assert_eq!(listed.iter().map(|shown| shown.live_lines).collect::<Vec<_>>(), [2, 1]);

    use AuthorityMatch::{Match, Mismatch, NotAvailable};
    let matched = async |id: &str, msisdn: &str, draft: DocumentDraft| {
        let caller = caller(&format!("mvno/{id}"));
        let found = world.gateway.match_identity(&caller, msisdn.into(), draft).await.expect("answered");
        (found.number, found.name)
    };
    assert_eq!(matched("m01", "17100010001", document(PERSON)).await, (Match, Match));
    assert_eq!(matched("m01", "+86 171-0001-0001", document_of(PERSON, "某乙")).await, (Match, Mismatch));
    let another = document_of("119999199003070027", "某甲");
    assert_eq!(matched("m01", "17100010001", another).await, (Mismatch, Match));
    // Another's line and no line at all are told apart by nothing.
    for msisdn in ["17100020001", "17100020009", "17100010009"] {
        assert_eq!(matched("m01", msisdn, document(PERSON)).await, (NotAvailable, NotAvailable));
    }
    for at in 0..2 {
        matched("m01", "17100010001", document_of("11999919900307006X", &"某".repeat(at + 2))).await;
    }
    let last = document_of("11999919900307006X", "某某某某");
    let refused = world.gateway.match_identity(&caller("mvno/m01"), "17100010001".into(), last).await;
    assert_eq!(refused.expect_err("too many tries on one line").reason, Reason::EnumerationSuspected);

    let until = world.now().plus(DAY);
    world.gateway.restrict_person(context(), document(PERSON), until).await.expect("restricted");
    let refused = open(&world, "m02", &there, "17100020002").await.expect_err("no new line");
    assert_eq!(refused.reason, Reason::JointPunishment);
    world.gateway.blacklist_channel(context(), Whom::Outlet(here.clone()), None).await.expect("listed");
    let refused = open(&world, "m01", &here, "17100010003").await.expect_err("nor by this outlet");
    assert_eq!(refused.reason, Reason::ChannelRefused);
}

#[tokio::test]
async fn lines_are_counted_and_matched_on_sqlite() {
    lines_are_counted_and_matched(World::empty().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_are_counted_and_matched_on_postgresql() {
    lines_are_counted_and_matched(World::postgres().await).await;
}
