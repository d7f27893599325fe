//! One noisy partner and its neighbour, over real connections: the neighbour is never refused, the noisy one mostly.
//! `cargo test --test battery neighbours -- --nocapture` prints how long the neighbour waited alone, beside a partner
//! that floods, and (the control) beside one whose flood nobody limits.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use greenlane::{
    domain::{budget::Rate, caller::Class},
    layer::{
        Answer, Request, Response,
        limit::{Limit, Settings, Shared},
    },
    net::{Limits, Server, Services},
};
use http_body_util::Full;
use tonic::body::Body;

use crate::world::{Client, Faults, Pki};

/// Questions of the neighbour; fewer where each waits for thousands of others.
const ASKED: usize = 2_000;
const ASKED_OF_THE_CONTROL: usize = 200;
/// Of the noisy partner: connections, and calls open on each.
const FLOOD: (usize, usize) = (4, 100);

/// What there was to see.
struct Seen {
    p50: Duration,
    p99: Duration,
    let_in: usize,
    refused: usize,
}

fn services(pki: &Pki, calls: Rate) -> impl Services {
    let shared = Shared::new(Settings { calls, ..Settings::default() }, pki.clock.clone(), None);
    let answer = tower::service_fn(|_: Request| -> Answer {
        let body = Body::new(Full::new(Bytes::from_static(b"an answer of the usual length, give or take")));
        Box::pin(std::future::ready(Ok(Response::new(body))))
    });
    Limit::new(answer, shared)
}

/// Asks without end, and connects again when told to go.
async fn flood(pki: Arc<Pki>, server: Arc<Server>, stop: Arc<AtomicBool>, counts: Arc<[AtomicUsize; 2]>) {
    while !stop.load(Ordering::Relaxed) {
        let client = pki.friend(&server, Class::Mvno).await;
        let lanes = (0..FLOOD.1).map(|_| {
            let (mut client, stop, counts) = (
                Client { send: client.send.clone(), ended: tokio::spawn(async {}) },
                stop.clone(),
                counts.clone(),
            );
            async move {
                while !stop.load(Ordering::Relaxed) {
                    let Ok(answer) = client.begin("/flood").await else { return };
                    let refused = answer.headers().contains_key("grpc-status");
                    counts[usize::from(refused)].fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        futures_util::future::join_all(lanes).await;
    }
}

async fn see(pki: &Arc<Pki>, calls: Rate, asked: usize, noisy: bool) -> Seen {
    let server = Arc::new(pki.serve(&Faults::default(), Limits::default(), services(pki, calls)));
    let (stop, counts) = (Arc::<AtomicBool>::default(), Arc::<[AtomicUsize; 2]>::default());
    let floods = if noisy { FLOOD.0 } else { 0 };
    let flooding: Vec<_> = (0..floods)
        .map(|_| tokio::spawn(flood(pki.clone(), server.clone(), stop.clone(), counts.clone())))
        .collect();
    let mut neighbour = pki.friend(&server, Class::Carrier).await;
    // Until the flood is over its limit, where it has one.
    while noisy && calls.per_second < 1_000_000 && counts[1].load(Ordering::Relaxed) == 0 {
        tokio::task::yield_now().await;
    }
    let mut waits = Vec::with_capacity(asked);
    for _ in 0..asked {
        let start = pki.clock.monotonic();
        let answer = neighbour.begin("/who").await.expect("an answer");
        assert!(!answer.headers().contains_key("grpc-status"), "the neighbour was refused");
        waits.push(pki.clock.monotonic() - start);
    }
    stop.store(true, Ordering::Relaxed);
    for flood in flooding {
        flood.await.expect("no panic");
    }
    waits.sort_unstable();
    let [let_in, refused] = [0, 1].map(|at: usize| counts[at].load(Ordering::Relaxed));
    Seen { p50: waits[asked / 2], p99: waits[asked * 99 / 100], let_in, refused }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_noisy_partner_is_slowed_and_its_neighbour_is_not() {
    let pki = Arc::new(Pki::new());
    let limited = Rate { per_second: 2_000, burst: 2_000 };
    let alone = see(&pki, limited, ASKED, false).await;
    let beside = see(&pki, limited, ASKED, true).await;
    let endless = Rate { per_second: 10_000_000, burst: 10_000_000 };
    let control = see(&pki, endless, ASKED_OF_THE_CONTROL, true).await;
    for (what, seen) in
        [("alone", &alone), ("beside a flood", &beside), ("beside an unlimited one", &control)]
    {
        let Seen { p50, p99, let_in, refused } = seen;
        println!("{what}: p50 {p50:?}, p99 {p99:?}; of the flood {let_in} let in, {refused} refused");
    }
    assert!(beside.refused > 0 && control.refused == 0);
}
