//! Two kinds of load. `saturate` keeps a fixed number of calls under way, for what a server can do at most;
//! `steady` begins calls at fixed moments whatever the server does, and times each from the moment it was due, so
//! that a server that stalls cannot hide it.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use greenlane::domain::time::Clock;
use tokio::task::JoinSet;
use tokio_util::task::TaskTracker;

use super::{child::Server, client::Client};

/// How long a load lasts.
#[derive(Clone, Copy)]
pub struct Span {
    /// Before anything is measured.
    pub warm: Duration,
    /// What is measured.
    pub measured: Duration,
}

/// What a load found.
pub struct Found {
    /// Calls answered in the measured time.
    pub calls: u64,
    /// Of the wall clock.
    pub took: Duration,
    /// Of the server.
    pub cpu: Duration,
    /// The server's memory at the end, in bytes.
    pub memory: u64,
    /// Of each call, sorted; only of a steady load.
    pub latencies: Vec<Duration>,
}

/// `in_flight` calls at any moment, spread over the connections.
pub async fn saturate(
    client: &Client,
    server: &Server,
    clock: &dyn Clock,
    in_flight: usize,
    span: Span,
) -> Found {
    let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut callers = JoinSet::new();
    for caller in 0..in_flight.max(client.connections()) {
        let (client, stop, answered) = (client.clone(), stop.clone(), answered.clone());
        callers.spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                client.ask(caller % client.connections()).await.expect("answered OK");
                answered.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    tokio::time::sleep(span.warm).await;
    let before = (answered.load(Ordering::Relaxed), clock.monotonic(), server.cpu());
    tokio::time::sleep(span.measured).await;
    let after = (answered.load(Ordering::Relaxed), clock.monotonic(), server.cpu());
    stop.store(true, Ordering::Relaxed);
    while let Some(ended) = callers.join_next().await {
        ended.expect("no call failed");
    }
    Found {
        calls: after.0 - before.0,
        took: after.1 - before.1,
        cpu: after.2 - before.2,
        memory: server.memory(),
        latencies: Vec::new(),
    }
}

/// `rate` calls a second, taken in turn by the connections.
pub async fn steady(
    client: &Client,
    server: &Server,
    clock: &Arc<dyn Clock>,
    rate: f64,
    span: Span,
) -> Found {
    let latencies = Arc::new(Mutex::new(Vec::new()));
    let tasks = TaskTracker::new();
    let begin = clock.monotonic();
    let (measure, end) = (begin + span.warm, begin + span.warm + span.measured);
    let mut before = None;
    let mut calls = 0_u64;
    for number in 0_u32.. {
        let due = begin + Duration::from_secs_f64(f64::from(number) / rate);
        let measured = due >= measure;
        if measured && before.is_none() {
            before = Some((clock.monotonic(), server.cpu()));
        }
        if due >= end {
            break;
        }
        // The runtime's timers count milliseconds, which is many calls: so this waits by looking. However late it is,
        // it looks once, so that the calls under way go on.
        loop {
            tokio::task::yield_now().await;
            if clock.monotonic() >= due {
                break;
            }
        }
        calls += u64::from(measured);
        let connection = usize::try_from(number).unwrap_or(0) % client.connections();
        let (client, clock, latencies) = (client.clone(), clock.clone(), latencies.clone());
        tasks.spawn(async move {
            client.ask(connection).await.expect("answered OK");
            if measured {
                latencies.lock().expect("whole").push(clock.monotonic() - due);
            }
        });
    }
    tasks.close();
    tasks.wait().await;
    let (began, used) = before.expect("the measured time began");
    let (took, cpu) = (clock.monotonic() - began, server.cpu() - used);
    let mut latencies = std::mem::take(&mut *latencies.lock().expect("whole"));
    latencies.sort_unstable();
    assert_eq!(u64::try_from(latencies.len()), Ok(calls), "no call failed");
    Found { calls, took, cpu, memory: server.memory(), latencies }
}
