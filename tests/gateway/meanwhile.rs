//! What must not slip in between: a line of a person who is being restricted, and who was nobody's subscriber before; a
//! line in a block that is being returned; a line by a reader that is being unbound.

use std::sync::Arc;

use greenlane::domain::{
    capture::CaptureMethod,
    channel::outlet::OutletName,
    document::{DocumentDraft, DocumentType},
    number::Prefix,
    refusal::{Reason, Refusal},
    registration::{
        RegistrationEvent,
        draft::{Draft, TakenDraft},
    },
    time::DAY,
};
use tokio::{
    sync::{Notify, oneshot},
    task::JoinHandle,
};

use crate::{
    identity::{hall_of, open_for},
    registrations::as_mvno,
    world::{World, context, name, working},
};

/// Rounds of each race.
const ROUNDS: u32 = 12;
const ID: &str = "m01";

/// Somebody of a region that is none.
pub fn somebody(nth: u32) -> String {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let number = format!("11999919900307{nth:03}");
    let digits = number.bytes().map(|digit| u32::from(digit - b'0'));
    let sum: u32 = digits.zip(WEIGHTS).map(|(digit, weight)| digit * weight).sum();
    format!("{number}{}", char::from(b"10X98765432"[sum as usize % 11]))
}

fn document(number: &str) -> DocumentDraft {
    DocumentDraft {
        kind: Some(DocumentType::ResidentId),
        number: number.into(),
        name: "某甲".into(),
        valid_to: "2036-01-01".to_owned(),
        ..DocumentDraft::default()
    }
}

/// `mvnos/m01`, compliant, with a block and a hall.
pub async fn selling(world: &World) -> OutletName {
    world.join("mvnos/m01").await;
    world.make_compliant("mvnos/m01").await;
    allocate(world, "1710001").await;
    hall_of(world, ID).await
}

async fn allocate(world: &World, block: &str) {
    let block = Prefix::parse(block).expect("a block");
    world.gateway.allocate_numbers(context(), name("mvnos/m01"), block).await.expect("allocated");
}

async fn restrict(world: &World, person: &str) -> Result<(), Refusal> {
    let until = world.now().plus(DAY);
    world.gateway.restrict_person(context(), document(person), until).await.map(drop)
}

async fn give_back(world: &World, block: &str) -> Result<(), Refusal> {
    let block = Prefix::parse(block).expect("a block");
    world.gateway.return_numbers(context(), name("mvnos/m01"), block).await.map(drop)
}

const LIVE: &str = "SELECT COUNT(*) FROM line WHERE end_time IS NULL";

/// Lines of a new person, while that person is restricted: what there is at the answer is all that there ever is.
async fn nobody_is_enrolled_after(nodes: [World; 2]) {
    let hall = selling(&nodes[0]).await;
    let mut opened = 0;
    for round in 0..ROUNDS {
        let (person, hall) = (&somebody(round), &hall);
        let open = async |node: usize, n: u32| {
            let msisdn = format!("1710001{:04}", round * 2 + n);
            open_for(&nodes[node], ID, hall, person, &msisdn).await
        };
        let restricted = async {
            restrict(&nodes[0], person).await.expect("restricted");
            nodes[0].number(LIVE).await
        };
        let (first, then, second) = tokio::join!(open(1, 0), restricted, open(0, 1));
        assert_eq!(nodes[0].number(LIVE).await, then, "round {round}");
        for ended in [first, second] {
            match ended {
                Ok(()) => opened += 1,
                Err(refusal) => assert_eq!(refusal.reason, Reason::JointPunishment, "{refusal}"),
            }
        }
        assert_eq!(then, opened);
    }
}

#[tokio::test]
async fn nobody_is_enrolled_after_a_restriction() {
    let world = World::empty().await;
    nobody_is_enrolled_after([world.clone(), world]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_enrolled_after_a_restriction_on_two_nodes() {
    let world = World::postgres().await;
    let beside = world.beside().await;
    nobody_is_enrolled_after([world, beside]).await;
}

/// A block that is returned while numbers of it are registered: one or the other.
async fn no_line_in_a_returned_block(nodes: [World; 2]) {
    let hall = selling(&nodes[0]).await;
    for round in 0..ROUNDS {
        let block = format!("171{:04}", 100 + round);
        allocate(&nodes[0], &block).await;
        let (person, msisdn) = (somebody(round), format!("{block}0001"));
        let (returned, opened) = tokio::join!(
            give_back(&nodes[round as usize % 2], &block),
            open_for(&nodes[0], ID, &hall, &person, &msisdn)
        );
        match (returned, opened) {
            (Ok(()), Err(refused)) => assert_eq!(refused.reason, Reason::NumberNotAllocated, "{refused}"),
            (Err(refused), Ok(())) => {
                assert_eq!(refused.reason, Reason::BlockInUse, "{refused}");
                assert!(refused.metadata.contains(&("live_lines", "1".to_owned())), "{:?}", refused.metadata);
                assert!(refused.message.contains("CloseLine"), "{}", refused.message);
            }
            other => panic!("both or none: {other:?}"),
        }
    }
    let stray = "SELECT COUNT(*) FROM line WHERE end_time IS NULL AND block NOT IN
                   (SELECT prefix FROM allocation WHERE return_time IS NULL)";
    assert_eq!(nodes[0].number(stray).await, 0);
}

#[tokio::test]
async fn no_line_is_in_a_returned_block() {
    let world = World::empty().await;
    no_line_in_a_returned_block([world.clone(), world]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_line_is_in_a_returned_block_on_two_nodes() {
    let world = World::postgres().await;
    let beside = world.beside().await;
    no_line_in_a_returned_block([world, beside]).await;
}

/// A block goes back once its last line has ended; a node without a vault counts as well.
#[tokio::test]
async fn a_block_is_returned_empty() {
    let world = World::empty().await;
    let hall = selling(&world).await;
    for nth in 0..3 {
        open_for(&world, ID, &hall, &somebody(nth), &format!("1710001{nth:04}")).await.expect("opened");
    }
    allocate(&world, "1710002").await;
    give_back(&world, "1710002").await.expect("nobody is in it");
    let bare = world.without_vault();
    let me = crate::world::caller("mvno/m01");
    for left in [3, 2, 1] {
        for node in [&world, &bare] {
            let refused = give_back(node, "1710001").await.expect_err("in use");
            assert_eq!(refused.reason, Reason::BlockInUse);
            assert!(refused.metadata.contains(&("live_lines", left.to_string())), "{:?}", refused.metadata);
        }
        let filter = greenlane::service::registrations::Filter {
            mvno: None,
            subject_token: String::new(),
            channel: String::new(),
            state: None,
            line_state: Some(greenlane::domain::line::LineState::Active),
            page_size: 1,
            page_token: String::new(),
        };
        let (listed, _) = world.gateway.list_registrations(&me, filter).await.expect("listed");
        let live = format!("mvnos/m01/registrations/{}", listed.first().expect("a live one").line.id);
        world.gateway.close_line(as_mvno(ID), &live).await.expect("closed");
    }
    give_back(&bare, "1710001").await.expect("empty");
}

/// Whoever holds a table so that others read it and do not write to it, until told to let go.
struct Held {
    let_go: Arc<Notify>,
    holding: JoinHandle<()>,
}

impl Held {
    async fn table(world: &World, lock: &'static str) -> Self {
        let (store, let_go) = (world.store().clone(), Arc::new(Notify::new()));
        let (told, held) = oneshot::channel();
        let (told, until) = (Arc::new(std::sync::Mutex::new(Some(told))), let_go.clone());
        let holding = tokio::spawn(async move {
            let held = store.write(working(move |tx| {
                let (told, until) = (told.clone(), until.clone());
                Box::pin(async move {
                    tx.execute(lock, &[]).await?;
                    if let Some(told) = told.lock().expect("short").take() {
                        told.send(()).expect("somebody waits");
                    }
                    until.notified().await;
                    Ok(())
                })
            }));
            held.await.expect("held");
        });
        held.await.expect("the table is held");
        Self { let_go, holding }
    }

    async fn end(self) {
        self.let_go.notify_one();
        self.holding.await.expect("let go");
    }
}

/// Until so many sessions wait for a lock.
async fn waiting(world: &World, many: i64) {
    const WAITING: &str = "SELECT COUNT(*) FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while world.number(WAITING).await < many {
        tokio::task::yield_now().await;
    }
}

/// Until it is over.
async fn ended<T>(task: &JoinHandle<T>) {
    while !task.is_finished() {
        tokio::task::yield_now().await;
    }
}

/// Two things at once, the first stopped halfway, at the table that is held: the second waits for it.
pub async fn one_after_the_other<A, B>(
    world: &World,
    lock: &'static str,
    first: A,
    second: B,
) -> (A::Output, B::Output)
where
    A: Future<Output: Send> + Send + 'static,
    B: Future<Output: Send> + Send + 'static,
{
    let held = Held::table(world, lock).await;
    let first = tokio::spawn(first);
    tokio::select! {
        () = waiting(world, 1) => {}
        () = ended(&first) => panic!("it did not come to the table"),
    }
    let second = tokio::spawn(second);
    tokio::select! {
        () = waiting(world, 2) => {}
        () = ended(&second) => panic!("it did not wait"),
    }
    held.end().await;
    (first.await.expect("ended"), second.await.expect("ended"))
}

pub const LINES: &str = "LOCK TABLE line IN SHARE MODE";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restriction_waits_for_an_enrolment_and_an_enrolment_for_a_restriction() {
    let world = World::postgres().await;
    let beside = world.beside().await;
    let hall = selling(&world).await;
    let open = |nth: u32| {
        let (world, hall) = (world.clone(), hall.clone());
        async move { open_for(&world, ID, &hall, &somebody(nth), &format!("1710001{nth:04}")).await }
    };
    let restrict = |nth: u32| {
        let beside = beside.clone();
        async move { restrict(&beside, &somebody(nth)).await }
    };
    let (opened, restricted) = one_after_the_other(&world, LINES, open(1), restrict(1)).await;
    opened.expect("before");
    restricted.expect("after");
    let restrictions = "LOCK TABLE person_restriction IN SHARE MODE";
    let (restricted, opened) = one_after_the_other(&world, restrictions, restrict(2), open(2)).await;
    restricted.expect("before");
    assert_eq!(opened.expect_err("after").reason, Reason::JointPunishment);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_return_waits_for_a_registration_and_a_registration_for_a_return() {
    let world = World::postgres().await;
    let beside = world.beside().await;
    let hall = selling(&world).await;
    allocate(&world, "1710002").await;
    let open = |msisdn: &'static str| {
        let (world, hall) = (world.clone(), hall.clone());
        async move { open_for(&world, ID, &hall, &somebody(3), msisdn).await }
    };
    let give_back = |block: &'static str| {
        let beside = beside.clone();
        async move { give_back(&beside, block).await }
    };
    let (opened, returned) =
        one_after_the_other(&world, LINES, open("17100010001"), give_back("1710001")).await;
    opened.expect("before");
    assert_eq!(returned.expect_err("after").reason, Reason::BlockInUse);
    let allocations = "LOCK TABLE allocation IN SHARE MODE";
    let (returned, opened) =
        one_after_the_other(&world, allocations, give_back("1710002"), open("17100020001")).await;
    returned.expect("before");
    assert_eq!(opened.expect_err("after").reason, Reason::NumberNotAllocated);
}

/// A line by the reader of a hall.
async fn read(world: &World, hall: &OutletName, nth: u32) -> Result<(), Refusal> {
    let capture = TakenDraft {
        method: Some(CaptureMethod::Reader),
        reader_serial: "RD-0077".to_owned(),
        channel: hall.to_string(),
        ..TakenDraft::default()
    };
    let draft = Draft {
        msisdn: format!("1710001{nth:04}").as_str().into(),
        event: Some(RegistrationEvent::Open),
        individual: Some(document(&somebody(nth))),
        capture,
        ..Draft::default()
    };
    world.gateway.register(as_mvno(ID), draft).await.map(drop)
}

/// A reader moves: what is registered by it at its old outlet is so before the answer, or not at all.
async fn a_reader_moves(nodes: [World; 2]) {
    let (hall, other) = (selling(&nodes[0]).await, hall_of(&nodes[0], ID).await);
    let bind = async |to: &OutletName| {
        nodes[0].gateway.bind_reader(as_mvno(ID), to.clone(), "RD-0077".to_owned()).await
    };
    let unbind = async |from: &OutletName| {
        nodes[1].gateway.unbind_reader(as_mvno(ID), from.clone(), "rd-0077".to_owned()).await
    };
    bind(&hall).await.expect("bound");
    assert_eq!(bind(&other).await.expect_err("bound elsewhere").reason, Reason::ReaderTaken);
    assert_eq!(unbind(&other).await.expect_err("not here").reason, Reason::ReaderNotBound);
    let unbound = async {
        let unbound = unbind(&hall).await.expect("unbound");
        assert!(unbound.answer.reader_serials.is_empty());
        nodes[0].number(LIVE).await
    };
    let (first, then, second) = tokio::join!(read(&nodes[0], &hall, 1), unbound, read(&nodes[1], &hall, 2));
    assert_eq!(nodes[0].number(LIVE).await, then);
    for refused in [first, second].into_iter().filter_map(Result::err) {
        assert_eq!(refused.reason, Reason::ChannelRefused);
    }
    assert_eq!(read(&nodes[0], &hall, 3).await.expect_err("unbound").reason, Reason::ChannelRefused);
    assert_eq!(unbind(&hall).await.expect_err("no more").reason, Reason::ReaderNotBound);
    bind(&other).await.expect("it is free");
    read(&nodes[1], &other, 4).await.expect("at its new outlet");
    let entered = "SELECT COUNT(*) FROM entry WHERE kind = 'ACT' AND detail = '{\"reader\":\"RD-0077\"}'";
    assert_eq!(nodes[0].number(entered).await, 1);
    // To another MVNO the outlet is not there.
    nodes[0].join("mvnos/m02").await;
    let theirs = nodes[0].gateway.unbind_reader(as_mvno("m02"), other, "RD-0077".to_owned()).await;
    assert_eq!(theirs.expect_err("another's").reason, Reason::ChannelNotFound);
}

#[tokio::test]
async fn a_reader_moves_to_another_outlet() {
    let world = World::empty().await;
    a_reader_moves([world.clone(), world]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_moves_to_another_outlet_on_two_nodes() {
    let world = World::postgres().await;
    let beside = world.beside().await;
    a_reader_moves([world, beside]).await;
}
