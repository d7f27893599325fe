//! A large order to many receivers at once: every number gets there, is done and read, and at every moment the counts sum
//! to the order. `NUMBERS` says how large. The control counts each state at a moment of its own, and does not sum.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use greenlane::{
    domain::{
        shutdown::{NumberState, OrderState},
        time::Clock,
    },
    store::sql,
};
use tokio::task::JoinHandle;

use crate::{
    orders::{Shut, counts, order, shut},
    receiver::{Receiver, Told},
    support::figure::asked,
    world::{World, working},
};

const MVNOS: usize = 42;
const CARRIERS: [&str; 3] = ["carriers/telecom", "carriers/mobile", "carriers/unicom"];

/// Takes and does whatever comes until the order has ended.
async fn work(world: Arc<World>, mut receiver: Receiver, over: Arc<AtomicBool>) -> usize {
    receiver.open(&world).await;
    let mut taken = 0;
    while let Some(told) = receiver.next().await {
        match told.expect("no refusal") {
            Told::Command(command) => {
                taken += 1;
                let ack = receiver.execute(&command);
                receiver.ack(&world, ack).await.expect("settled");
            }
            Told::Bookmark(_) | Told::Acked(..) => {}
        }
        if over.load(Ordering::Acquire) {
            break;
        }
    }
    taken
}

/// An order on its way, and those who work at it.
struct Way {
    world: Arc<World>,
    id: String,
    over: Arc<AtomicBool>,
    working: Vec<JoinHandle<usize>>,
}

async fn begin(world: World, many: usize) -> Way {
    let world = Arc::new(world);
    let names: Vec<String> = (1..=MVNOS).map(|at| format!("mvnos/m{at:02}")).collect();
    let list: Vec<(u32, &str, &str)> = (0..many)
        .map(|at| {
            let number = u32::try_from(at).expect("few");
            (number, names[at % MVNOS].as_str(), CARRIERS[at / MVNOS % 3])
        })
        .collect();
    let over = Arc::new(AtomicBool::new(false));
    let working: Vec<_> = names
        .iter()
        .map(String::as_str)
        .chain(CARRIERS)
        .map(|name| tokio::spawn(work(world.clone(), Receiver::of(name), over.clone())))
        .collect();
    let wave = |place: usize| match place {
        place if place.is_multiple_of(100) => 1,
        place if place.is_multiple_of(10) => 2,
        _ => 3,
    };
    let id = shut(&world, Shut { numbers: &list, wave: Some(wave), ..Shut::default() }).await;
    Way { world, id, over, working }
}

// === impl Way ===

impl Way {
    /// How many commands were taken.
    async fn end(self) -> usize {
        self.over.store(true, Ordering::Release);
        self.world.gateway.closing.cancel();
        let mut commands = 0;
        for work in self.working {
            commands += work.await.expect("no panic");
        }
        commands
    }
}

async fn everything_arrives(world: World) {
    let many = asked("NUMBERS", 4_000);
    let clock = greenlane::host::SystemClock::start();
    let began = clock.monotonic();
    let way = begin(world, many).await;
    let (world, id) = (way.world.clone(), way.id.clone());
    let released = clock.monotonic();
    let mut samples = 0;
    let mut sampling = tokio::time::interval(Duration::from_millis(50));
    while order(&world, &id).await.state == Some(OrderState::InProgress) {
        // Asserts that they sum.
        counts(&world, &id).await;
        samples += 1;
        sampling.tick().await;
    }
    let ended = clock.monotonic();
    assert_eq!(counts(&world, &id).await, [(NumberState::Verified, i64::try_from(many).expect("few"))]);
    let commands = way.end().await;
    eprintln!(
        "{many} numbers in {commands} commands: written and released in {:?}, verified {:?} later; {samples} samples",
        released - began,
        ended - released,
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_arrives_on_sqlite() {
    everything_arrives(World::empty().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_arrives_on_postgres() {
    everything_arrives(World::postgres().await).await;
}

/// How many numbers there are in all states, each counted by itself.
async fn counted_apart(world: &World, id: &str) -> i64 {
    let mut sum = 0;
    for state in NumberState::ALL {
        let id = id.to_owned();
        let read = world.store().read(working(move |tx| {
            let id = id.clone();
            Box::pin(async move { Ok(sql::shutdown_number::tally(tx, &id).await?) })
        }));
        let tally = read.await.expect("read");
        sum += tally.iter().filter(|(of, _)| of == state).map(|(_, count)| count).sum::<i64>();
    }
    sum
}

/// The control: counts that are not of one moment are found out, while there is anything to count.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counts_of_many_moments_are_found_out() {
    let many = 4_000;
    let way = begin(World::empty().await, many).await;
    let mut wrong = 0;
    while order(&way.world, &way.id).await.state == Some(OrderState::InProgress) {
        let sum = counted_apart(&way.world, &way.id).await;
        wrong += usize::from(sum != i64::try_from(many).expect("few"));
    }
    way.end().await;
    assert_ne!(wrong, 0);
}
