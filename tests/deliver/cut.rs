//! Orders and restorations of the same numbers, one after another, while every receiver's connection is cut at random
//! and the gateway is killed. What every receiver was told is then held to the record: nothing lost, nothing in the
//! wrong order, nothing twice but as itself.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use greenlane::rpc::pb;
use tokio::task::JoinSet;

use crate::{
    receiver::{Account, Habit, Receiver},
    support::{
        blocks::{self, CARRIERS},
        figure::asked,
        officers::{Officers, Wish},
        proxy::Proxy,
        record::Record,
    },
    world::{Cuts, Engine, Watch, World},
};

/// Chains of orders at once, each on numbers of its own.
const CHAINS: usize = 8;

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
    run(Engine::Sqlite, size(), Habit::Careful).await.is_sound();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_on_postgres() {
    run(Engine::Postgres, size(), Habit::Careful).await.is_sound();
}

/// A receiver that goes on beyond what it has dealt with loses commands, and the account shows it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_careless_receiver_is_seen() {
    let found = run(Engine::Sqlite, Size { commands: 200, receivers: 5, kills: 0 }, Habit::Careless).await;
    assert!(found.lost > 0, "{found:?}");
}

async fn run(engine: Engine, size: Size, habit: Habit) -> Found {
    let watch = Watch::start();
    let mvnos = size.receivers.saturating_sub(CARRIERS.len()).max(1);
    let mut world = World::start(engine, mvnos);
    let heard = Arc::new(AtomicUsize::new(0));
    let carriers = CARRIERS.map(|(name, _)| name.replace("carriers/", "carrier-"));
    let identities = carriers.into_iter().chain((1..=mvnos).map(|m| format!("mvno-{}", blocks::mvno(m))));
    let mut links = Vec::new();
    let mut receivers = Vec::new();
    for identity in identities {
        let link = Arc::new(Proxy::start(&world.node.address));
        let name = identity.replacen("carrier-", "carriers/", 1).replacen("mvno-", "mvnos/", 1);
        receivers.push(Receiver::start(name, world.by(&link, &identity), habit, heard.clone()));
        links.push((Cuts::of(link.clone()), link));
    }
    let enough = Arc::new(AtomicBool::new(false));
    let mut chains = JoinSet::new();
    for chain in 0..CHAINS {
        let work = drive(world.officers(), chain, mvnos, enough.clone(), habit == Habit::Careful);
        chains.spawn(work);
    }
    let mut killed = 0;
    while heard.load(Ordering::Acquire) < size.commands {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        let share = size.commands * (killed + 1) / (size.kills + 1);
        if killed < size.kills && heard.load(Ordering::Acquire) >= share {
            world.node.kill();
            world.node.start_again();
            killed += 1;
        }
    }
    enough.store(true, Ordering::Release);
    let mut orders = Vec::new();
    if habit == Habit::Careful {
        while let Some(chain) = chains.join_next().await {
            orders.extend(chain.expect("no officer was refused"));
        }
    } else {
        chains.shutdown().await;
    }
    drop(links);
    let mut accounts = BTreeMap::new();
    for receiver in receivers {
        accounts.insert(receiver.name.clone(), receiver.stop().await);
    }
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
    to_the_end: bool,
) -> Vec<pb::ShutdownOrder> {
    let msisdns: Vec<String> =
        (1..=mvnos).map(|m| blocks::number((m + chain) % CARRIERS.len(), m, chain + 1)).collect();
    let mut orders = Vec::new();
    for turn in 0.. {
        let wish = Wish { order_number: format!("OFF-{chain}-{turn}"), msisdns: msisdns.clone() };
        let order = officers.shut_down(&wish).await;
        orders.push(wait(&mut officers, &order, to_the_end).await);
        let back = officers.let_back(&order.name, &format!("ON-{chain}-{turn}")).await;
        orders.push(wait(&mut officers, &back, to_the_end).await);
        if enough.load(Ordering::Acquire) {
            break;
        }
    }
    orders
}

async fn wait(officers: &mut Officers, order: &pb::ShutdownOrder, to_the_end: bool) -> pb::ShutdownOrder {
    if to_the_end { officers.ended(&order.name).await } else { order.clone() }
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
