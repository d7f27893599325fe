//! Orders and restorations of the same numbers, one after another, while every receiver's connection is cut at random
//! and the gateway is killed. What every receiver was told is then held to the record: nothing lost, nothing in the
//! wrong order, nothing twice but as itself.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use greenlane::rpc::pb;
use tokio::task::JoinSet;

use crate::{
    receiver::{Account, Habit, Receiver},
    support::{
        blocks::{self, CARRIERS},
        cuts::Cuts,
        figure::asked,
        officers::{Officers, Wish},
        proxy::Proxy,
        record::Record,
    },
    world::{Engine, Watch, World},
};

/// Chains of orders at once, each on numbers of its own.
const CHAINS: usize = 8;

/// Looks at how far it is.
const LOOK: Duration = Duration::from_millis(20);

/// How much of it.
struct Size {
    commands: usize,
    receivers: usize,
    kills: usize,
}

/// What was found of a run. All but the first lines should be nothing.
#[derive(Debug, Default)]
struct Found {
    commands: usize,
    again: usize,
    streams: usize,
    orders: usize,
    lost: usize,
    invented: usize,
    out_of_order: usize,
    unfinished: usize,
    faults: Vec<String>,
}

fn size() -> Size {
    Size { commands: asked("COMMANDS", 600), receivers: asked("RECEIVERS", 5), kills: asked("KILLS", 2) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_on_a_file() {
    run(Engine::Sqlite, size()).await.is_sound();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_on_postgres() {
    run(Engine::Postgres, size()).await.is_sound();
}

/// A receiver that goes on beyond what it has dealt with loses commands, and its account shows it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_careless_receiver_is_seen() {
    let world = World::start(Engine::Sqlite, 2);
    let ring = Ring::start(&world, 2, Habit::Careless);
    let mut officers = world.officers();
    let mut turn = 0;
    while !ring.receivers.iter().any(Receiver::has_lost) {
        turn += 1;
        let msisdns = (1..=2).map(|m| blocks::number(0, m, turn)).collect();
        officers.shut_down(&Wish { order_number: format!("OFF-{turn}"), msisdns }).await;
    }
    let accounts = ring.stop().await;
    let found = check(&world.record, &accounts, &[]).await;
    assert!(found.lost > 0, "{found:?}");
}

/// Every receiver, each by a link that is cut.
struct Ring {
    receivers: Vec<Receiver>,
    /// How many commands were new to one of them.
    heard: Arc<AtomicUsize>,
    links: Vec<(Cuts, Arc<Proxy>)>,
}

// === impl Ring ===

impl Ring {
    fn start(world: &World, mvnos: usize, habit: Habit) -> Self {
        let mut ring = Self { receivers: Vec::new(), heard: Arc::default(), links: Vec::new() };
        let carriers = CARRIERS.map(|(name, _)| name.replace("carriers/", "carrier-"));
        let mvnos = (1..=mvnos).map(|m| format!("mvno-{}", blocks::mvno(m)));
        for identity in carriers.into_iter().chain(mvnos) {
            let link = Arc::new(Proxy::start(&world.node.address));
            let name = identity.replacen("carrier-", "carriers/", 1).replacen("mvno-", "mvnos/", 1);
            let channel = world.by(&link, &identity);
            ring.receivers.push(Receiver::start(name, channel, habit, ring.heard.clone()));
            ring.links.push((Cuts::of(link.clone()), link));
        }
        ring
    }

    /// What each was told, by name.
    async fn stop(self) -> BTreeMap<String, Account> {
        let mut accounts = BTreeMap::new();
        for receiver in self.receivers {
            accounts.insert(receiver.name.clone(), receiver.stop().await);
        }
        drop(self.links);
        accounts
    }
}

async fn run(engine: Engine, size: Size) -> Found {
    let watch = Watch::start();
    let mvnos = size.receivers.saturating_sub(CARRIERS.len()).max(1);
    let mut world = World::start(engine, mvnos);
    let ring = Ring::start(&world, mvnos, Habit::Careful);
    let enough = Arc::new(AtomicBool::new(false));
    let mut chains = JoinSet::new();
    for chain in 0..CHAINS {
        chains.spawn(drive(world.officers(), chain, mvnos, enough.clone()));
    }
    let mut killed = 0;
    while ring.heard.load(Ordering::Acquire) < size.commands {
        // A chain that was refused would leave this waiting for ever.
        if let Some(chain) = chains.try_join_next() {
            chain.expect("no officer was refused");
        }
        tokio::time::sleep(LOOK).await;
        let share = size.commands * (killed + 1) / (size.kills + 1);
        if killed < size.kills && ring.heard.load(Ordering::Acquire) >= share {
            world.node.kill();
            world.node.start_again();
            killed += 1;
        }
    }
    enough.store(true, Ordering::Release);
    let mut orders = Vec::new();
    while let Some(chain) = chains.join_next().await {
        orders.extend(chain.expect("no officer was refused"));
    }
    let accounts = ring.stop().await;
    let found = check(&world.record, &accounts, &orders).await;
    println!(
        "{engine:?}: {} receivers, {killed} kills, {:.0} s; {}",
        accounts.len(),
        watch.seconds(),
        found.words()
    );
    found
}

/// Shuts the same numbers down and lets them back, again and again; the orders, in their order.
async fn drive(
    mut officers: Officers,
    chain: usize,
    mvnos: usize,
    enough: Arc<AtomicBool>,
) -> Vec<pb::ShutdownOrder> {
    let msisdns: Vec<String> =
        (1..=mvnos).map(|m| blocks::number((m + chain) % CARRIERS.len(), m, chain + 1)).collect();
    let mut orders = Vec::new();
    for turn in 0.. {
        let wish = Wish { order_number: format!("OFF-{chain}-{turn}"), msisdns: msisdns.clone() };
        let order = officers.shut_down(&wish).await;
        orders.push(officers.ended(&order.name).await);
        let back = officers.let_back(&order.name, &format!("ON-{chain}-{turn}")).await;
        orders.push(officers.ended(&back.name).await);
        if enough.load(Ordering::Acquire) {
            break;
        }
    }
    orders
}

/// Holds what receivers were told to the record.
async fn check(record: &Record, accounts: &BTreeMap<String, Account>, orders: &[pb::ShutdownOrder]) -> Found {
    let rows = record
        .pairs("SELECT receiver || ' ' || CAST(sequence AS TEXT), command_id FROM command ORDER BY receiver, sequence")
        .await;
    let mut found = Found { orders: orders.len(), ..Default::default() };
    let mut kept: HashMap<&str, BTreeMap<i64, &str>> = HashMap::new();
    for (place, id) in &rows {
        let (receiver, sequence) = place.split_once(' ').expect("both");
        kept.entry(receiver).or_default().insert(sequence.parse().expect("a number"), id);
    }
    for (name, account) in accounts {
        let kept = kept.remove(&**name).unwrap_or_default();
        let told = |sequence: &i64, id: &str| {
            account.commands.get(sequence).is_some_and(|told| told.command_id == id)
        };
        found.lost += kept.iter().filter(|(sequence, id)| !told(sequence, id)).count();
        found.invented += account.commands.keys().filter(|sequence| !kept.contains_key(sequence)).count();
        let dense = kept.keys().copied().eq(1..=i64::try_from(kept.len()).expect("small"));
        found.faults.extend((!dense).then(|| format!("{name}: its sequence has a gap")));
        found.commands += account.commands.len();
        found.again += account.again;
        found.streams += account.streams;
        found.faults.extend(account.faults.iter().take(3).map(|fault| format!("{name}: {fault}")));
        found.out_of_order += out_of_order(account, orders);
    }
    // Nobody else gets any.
    found.lost += kept.values().map(BTreeMap::len).sum::<usize>();
    let whole = |order: &&pb::ShutdownOrder| order.state() != pb::OrderState::Completed;
    found.unfinished = orders.iter().filter(whole).count();
    found
}

/// Commands that came to a number after one of a later order.
fn out_of_order(account: &Account, orders: &[pb::ShutdownOrder]) -> usize {
    let places: HashMap<&str, usize> =
        orders.iter().enumerate().map(|(place, order)| (order.name.as_str(), place)).collect();
    let mut last: HashMap<&str, (usize, bool)> = HashMap::new();
    let mut wrong = 0;
    for told in account.commands.values() {
        let Some(place) = places.get(told.order.as_str()) else { continue };
        let here = (*place, told.kind == pb::CommandKind::Verify);
        for msisdn in &told.msisdns {
            let before = last.insert(msisdn, here);
            wrong += usize::from(before.is_some_and(|before| before > here));
        }
    }
    wrong
}

// === impl Found ===

impl Found {
    fn words(&self) -> String {
        format!(
            "{} commands of {} orders, {} came again, {} streams; lost {}, invented {}, out of order {}, unfinished {}, \
             faults {}",
            self.commands,
            self.orders,
            self.again,
            self.streams,
            self.lost,
            self.invented,
            self.out_of_order,
            self.unfinished,
            self.faults.len()
        )
    }

    #[track_caller]
    fn is_sound(&self) {
        assert!(self.faults.is_empty(), "{}", self.faults.join("\n"));
        assert_eq!((self.lost, self.invented, self.out_of_order, self.unfinished), (0, 0, 0, 0), "{self:?}");
    }
}
