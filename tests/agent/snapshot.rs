//! An agent whose cursor is older than what the gateway keeps: it takes the list of all numbers by itself, hands it over
//! as one, goes on with what is kept, and ends with the network as the record has it.

use std::{collections::BTreeSet, fs};

use greenlane::rpc::pb::OrderState;
use nix::sys::signal::Signal;
use rusqlite::Connection;

use crate::{
    support::{officers::Wish, process::Process},
    world::World,
};

const CARRIER: &str = "carrier-telecom";
const MVNO: &str = "mvno-m01";

/// Keeps the numbers that are off in a file, as a network would, and writes down what it was given.
const HOOK: &str = r#"input=$(cat)
numbers() { printf '%s' "$input" | grep -o '"+86[0-9]*"' | tr -d '"' | sort -u; }
touch off
case $GREENLANE_KIND in
  SNAPSHOT) numbers >off || true ;;
  SHUTDOWN) { cat off; numbers; } | sort -u >off.new; mv off.new off ;;
  RESTORE) numbers >back; grep -vxF -f back off >off.new || true; mv off.new off ;;
esac
echo "$GREENLANE_KIND $GREENLANE_COMMAND_ID $GREENLANE_TIMES" >>given"#;

/// The numbers of the sample's first block.
fn wish(order_number: &str, numbers: &[usize]) -> Wish {
    let msisdns = numbers.iter().map(|n| format!("+861700000{n:04}")).collect();
    Wish { order_number: order_number.to_owned(), msisdns }
}

fn stop(agent: Process) {
    agent.signal(Signal::SIGTERM);
    assert!(agent.ended().success());
}

fn off(world: &World) -> BTreeSet<String> {
    world.lines("off").into_iter().collect()
}

fn all(numbers: &[usize]) -> BTreeSet<String> {
    wish("", numbers).msisdns.into_iter().collect()
}

/// As a crash leaves the journal that had no time to write how far the gateway knows it: what was done is in it.
fn forget_the_cursor(world: &World) {
    let path = world.state(MVNO).join("journal");
    let text = fs::read_to_string(&path).expect("the journal");
    let kept = |line: &&str| !line.starts_with(r#"{"cursor""#) && !line.starts_with(r#"{"settled""#);
    let kept: Vec<&str> = text.lines().filter(kept).collect();
    assert!(kept.iter().any(|line| line.starts_with(r#"{"done""#)), "{text}");
    fs::write(&path, kept.join("\n") + "\n").expect("written");
}

/// The gateway forgets the first command of the MVNO, as it does with those that are 90 days old.
fn forget_the_first(world: &World) {
    let database = Connection::open(world.node.database_file()).expect("the database");
    let first = "DELETE FROM command WHERE receiver = 'mvnos/m01' AND sequence = 1";
    assert_eq!(database.execute(first, []), Ok(1));
    let oldest = "UPDATE receiver SET oldest_sequence = 2 WHERE name = 'mvnos/m01'";
    assert_eq!(database.execute(oldest, []), Ok(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_that_was_away_for_too_long_starts_from_the_list() {
    let mut world = World::start();
    let hook = world.script("hook", HOOK);
    let quiet = world.script("quiet", "cat >/dev/null");
    let carrier = world.agent(CARRIER, "--exec", &quiet);
    let mvno = world.agent(MVNO, "--exec", &hook);
    let mut officers = world.officers();
    // What the agent takes: cut and let back, and cut.
    let order = officers.shut_down(&wish("A", &[1, 2, 3])).await;
    officers.ended(&order.name).await;
    let back = officers.let_back(&order.name, "A-BACK").await;
    officers.ended(&back.name).await;
    let order = officers.shut_down(&wish("B", &[4, 5])).await;
    officers.ended(&order.name).await;
    assert_eq!(off(&world), all(&[4, 5]));
    stop(mvno);
    let before = world.lines("given");
    assert_eq!(before.len(), 3, "{before:?}");
    // What happens while it is away: one is cut and let back, and one is cut.
    let open = officers.shut_down(&wish("C", &[6, 7])).await;
    let open_back = officers.let_back(&open.name, "C-BACK").await;
    let kept = officers.shut_down(&wish("D", &[8])).await;
    forget_the_cursor(&world);
    stop(carrier);
    assert!(world.node.stop().success());
    forget_the_first(&world);
    world.node.start_again();

    let _carrier = world.agent(CARRIER, "--exec", &quiet);
    let mvno = world.agent(MVNO, "--exec", &hook);
    mvno.says(|line| line.contains("starting from the list of all numbers")).expect("it says so");
    assert_eq!(officers.ended(&kept.name).await.state(), OrderState::Completed);
    assert_eq!(officers.ended(&open_back.name).await.state(), OrderState::Completed);
    assert_eq!(off(&world), all(&[4, 5, 8]));
    // It goes on as any other.
    let order = officers.shut_down(&wish("E", &[9])).await;
    assert_eq!(officers.ended(&order.name).await.state(), OrderState::Completed);
    assert_eq!(off(&world), all(&[4, 5, 8, 9]));
    let said = mvno.said();
    assert_eq!(said.matches("starting from the list").count(), 1, "{said}");
    assert!(!said.contains("170000"), "no number is in a log: {said}");
    stop(mvno);

    let after: Vec<String> = world.lines("given").split_off(before.len());
    let kinds: Vec<&str> = after.iter().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(kinds, ["SNAPSHOT", "SHUTDOWN", "RESTORE", "SHUTDOWN", "SHUTDOWN"], "{after:?}");
    let id = |line: &String| line.split(' ').nth(1).unwrap_or_default().to_owned();
    let ids: BTreeSet<String> = after[1..].iter().map(id).collect();
    assert_eq!(ids.len(), 4, "each once: {after:?}");
    assert!(before.iter().all(|line| !ids.contains(&id(line))), "nothing that was recorded: {after:?}");
}
