//! The life of a connection: how many there may be, and what ends one. Limits are short here, and what is waited
//! for is always what the other side does.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use greenlane::{
    domain::{
        caller::Class,
        time::{Clock, Time},
    },
    host::SystemClock,
    net::{Limits, Server},
    pki::Validity,
};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    socket,
    world::{Client, Faults, Pki, Shown, reason},
};

const SHORT: Duration = Duration::from_millis(100);
const LONG: Duration = Duration::from_secs(3600);

/// Keeps a test that went wrong from hanging. Nothing right takes so long.
async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), what).await.expect("this should have ended by itself")
}

/// Waits until the server has closed this socket.
async fn closed(mut socket: impl tokio::io::AsyncRead + Unpin) {
    let mut bytes = [0; 1024];
    while matches!(soon(socket.read(&mut bytes)).await, Ok(1..)) {}
}

/// A call that has begun to answer and will never end by itself.
async fn open_stream(client: &mut Client) -> Incoming {
    let mut body = client.begin("/stream").await.expect("answered").into_body();
    body.frame().await.expect("a frame").expect("the first one");
    body
}

/// Waits until the server has cut this call.
async fn cut(mut body: Incoming) {
    assert!(!matches!(soon(body.frame()).await, Some(Ok(_))), "the stream went on");
}

async fn shown_by(pki: &Pki, server: &Server, shown: Shown) -> Result<Client, String> {
    pki.client(socket(server).await, Some(shown), &[b"h2"]).await
}

#[tokio::test]
async fn a_peer_that_never_says_hello_is_dropped() {
    let pki = Pki::new();
    let server = pki.start(&Faults::default(), Limits { handshake_deadline: SHORT, ..Limits::default() });
    for bytes in [&b""[..], b"\x16", b"\x16\x03\x01\x02\x00\x01"] {
        let mut tcp = socket(&server).await;
        let address = tcp.local_addr().expect("address");
        tcp.write_all(bytes).await.expect("sent");
        closed(tcp).await;
        assert_eq!(reason(address), "HANDSHAKE_DEADLINE");
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_peer_that_never_begins_http_is_dropped() {
    let pki = Pki::new();
    let server = pki.start(&Faults::default(), Limits { preface_deadline: SHORT, ..Limits::default() });
    for bytes in [&b""[..], b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"] {
        let tcp = socket(&server).await;
        let address = tcp.local_addr().expect("address");
        let mut tls = pki.tls(tcp, Some(pki.good(Class::Carrier)), &[b"h2"]).await.expect("let in");
        tls.write_all(bytes).await.expect("sent");
        tls.flush().await.expect("sent");
        closed(tls).await;
        assert_eq!(reason(address), "PREFACE_DEADLINE");
    }
}

#[tokio::test]
async fn drain_ends_whatever_the_peers_do() {
    let pki = Pki::new();
    let patient = Limits { handshake_deadline: LONG, preface_deadline: LONG, ..Limits::default() };
    let server = pki.start(&Faults::default(), patient);
    let mute = socket(&server).await;
    let silent = pki.tls(socket(&server).await, Some(pki.good(Class::Mvno)), &[b"h2"]).await.expect("let in");
    let mut idle = pki.friend(&server, Class::Carrier).await;
    idle.ask("/who").await.expect("answered");
    let mut busy = pki.friend(&server, Class::Police).await;
    let stream = open_stream(&mut busy).await;
    soon(server.drain(SHORT)).await;
    assert_eq!(server.connections(), 0);
    cut(stream).await;
    soon(idle.ended).await.expect("told to go");
    closed(mute).await;
    closed(silent).await;
    assert!(TcpStream::connect(server.local_addr()).await.is_err(), "still listening");
    soon(server.drain(SHORT)).await;
}

#[tokio::test]
async fn drain_lets_calls_finish() {
    let pki = Pki::new();
    let server = pki.start(&Faults::default(), Limits::default());
    let mut client = pki.friend(&server, Class::Carrier).await;
    let stream = open_stream(&mut client).await;
    // Ends as soon as the last call does, long before the grace does.
    let drained = async { soon(server.drain(LONG)).await };
    let finished = async {
        while client.begin("/who").await.is_ok() {}
        drop(stream);
    };
    tokio::join!(drained, finished);
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn revocation_ends_what_is_under_way() {
    let pki = Pki::new();
    let server = pki.start(&Faults::default(), Limits::default());
    let lost = pki.issue(Class::Mvno, Validity::starting(pki.clock.now(), LONG));
    let mut revoked = shown_by(&pki, &server, Shown::from(&lost)).await.expect("let in");
    let mut other = pki.friend(&server, Class::Mvno).await;
    let stream = open_stream(&mut revoked).await;
    other.ask("/who").await.expect("answered");

    let faults = Faults { revoked: vec![(Class::Mvno, lost.serial.clone())], ..Faults::default() };
    assert_eq!(server.reload(&pki.material(&faults)).expect("usable"), 1);
    cut(stream).await;
    other.ask("/who").await.expect("not this one");

    let tcp = socket(&server).await;
    let address = tcp.local_addr().expect("address");
    assert!(pki.who(tcp, Some(Shown::from(&lost)), &[b"h2"]).await.is_err());
    assert_eq!(reason(address), "REVOKED");
}

#[tokio::test]
async fn an_anchor_that_goes_takes_its_connections_along() {
    let pki = Pki::new();
    let server = pki.start(&Faults::default(), Limits::default());
    let mut carrier = pki.friend(&server, Class::Carrier).await;
    let mut police = pki.friend(&server, Class::Police).await;
    let stream = open_stream(&mut carrier).await;
    police.ask("/who").await.expect("answered");
    let faults = Faults { no_anchor: vec![Class::Carrier], ..Faults::default() };
    assert_eq!(server.reload(&pki.material(&faults)).expect("usable"), 1);
    cut(stream).await;
    police.ask("/who").await.expect("still there");
}

#[tokio::test]
async fn a_reload_that_cannot_be_used_changes_nothing() {
    let pki = Pki::new();
    let server = pki.start(&Faults::default(), Limits::default());
    let mut client = pki.friend(&server, Class::Carrier).await;
    client.ask("/who").await.expect("answered");
    let mut material = pki.material(&Faults::default());
    material.crls.clear();
    assert!(server.reload(&material).is_err());
    client.ask("/who").await.expect("answered");
    pki.friend(&server, Class::Carrier).await.ask("/who").await.expect("answered");
    // A list out of date is no evidence against those who are in, and lets nobody new in.
    let faults = Faults { stale: vec![Class::Carrier], ..Faults::default() };
    assert_eq!(server.reload(&pki.material(&faults)).expect("usable"), 0);
    client.ask("/who").await.expect("answered");
    let late = pki.who(socket(&server).await, Some(pki.good(Class::Carrier)), &[b"h2"]).await;
    assert!(late.is_err());
}

/// Stands just before the hour until told to strike it.
struct Struck {
    hour: Time,
    struck: AtomicBool,
}

impl Clock for Struck {
    fn now(&self) -> Time {
        if self.struck.load(Ordering::SeqCst) {
            self.hour
        } else {
            self.hour.minus(Duration::from_millis(20))
        }
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

#[tokio::test]
async fn a_connection_ends_with_its_certificate() {
    // A whole second, as certificates know them; the client goes by the real clock.
    let second = SystemClock::start().now().micros() / 1_000_000 * 1_000_000;
    let clock = Arc::new(Struck { hour: Time::from_micros(second), struck: AtomicBool::new(false) });
    let pki = Pki::with_clock(clock.clone());
    let server = pki.start(&Faults::default(), Limits::default());
    let until = |to| Shown::from(&pki.issue(Class::Carrier, Validity { from: clock.hour.minus(LONG), to }));
    let mut ending = shown_by(&pki, &server, until(clock.hour)).await.expect("let in");
    let mut lasting = shown_by(&pki, &server, until(clock.hour.plus(LONG))).await.expect("let in");
    let stream = open_stream(&mut ending).await;
    clock.struck.store(true, Ordering::SeqCst);
    cut(stream).await;
    lasting.ask("/who").await.expect("still valid");
}

#[tokio::test]
async fn handshakes_are_bounded_and_a_stalled_one_gives_way() {
    let pki = Pki::new();
    let limits = Limits { max_handshakes: 2, handshake_deadline: SHORT, ..Limits::default() };
    let server = pki.start(&Faults::default(), limits);
    let mut stalled = Vec::new();
    for _ in 0..10 {
        let mut tcp = socket(&server).await;
        tcp.write_all(b"\x16").await.expect("sent");
        stalled.push(tcp);
    }
    for tcp in stalled {
        closed(tcp).await;
    }
    assert_eq!(server.peak_handshakes(), 2);
    pki.friend(&server, Class::Carrier).await.ask("/who").await.expect("answered");
}

#[tokio::test]
async fn a_silent_crowd_keeps_nobody_out() {
    let pki = Pki::new();
    let limits = Limits { max_waiting: 4, max_handshakes: 1, handshake_deadline: LONG, ..Limits::default() };
    let server = pki.start(&Faults::default(), limits);
    let mut crowd = Vec::new();
    for _ in 0..20 {
        crowd.push(socket(&server).await);
    }
    let oldest = crowd.remove(0);
    let address = oldest.local_addr().expect("address");
    closed(oldest).await;
    assert_eq!(reason(address), "CROWDED_OUT");
    soon(pki.friend(&server, Class::Carrier)).await.ask("/who").await.expect("answered");
}

#[tokio::test]
async fn connections_are_bounded_for_all_and_for_each() {
    let pki = Pki::new();
    let limits = Limits { max_connections: 3, max_per_organisation: 2, ..Limits::default() };
    let server = pki.start(&Faults::default(), limits);
    let mut inside = Vec::new();
    for (class, word) in [
        (Class::Carrier, None),
        (Class::Carrier, None),
        (Class::Carrier, Some("TOO_MANY_OF_ORGANISATION")),
        (Class::Police, None),
        (Class::Mvno, Some("TOO_MANY_CONNECTIONS")),
    ] {
        let tcp = socket(&server).await;
        let address = tcp.local_addr().expect("address");
        let client = pki.client(tcp, Some(pki.good(class)), &[b"h2"]).await;
        match (client, word) {
            (Ok(mut client), None) => {
                client.ask("/who").await.expect("answered");
                inside.push(client);
            }
            (_, Some(word)) => assert_eq!(reason(address), word),
            (Err(fault), None) => panic!("{fault}"),
        }
    }
    assert_eq!(server.connections(), 3);
}

#[tokio::test]
async fn connections_go_to_the_worker_with_the_fewest() {
    let pki = Pki::new();
    let server = pki.start(&Faults::default(), Limits::default());
    let mut threads = Vec::new();
    let mut clients = Vec::new();
    for _ in 0..6 {
        let mut client = pki.friend(&server, Class::Carrier).await;
        threads.push(client.ask("/thread").await.expect("answered"));
        clients.push(client);
    }
    for worker in ["worker-0", "worker-1"] {
        assert_eq!(threads.iter().filter(|name| *name == worker).count(), 3, "{threads:?}");
    }
}

#[tokio::test]
async fn age_and_idleness_end_a_connection_politely() {
    let pki = Pki::new();
    let aged = pki.start(&Faults::default(), Limits { max_age: SHORT, grace: LONG, ..Limits::default() });
    let mut client = pki.friend(&aged, Class::Carrier).await;
    let stream = open_stream(&mut client).await;
    // Told to go: no new call is taken, while the one under way stays.
    while client.begin("/who").await.is_ok() {}
    assert_eq!(aged.connections(), 1);
    drop(stream);
    soon(client.ended).await.expect("gone");

    let idle = pki.start(&Faults::default(), Limits { idle_timeout: SHORT, ..Limits::default() });
    soon(pki.friend(&idle, Class::Carrier).await.ended).await.expect("told to go");

    let strict = Limits { max_age: SHORT, grace: SHORT, ..Limits::default() };
    let strict = pki.start(&Faults::default(), strict);
    let mut client = pki.friend(&strict, Class::Carrier).await;
    cut(open_stream(&mut client).await).await;
}

#[tokio::test]
async fn an_answer_can_tell_its_connection_to_go() {
    let pki = Pki::new();
    let server = pki.start(&Faults::default(), Limits { grace: LONG, ..Limits::default() });
    let mut other = pki.friend(&server, Class::Carrier).await;
    let mut client = pki.friend(&server, Class::Carrier).await;
    let stream = open_stream(&mut client).await;
    client.ask("/enough").await.expect("answered all the same");
    // No new call is taken, while the one under way stays, and so does everybody else.
    soon(async { while client.begin("/who").await.is_ok() {} }).await;
    assert_eq!(server.connections(), 2);
    drop(stream);
    soon(client.ended).await.expect("gone");
    other.ask("/who").await.expect("still there");
}

#[tokio::test]
async fn whoever_is_meant_is_ended() {
    let pki = Pki::new();
    let server = pki.start(&Faults::default(), Limits::default());
    let mut carrier = pki.friend(&server, Class::Carrier).await;
    let mut mvno = pki.friend(&server, Class::Mvno).await;
    let stream = open_stream(&mut mvno).await;
    carrier.ask("/who").await.expect("answered");
    assert_eq!(server.end(|peer| peer.caller.class() == Class::Mvno), 1);
    cut(stream).await;
    carrier.ask("/who").await.expect("still there");
}
