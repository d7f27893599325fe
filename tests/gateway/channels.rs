//! Outlets: authorised by the standing, known by their own MVNO alone, and blacklisted for all.

use std::sync::Arc;

use greenlane::{
    domain::{
        channel::{ChannelDraft, ChannelKind, ChannelState, outlet::OutletName},
        document::{DocumentDraft, DocumentType},
        fact::FindingSeverity,
        refusal::{Reason, Refusal},
        standing::Standing,
        time::DAY,
    },
    service::{
        channels::{
            Shown,
            authorise_channel::{Draft, PersonDraft},
            blacklist_channel::Whom,
            list_channels::Filter,
        },
        context::Context,
    },
};
use tokio::task::JoinSet;

use crate::world::{World, caller, context, context_of, name, outlets};

const M: &str = "mvnos/m01";
const PERSON: &str = "119999199003070019";
const ANOTHER: &str = "119999199003070027";

fn as_mvno(id: &str) -> Context {
    Context { reason: String::new(), ..context_of(caller(&format!("mvno/{id}"))) }
}

fn document(number: &str) -> DocumentDraft {
    DocumentDraft {
        kind: Some(DocumentType::ResidentId),
        number: number.into(),
        name: "某甲".into(),
        ..DocumentDraft::default()
    }
}

/// A shop of an agent, with an agreement and trained people.
fn shop(world: &World) -> Draft {
    let now = world.now();
    Draft {
        name: None,
        mvno: None,
        terms: ChannelDraft {
            kind: Some(ChannelKind::PhysicalAgent),
            legal_name: "测试通讯店".into(),
            uscc: "92999999MA00TE5TX0".into(),
            uscc_compared: false,
            plate_number: "P-1".to_owned(),
            parent: String::new(),
            trained_time: Some(now.minus(DAY)),
            agreement_number: "A-1".to_owned(),
            agreement_end: Some(now.plus(DAY * 365)),
        },
        persons: Vec::new(),
    }
}

fn staffed(world: &World, numbers: &[&str]) -> Draft {
    let persons = numbers
        .iter()
        .enumerate()
        .map(|(at, number)| PersonDraft { operator_id: format!("clerk-{at}"), document: document(number) });
    Draft { persons: persons.collect(), ..shop(world) }
}

async fn authorise(world: &World, id: &str, draft: Draft) -> Result<Shown, Refusal> {
    world.gateway.authorise_channel(as_mvno(id), draft).await.map(|done| done.answer)
}

async fn bind(world: &World, id: &str, channel: OutletName, serial: &str) -> Result<Shown, Refusal> {
    let bound = world.gateway.bind_reader(as_mvno(id), channel, serial.to_owned()).await;
    bound.map(|done| done.answer)
}

async fn two(world: World) -> World {
    for mvno in [M, "mvnos/m02"] {
        world.join(mvno).await;
        world.make_compliant(mvno).await;
    }
    world
}

fn fields(refusal: &Refusal) -> Vec<String> {
    refusal
        .violations
        .iter()
        .map(|fault| {
            let code = fault.description.split(':').next().expect("a code");
            format!("{} {code}", fault.field)
        })
        .collect()
}

#[tokio::test]
async fn an_outlet_is_authorised_suspended_and_taken_back() {
    let world = World::compliant().await;
    let made = authorise(&world, "m01", staffed(&world, &[PERSON])).await.expect("authorised");
    assert_eq!((made.outlet.state, &made.outlet.mvno), (ChannelState::Authorised, &name(M)));
    assert_eq!((made.operator_ids.as_slice(), made.live_lines), (&["clerk-0".to_owned()][..], 0));
    let channel = made.outlet.name();
    let bound = bind(&world, "m01", channel.clone(), "rd-000001").await.expect("bound");
    assert_eq!(bound.reader_serials, ["RD-000001"]);
    assert_eq!(
        bind(&world, "m01", channel.clone(), "RD-000001").await.expect("again").reader_serials.len(),
        1
    );

    let suspended = world.gateway.suspend_channel(as_mvno("m01"), channel.clone()).await.expect("suspended");
    assert_eq!(suspended.answer.outlet.state, ChannelState::Suspended);
    let twice = world.gateway.suspend_channel(as_mvno("m01"), channel.clone()).await.expect_err("twice");
    assert_eq!(twice.reason, Reason::ChannelState);
    world.pass(DAY).await;
    let again = Draft { name: Some(channel.clone()), ..staffed(&world, &[ANOTHER, PERSON]) };
    let back = authorise(&world, "m01", again).await.expect("taken back");
    assert_eq!((back.outlet.state, back.outlet.name()), (ChannelState::Authorised, channel.clone()));
    assert_eq!((back.operator_ids.len(), back.reader_serials.len()), (2, 1));
    let read = world.gateway.channel(&caller("mvno/m01"), channel).await.expect("shown");
    assert_eq!(read.outlet, back.outlet);
    // Neither the person's number nor the name is anywhere in the record.
    let kept =
        world.number("SELECT COUNT(*) FROM entry WHERE detail LIKE '%1199%' OR detail LIKE '%某%'").await;
    assert_eq!(kept, 0);
}

#[tokio::test]
async fn every_fault_is_told_at_once() {
    let world = World::compliant().await;
    let before = world.rows().await;
    let good = staffed(&world, &[PERSON, "119999199003070018"]);
    let bad = Draft {
        terms: ChannelDraft {
            parent: "mvnos/m01/channels/1".to_owned(),
            uscc: "91999999MA00TE5T00".into(),
            plate_number: String::new(),
            agreement_end: Some(world.now()),
            ..good.terms.clone()
        },
        ..good
    };
    let refused = authorise(&world, "m01", bad).await.expect_err("refused");
    assert_eq!(
        fields(&refused),
        [
            "channel.uscc BAD_CHECKSUM",
            "channel.plate_number PLATE_REQUIRED",
            "channel.parent SUB_DELEGATION",
            "channel.agreement.valid_to_time AGREEMENT_EXPIRED",
            "channel.persons[1].document.number BAD_CHECKSUM",
        ]
    );
    let twice = Draft {
        persons: staffed(&world, &[PERSON, ANOTHER])
            .persons
            .into_iter()
            .map(|person| PersonDraft { operator_id: "clerk".to_owned(), ..person })
            .collect(),
        ..shop(&world)
    };
    let refused = authorise(&world, "m01", twice).await.expect_err("refused");
    assert_eq!(fields(&refused), ["channel.persons[1].operator_id SAME_PERSON"]);
    let of_another = Draft { mvno: Some(name("mvnos/m02")), ..shop(&world) };
    assert_eq!(authorise(&world, "m01", of_another).await.expect_err("not its own").reason, Reason::NotYours);
    assert_eq!(world.rows().await, before);
}

/// Ruling 26: ONBOARD_CHANNEL in the act's own transaction; CONDITIONAL asks for training beforehand.
#[tokio::test]
async fn the_standing_decides() {
    let world = World::compliant().await;
    let untrained = |world: &World| {
        let draft = shop(world);
        Draft { terms: ChannelDraft { trained_time: None, ..draft.terms.clone() }, ..draft }
    };
    let early = authorise(&world, "m01", untrained(&world)).await.expect("trained later");
    assert_eq!(early.outlet.trained_time, None);
    world.inspect(outlets(M, 100, 10, world.now())).await;
    assert_eq!(world.standing(M).await, Standing::Watch);
    let refused = authorise(&world, "m01", untrained(&world)).await.expect_err("training first");
    assert_eq!(fields(&refused), ["channel.trained_time TRAINING_MISSING"]);
    authorise(&world, "m01", shop(&world)).await.expect("trained");
    world.open(M, FindingSeverity::Severe).await;
    let before = world.rows().await;
    let refused = authorise(&world, "m01", shop(&world)).await.expect_err("denied");
    assert_eq!(refused.reason, Reason::StandingDenies);
    assert!(!refused.decided.expect("the decision goes along").reasons.is_empty());
    assert_eq!(world.rows().await, before);
    // What is authorised can be suspended at every standing.
    let channel = early.outlet.name();
    world.gateway.suspend_channel(as_mvno("m01"), channel).await.expect("suspended");
}

#[tokio::test]
async fn to_others_an_outlet_is_not_there() {
    let world = two(World::empty().await).await;
    let made = authorise(&world, "m01", shop(&world)).await.expect("authorised");
    let channel = made.outlet.name();
    let nowhere = OutletName { mvno: name("mvnos/m02"), id: "0199".to_owned() };
    let renamed = OutletName { mvno: name("mvnos/m02"), id: channel.id.clone() };
    for hidden in [channel.clone(), nowhere, renamed] {
        let read = world.gateway.channel(&caller("mvno/m02"), hidden.clone()).await.expect_err("hidden");
        let bound = bind(&world, "m02", hidden.clone(), "RD-0002").await.expect_err("hidden");
        let draft = Draft { name: Some(hidden.clone()), ..shop(&world) };
        let taken = authorise(&world, "m02", draft).await.expect_err("hidden");
        let stopped = world.gateway.suspend_channel(as_mvno("m02"), hidden).await.expect_err("hidden");
        for refused in [read, bound, taken, stopped] {
            assert_eq!(refused.reason, Reason::ChannelNotFound);
        }
    }
    let filter = |mvno: Option<&str>| Filter {
        mvno: mvno.map(name),
        state: None,
        page_size: 0,
        page_token: String::new(),
    };
    let count = async |identity: &str, mvno: Option<&str>| {
        let listed = world.gateway.list_channels(&caller(identity), filter(mvno)).await;
        listed.map(|(outlets, _)| outlets.len()).map_err(|refusal| refusal.reason)
    };
    assert_eq!(count("mvno/m01", None).await, Ok(1));
    assert_eq!(count("mvno/m02", None).await, Ok(0));
    assert_eq!(count("mvno/m02", Some(M)).await, Err(Reason::NotYours));
    assert_eq!(count("auditor/a1", None).await, Ok(1));
    assert_eq!(count("regulator/miit/officer-1", Some(M)).await, Ok(1));
    world.gateway.channel(&caller("auditor/a1"), channel).await.expect("an auditor sees it");
}

#[tokio::test]
async fn lists_go_page_by_page() {
    let world = World::compliant().await;
    for _ in 0..5 {
        authorise(&world, "m01", shop(&world)).await.expect("authorised");
    }
    let (mut token, mut seen) = (String::new(), Vec::new());
    loop {
        let filter =
            Filter { mvno: None, state: Some(ChannelState::Authorised), page_size: 2, page_token: token };
        let (page, next) = world.gateway.list_channels(&caller("mvno/m01"), filter).await.expect("listed");
        seen.extend(page.into_iter().map(|shown| shown.outlet.id));
        token = next;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(seen.len(), 5);
    assert!(seen.is_sorted());
}

/// An outlet is known again by its code and a person by the document, wherever they sell.
#[tokio::test]
async fn the_blacklist_is_everybodys() {
    let world = two(World::empty().await).await;
    let made = authorise(&world, "m01", staffed(&world, &[PERSON])).await.expect("authorised");
    let other = authorise(&world, "m02", shop(&world)).await.expect("the same unit elsewhere");
    let (channel, other) = (made.outlet.name(), other.outlet.name());
    let list = async |whom: Whom| world.gateway.blacklist_channel(context(), whom, None).await;
    let listed = list(Whom::Outlet(channel.clone())).await.expect("listed").answer;
    assert_eq!(listed.channel.as_deref(), Some(&*channel.to_string()));
    for (id, name) in [("m01", &channel), ("m02", &other)] {
        let shown = world.gateway.channel(&caller("auditor/a1"), name.clone()).await.expect("shown");
        assert_eq!(shown.outlet.state, ChannelState::Blacklisted);
        let back = Draft { name: Some(name.clone()), ..shop(&world) };
        assert_eq!(authorise(&world, id, back).await.expect_err("never").reason, Reason::ChannelBlacklisted);
        let anew = authorise(&world, id, shop(&world)).await.expect_err("nor anew");
        assert_eq!(anew.reason, Reason::ChannelBlacklisted);
        assert_eq!(
            bind(&world, id, name.clone(), "RD-0003").await.expect_err("no reader").reason,
            Reason::ChannelBlacklisted
        );
    }
    assert_eq!(list(Whom::Outlet(channel)).await.expect_err("twice").reason, Reason::ChannelBlacklisted);

    list(Whom::Person(document(ANOTHER))).await.expect("listed");
    let elsewhere = |numbers: &[&str]| {
        let draft = staffed(&world, numbers);
        let terms = ChannelDraft { uscc: "91999999MA00TE5T09".into(), ..draft.terms.clone() };
        Draft { terms, ..draft }
    };
    let refused = authorise(&world, "m02", elsewhere(&[PERSON, ANOTHER])).await.expect_err("listed");
    assert_eq!(refused.reason, Reason::ChannelBlacklisted);
    assert!(refused.metadata.contains(&("code", "PERSON_BLACKLISTED".to_owned())));
    assert!(refused.metadata.contains(&("operator_id", "clerk-1".to_owned())));
    authorise(&world, "m02", elsewhere(&[PERSON])).await.expect("the other one may");
    let hasty = Context { reason: String::new(), ..context() };
    let refused = world.gateway.blacklist_channel(hasty, Whom::Person(document("1")), None).await;
    assert_eq!(fields(&refused.expect_err("faults")), ["reason BAD_LENGTH", "person.number BAD_LENGTH"]);
}

#[tokio::test]
async fn a_listing_ends() {
    let world = World::compliant().await;
    let until = Some(world.now().plus(DAY));
    let whom = Whom::Person(document(PERSON));
    world.gateway.blacklist_channel(context(), whom, until).await.expect("listed");
    let refused = authorise(&world, "m01", staffed(&world, &[PERSON])).await.expect_err("listed");
    assert_eq!(refused.reason, Reason::ChannelBlacklisted);
    world.pass(DAY).await;
    authorise(&world, "m01", staffed(&world, &[PERSON])).await.expect("not any more");
}

/// Of two outlets that bind a reader at once exactly one has it.
async fn bound_at_once(world: World) {
    let world = Arc::new(two(world).await);
    for round in 0..5 {
        let serial = format!("RD-{round:06}");
        let mut binding = JoinSet::new();
        for id in ["m01", "m02", "m01", "m02"] {
            let made = authorise(&world, id, shop(&world)).await.expect("authorised");
            let (world, serial) = (world.clone(), serial.clone());
            binding.spawn(async move { bind(&world, id, made.outlet.name(), &serial).await });
        }
        let (won, lost): (Vec<_>, Vec<_>) = binding.join_all().await.into_iter().partition(Result::is_ok);
        assert_eq!(won.len(), 1);
        assert!(
            lost.iter().all(|lost| lost.as_ref().is_err_and(|refusal| refusal.reason == Reason::ReaderTaken))
        );
    }
}

/// Whatever comes first: in the end no outlet of a listed unit is authorised, and no listed person works at a new one.
async fn listed_while_authorised(world: World) {
    let world = Arc::new(two(world).await);
    let made = authorise(&world, "m01", shop(&world)).await.expect("authorised").outlet.name();
    let mut racing = JoinSet::new();
    for id in ["m01", "m02", "m01", "m02", "m01", "m02"] {
        let world = world.clone();
        racing.spawn(async move { authorise(&world, id, shop(&world)).await.map(drop) });
    }
    let listing = world.clone();
    racing.spawn(async move {
        listing.gateway.blacklist_channel(context(), Whom::Outlet(made), None).await.map(drop)
    });
    let ended = racing.join_all().await;
    let refused = ended.iter().filter_map(|ended| ended.as_ref().err());
    assert!(refused.clone().all(|refusal| refusal.reason == Reason::ChannelBlacklisted), "{ended:?}");
    assert_eq!(world.number("SELECT COUNT(*) FROM channel WHERE state <> 'BLACKLISTED'").await, 0);
    let listed = i64::try_from(7 - refused.count()).expect("few");
    assert_eq!(world.number("SELECT COUNT(*) FROM channel").await, listed);
}

#[tokio::test]
async fn a_reader_is_one_outlets() {
    bound_at_once(World::empty().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_is_one_outlets_on_postgresql() {
    bound_at_once(World::postgres().await).await;
}

#[tokio::test]
async fn the_blacklist_wins() {
    listed_while_authorised(World::empty().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_blacklist_wins_on_postgresql() {
    listed_while_authorised(World::postgres().await).await;
}
