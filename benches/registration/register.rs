//! Register beside stock tonic servers and beside a bare loop of durable inserts.

use std::{fs, path::Path, sync::Arc};

use greenlane::domain::time::Clock;

use super::{
    bare::Bare,
    people::{self, MVNO, Place},
    site::Site,
};
use crate::harness::{
    child::Server,
    client::{Client, Question},
    contest::{Contestant, Course, Outcome, Size},
    cores::Cores,
    figures, gateway, load, report,
    stock::{self, Runtime},
};

/// The first block of the numbers that are registered.
pub const FIRST_BLOCK: u64 = 1_711_000;
/// How many blocks there are: more lines than a run opens.
pub const BLOCKS: u64 = 400;
/// Connections of the contest.
pub const CONNECTIONS: usize = 8;
/// Rounds beside the bare loop.
const ROUNDS: usize = 5;
/// Of the numbers, the first half is for persons about whom the authority was asked before.
const HALF: u64 = people::BLOCK * BLOCKS / 2;
/// Persons about whom it was: less than the gateway keeps answers of, more than a run registers.
const ASKED_BEFORE: u64 = 80_000;

/// How Register did.
pub struct Found {
    /// The contest, in the order of [`KEPT`] and those after it.
    pub outcome: Outcome,
    /// Registrations a second of the gateway and of the bare loop, round by round.
    pub rates: Vec<(f64, f64)>,
}

/// The places of the contestants.
pub const KEPT: usize = 0;
pub const ASKS: usize = 1;
pub const DEFAULT: usize = 2;

/// Registrations of persons and lines from those on.
pub fn question(from: u64) -> Question {
    let body = move |n| people::register(FIRST_BLOCK, Place { person: from + n, line: from + n });
    Question::each("/greenlane.v1.RegistrationService/Register", body)
}

/// Runs the contest and the rounds, and prints the figures of the former.
pub async fn run(folder: &Path, bench: bool, cores: Cores, clock: &Arc<dyn Clock>) -> Found {
    let size = Size { connections: vec![CONNECTIONS], ..Size::asked(bench) };
    let site = Site::make(&folder.join("register"), cores);
    site.hand_out(FIRST_BLOCK, BLOCKS);
    let mut bare = Bare::of(&site.database(), &folder.join("bare.db"));
    let (node, dir) = (site.start(), site.dir());
    let tls = vec![gateway::identity(dir, &format!("mvno-{MVNO}"))];
    let persons = if bench { ASKED_BEFORE } else { 2 * 64 };
    verify(&node, dir, persons).await;

    let answer = folder.join("answer");
    let one = Client::connect(node.address, &tls, 1, &question(2 * HALF - 1)).await.expect("let in");
    fs::write(&answer, one.ask(0).await.expect("answered OK")).expect("a file");
    one.close().await;
    let yardstick = |runtime| Server::start(&mut stock::command(runtime, dir, "mvno", &answer), cores);
    let (default, current) = (yardstick(Runtime::Default), yardstick(Runtime::CurrentThread));
    let contestant = |name: &str, server, question| Contestant {
        name: name.to_owned(),
        server,
        identities: tls.clone(),
        question,
    };
    let kept = question(0);
    let contestants = vec![
        contestant("greenlane, verified before", &node, kept.clone()),
        contestant("greenlane, asks the authority", &node, question(HALF)),
        contestant("stock, default runtime", &default, question(0)),
        contestant("stock, current_thread", &current, question(0)),
    ];
    let idle: Vec<u64> = contestants.iter().map(|contestant| contestant.server.memory()).collect();
    let course = Course { contestants, clock: clock.clone(), size: size.clone() };
    let outcome = course.contest(CONNECTIONS).await;
    if kept.asked() > persons {
        println!("Not everybody had been verified: {} of {} registered.", persons, kept.asked());
    }
    println!("{}", report::figures(&course.contestants, std::slice::from_ref(&outcome), &idle));

    // Of the contest's rows first, for the copy is to be as large.
    bare.insert(1, cores, clock.as_ref());
    let (question, mut rates) = (question(HALF / 2), Vec::new());
    for _ in 0..if bench { ROUNDS } else { 1 } {
        let before = question.asked();
        let client = Client::connect(node.address, &tls, CONNECTIONS, &question).await.expect("let in");
        let found = load::saturate(&client, &node, clock.as_ref(), size.in_flight, size.span).await;
        client.close().await;
        let lines = question.asked() - before;
        let commits = usize::try_from(lines).expect("not so many").div_ceil(size.in_flight);
        let (_, took) = bare.insert(commits, cores, clock.as_ref());
        rates.push((found.calls as f64 / found.took.as_secs_f64(), lines as f64 / took.as_secs_f64()));
    }
    Found { outcome, rates }
}

/// Asks about so many persons, as a counter does before it registers them.
pub async fn verify(node: &Server, dir: &Path, persons: u64) {
    const AT_ONCE: usize = 64;
    let tls = vec![gateway::identity(dir, &format!("mvno-{MVNO}"))];
    let question = Question::each("/greenlane.v1.IdentityService/VerifyIdentity", people::verify);
    let client = Client::connect(node.address, &tls, CONNECTIONS, &question).await.expect("let in");
    let mut callers = tokio::task::JoinSet::new();
    for caller in 0..AT_ONCE * CONNECTIONS {
        let (client, question) = (client.clone(), question.clone());
        callers.spawn(async move {
            while question.asked() < persons {
                client.ask(caller % client.connections()).await.expect("answered OK");
            }
        });
    }
    while let Some(ended) = callers.join_next().await {
        ended.expect("no call failed");
    }
    client.close().await;
}

// === impl Found ===

impl Found {
    /// How the gateway's rate is to the bare loop's: the median of the rounds.
    pub fn to_bare(&self) -> f64 {
        figures::median(self.rates.iter().map(|(gateway, bare)| gateway / bare))
    }
}
