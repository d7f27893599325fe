//! Receivers that open a stream and read nothing of it. What they make others wait is a figure of the bench; here they
//! must cost a bounded memory, and others must get everything. `STALLED=100` is the full run. The control keeps for each
//! what a queue without a bound would, and costs several times as much.

use greenlane::rpc::pb::{self, command_service_client::CommandServiceClient, stream_commands_request};
use std::{
    fs,
    sync::{Arc, atomic::AtomicUsize},
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::transport::Channel;

use crate::{
    receiver::{Habit, Receiver},
    support::{
        blocks,
        figure::asked,
        officers::Wish,
        proxy::{Direction, Flow, Proxy},
    },
    world::{Engine, World},
};

/// Numbers of each: several commands with their notices, two megabytes or so. Fewer where one order has no room for them.
const HEAP: usize = 2_000;
const IN_ORDER: usize = 100_000;
/// The first of them; those before read.
const FIRST: usize = 4;
/// What a hundred of them may cost together.
const MOST_KIB: u64 = 64 * 1024;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn they_cost_a_bounded_memory_and_nobody_else_waits() {
    let stalled = asked("STALLED", 20);
    let heap = HEAP.min(IN_ORDER / stalled);
    let most = MOST_KIB * u64::try_from(stalled).expect("few") / 100;
    let mut world = World::start(Engine::Sqlite, FIRST - 1 + stalled);
    let link = Proxy::start(&world.node.address);
    // Half read nothing of what arrives; to the other half nothing arrives.
    let silent = Proxy::start(&world.node.address);
    let (heard, mut officers) = (Arc::new(AtomicUsize::new(0)), world.officers());
    let readers: Vec<Receiver> = ["carrier-telecom", "carrier-mobile", "carrier-unicom", "mvno-m01"]
        .map(|identity| {
            let name = identity.replacen("carrier-", "carriers/", 1).replacen("mvno-", "mvnos/", 1);
            Receiver::start(name, world.by(&link, identity), Habit::Careful, heard.clone())
        })
        .into();
    let wish = |n: usize| Wish {
        order_number: format!("READ-{n}"),
        msisdns: (1..=3).map(|place| blocks::number(place % 3, 1, n * 3 + place)).collect(),
    };
    // What they will not read must be there: they read it once, and then come again as if they never had.
    let identities: Vec<String> =
        (FIRST..FIRST + stalled).map(|m| format!("mvno-{}", blocks::mvno(m))).collect();
    let once: Vec<Receiver> = identities
        .iter()
        .map(|identity| {
            Receiver::start(identity.clone(), world.by(&link, identity), Habit::Careful, heard.clone())
        })
        .collect();
    let msisdns =
        (FIRST..FIRST + stalled).flat_map(|m| (1..=heap).map(move |n| blocks::number(n % 3, m, n))).collect();
    let heap = officers.shut_down(&Wish { order_number: "HEAP".to_owned(), msisdns }).await;
    officers.ended(&heap.name).await;
    for receiver in once {
        receiver.stop().await;
    }
    // What the gateway needed to write all that would hide what it holds now. What it reads it keeps, within bounds of its
    // own: that is there before.
    assert!(world.node.stop().success());
    world.node.start_again();
    for identity in &identities {
        drop(unbounded(world.by(&link, identity)).await);
    }
    let order = officers.shut_down(&wish(0)).await;
    officers.ended(&order.name).await;
    let before = resident(world.node.pid());
    let mut held = Vec::new();
    for (n, identity) in identities.iter().enumerate() {
        let way = if n % 2 == 0 { &link } else { &silent };
        let (open, requests) = mpsc::unbounded_channel();
        let kind = Some(stream_commands_request::Kind::Open(pb::OpenCommands::default()));
        open.send(pb::StreamCommandsRequest { kind }).expect("it is read");
        let mut client = CommandServiceClient::new(world.narrow(way, identity));
        let answers = client.stream_commands(UnboundedReceiverStream::new(requests)).await.expect("let in");
        held.push((open, answers));
    }
    silent.flow(Direction::Down, Flow::Stall);
    for n in 1..=5 {
        let order = officers.shut_down(&wish(n)).await;
        let ended = officers.ended(&order.name).await;
        assert_eq!(ended.state(), pb::OrderState::Completed, "{ended:?}");
    }
    let more = resident(world.node.pid()).saturating_sub(before);
    println!("{stalled} stalled: +{} of {} MiB", more / 1024, most / 1024);
    assert!(more <= most, "+{more} KiB");
    drop(held);
    // The control.
    let before = resident(std::process::id());
    let mut queues = Vec::new();
    for identity in &identities {
        queues.push(unbounded(world.by(&link, identity)).await);
    }
    let more = resident(std::process::id()).saturating_sub(before);
    println!("queues without a bound: +{} MiB", more / 1024);
    assert!(more > most, "the control must cost more: +{more} KiB");
    drop(queues);
    for reader in readers {
        let account = reader.stop().await;
        assert!(account.faults.is_empty(), "{:?}", account.faults);
    }
}

/// Everything that a receiver has to take, in a queue that nobody reads.
async fn unbounded(channel: Channel) -> mpsc::UnboundedReceiver<pb::Command> {
    let mut client = CommandServiceClient::new(channel).max_decoding_message_size(usize::MAX);
    let (put, queue) = mpsc::unbounded_channel();
    let mut after_sequence = 0;
    loop {
        let ask = pb::PullCommandsRequest { after_sequence, ..Default::default() };
        let pulled = client.pull_commands(ask).await.expect("pulled").into_inner();
        let Some(last) = pulled.commands.last() else { return queue };
        after_sequence = last.sequence;
        pulled.commands.into_iter().for_each(|command| put.send(command).expect("there is a queue"));
    }
}

/// Resident memory in KiB.
fn resident(pid: impl std::fmt::Display) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it is alive");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("the kernel says so");
    line.trim().trim_end_matches("kB").trim().parse().expect("a number")
}
