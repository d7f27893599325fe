//! `cargo bench --bench status`: CheckStatus with every layer on beside stock tonic servers, turn by turn in one run.
//! Prints the tables of the README. `ROUNDS=21 SPAN_MS=3000` makes it longer; without `--bench` it is a glance that
//! shows that it runs.

#[path = "status/fixed.rs"]
mod fixed;
#[path = "harness/all.rs"]
pub mod harness;
#[path = "status/targets.rs"]
mod targets;

use std::{env, fs, sync::Arc, time::Duration};

use greenlane::{domain::time::Clock, host::SystemClock};

use harness::{
    child::Server,
    contest::{Contestant, Course, Size},
    cores::Cores,
    figures, gateway,
    neighbours::Look,
    report,
    stock::{self, Runtime},
};

/// The gateway's allocator, for the yardsticks too: what it saves is no merit of ours.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Starts that are timed.
const STARTS: usize = 5;
/// After a start, before idle memory is read.
const SETTLED: Duration = Duration::from_secs(2);

fn main() {
    if stock::serve_if_asked(fixed::answering) {
        return;
    }
    let size = Size::asked(env::args().any(|arg| arg == "--bench"));
    let cores = Cores::take();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(run(size, cores));
}

async fn run(size: Size, cores: Cores) {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("gateway");
    // Makes the certificates and sows the sample.
    let port = gateway::start(&dir, 0, cores).address.port();
    let tls = gateway::carriers(&dir);
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        let took = gateway::start_to_answer(&dir, port, cores, &tls, clock.as_ref()).await;
        starts.push(took.as_secs_f64() * 1e3);
    }

    let node = gateway::start_unlimited(&dir, port, cores);
    let answer = folder.path().join("answer");
    let message = gateway::ask_once(&node, &tls).await;
    fs::write(&answer, &message).expect("a file");
    let yardstick = |runtime| Server::start(&mut stock::command(runtime, &dir, "carrier", &answer), cores);
    let (default, current) = (yardstick(Runtime::Default), yardstick(Runtime::CurrentThread));
    let contestant = |name: &str, server| Contestant {
        name: name.to_owned(),
        server,
        identities: tls.clone(),
        question: gateway::question(),
    };
    let contestants = vec![
        contestant("greenlane, every layer", &node),
        contestant("stock, default runtime", &default),
        contestant("stock, current_thread", &current),
    ];
    for contestant in &contestants {
        // A moment may take a byte or two less.
        let size = gateway::ask_once(contestant.server, &tls).await.len();
        assert!(size.abs_diff(message.len()) <= 2, "answers of one size");
    }
    tokio::time::sleep(SETTLED).await;
    let idle: Vec<u64> = contestants.iter().map(|contestant| contestant.server.memory()).collect();

    let course = Course { contestants, clock, size };
    let look = || Look::now(cores, course.contestants.iter().map(|contestant| contestant.server));
    let (begun, before) = (course.clock.monotonic(), look());
    let outcomes = course.run().await;
    let others = look().others_since(&before, course.clock.monotonic() - begun);
    println!("{}", report::figures(&course.contestants, &outcomes, &idle));
    println!("{}", targets::table(&outcomes, figures::median(starts), idle[0]));
    println!("{}", report::circumstances(&course.size, message.len(), others));
}
