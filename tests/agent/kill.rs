//! `kill -9` of agents while commands come by links that are cut: what was recorded as done is not begun again, what was under way is begun
//! once more and the hook is told, and nothing is left out or done in another order. `KILLS=100` for the full run.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use greenlane::rpc::pb::OrderState;

use crate::{
    support::{
        cuts::Cuts,
        figure::{asked, chance},
        process::Process,
        proxy::Proxy,
    },
    world::{RECEIVERS, World},
};

/// Begins and ends, each a line. The one writes with the state folder's own name, for both have the same hook.
const HOOK: &str = r#"cat >/dev/null
log="$(basename "$GREENLANE_STATE").log"
echo "begun $GREENLANE_COMMAND_ID $GREENLANE_TIMES" >>"$log"
echo "ended $GREENLANE_COMMAND_ID $GREENLANE_TIMES" >>"$log""#;
/// Looks at how far it is.
const LOOK: Duration = Duration::from_millis(10);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn agents_are_killed() {
    let kills = asked("KILLS", 6);
    let world = World::start();
    let hook = world.script("hook", HOOK);
    let links = RECEIVERS.map(|_| Arc::new(Proxy::start(&world.node.address)));
    let _cuts = links.clone().map(Cuts::of);
    let start = |which: usize| {
        Process::start(&mut world.command_by(&links[which].host(), RECEIVERS[which], "--exec", &hook))
    };
    let mut agents: Vec<Process> = (0..RECEIVERS.len()).map(start).collect();
    let mut officers = world.officers();
    let (stop, mut stopped) = tokio::sync::watch::channel(false);
    let wish = world.wish("KILL", 3);
    let orders = tokio::spawn(async move {
        let mut orders = Vec::new();
        for turn in 0.. {
            let wish = crate::support::officers::Wish { order_number: format!("OFF-{turn}"), ..wish.clone() };
            let order = officers.shut_down(&wish).await;
            orders.push(officers.ended(&order.name).await);
            let back = officers.let_back(&order.name, &format!("ON-{turn}")).await;
            orders.push(officers.ended(&back.name).await);
            if *stopped.borrow_and_update() {
                break;
            }
        }
        orders
    });
    let mut killed = [0, 0];
    for _ in 0..kills {
        let which = chance(2);
        let log = format!("{}.log", RECEIVERS[which]);
        // After some more lines: somewhere between two commands, or in the middle of one.
        let until = world.lines(&log).len() + 1 + chance(5);
        while world.lines(&log).len() < until {
            assert!(!orders.is_finished(), "the orders ended before their time");
            tokio::time::sleep(LOOK).await;
        }
        agents.remove(which).kill();
        agents.insert(which, start(which));
        killed[which] += 1;
    }
    stop.send_replace(true);
    let orders = orders.await.expect("no officer was refused");
    assert!(orders.iter().all(|order| order.state() == OrderState::Completed), "{orders:?}");
    for ((identity, agent), killed) in RECEIVERS.into_iter().zip(agents).zip(killed) {
        // One that was only just started, and had nothing to do for the last order, would be ended by the signal itself.
        agent.says(|line| line.contains("listening")).expect("it listens");
        agent.signal(nix::sys::signal::Signal::SIGTERM);
        assert!(agent.ended().success(), "it stops in order");
        check(&world, identity, killed);
    }
}

/// Holds the hook's own log to what was promised.
fn check(world: &World, identity: &str, killed: usize) {
    let mut begun: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    let mut ended: BTreeSet<String> = BTreeSet::new();
    let mut order = Vec::new();
    for line in world.lines(&format!("{identity}.log")) {
        let words: Vec<&str> = line.split(' ').collect();
        let (id, times) = (words[1].to_owned(), words[2].parse().expect("a number"));
        if words[0] == "ended" {
            ended.insert(id);
            continue;
        }
        let before = begun.entry(id.clone()).or_default();
        if before.is_empty() {
            order.push(id);
        }
        before.push(times);
    }
    let again = begun.values().map(|times| times.len() - 1).sum::<usize>();
    println!("{identity}: {} commands, killed {killed}, begun again {again}", begun.len());
    assert!(again <= killed, "one at most was under way at each kill: {begun:?}");
    assert!(begun.keys().all(|id| ended.contains(id)), "each came to its end");
    let told = |times: &Vec<u32>| times.windows(2).all(|pair| pair[0] < pair[1]) && times[0] >= 1;
    assert!(begun.values().all(told), "who is begun again is told: {begun:?}");
    let rows = world.node.database();
    let name = identity.replacen("carrier-", "carriers/", 1).replacen("mvno-", "mvnos/", 1);
    let mut query =
        rows.prepare("SELECT command_id FROM command WHERE receiver = ?1 ORDER BY sequence").expect("SQL");
    let kept = query.query_map([&name], |row| row.get(0)).expect("rows");
    let kept: Vec<String> = kept.collect::<Result<_, _>>().expect("text");
    assert_eq!(order, kept, "each was begun, in the order of the sequence");
}
