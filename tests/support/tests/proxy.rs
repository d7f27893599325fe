//! The proxy: each mode does what it says, and nothing is lost that a network would not lose.

use std::{io::ErrorKind, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};

use crate::support::proxy::{Direction, Flow, Mode, Proxy};

/// Long enough for what happens at once, and short enough to wait for what must not.
const A_WHILE: Duration = Duration::from_millis(100);
/// Far longer than anything takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Says everything again.
async fn echo() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let host = listener.local_addr().expect("an address").to_string();
    tokio::spawn(async move {
        while let Ok((mut tcp, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut read, mut write) = tcp.split();
                tokio::io::copy(&mut read, &mut write).await
            });
        }
    });
    host
}

async fn connect(proxy: &Proxy) -> TcpStream {
    TcpStream::connect(proxy.host()).await.expect("let in")
}

/// Says a word and hears it.
async fn says(tcp: &mut TcpStream) {
    tcp.write_all(b"word").await.expect("sent");
    hears(tcp).await;
}

async fn hears(tcp: &mut TcpStream) {
    let mut word = [0; 4];
    timeout(PATIENCE, tcp.read_exact(&mut word)).await.expect("in time").expect("a word");
    assert_eq!(&word, b"word");
}

async fn hears_nothing(tcp: &mut TcpStream) {
    assert!(timeout(A_WHILE, tcp.read_u8()).await.is_err(), "neither a byte nor an end");
}

async fn is_reset(tcp: &mut TcpStream) {
    let ended = timeout(PATIENCE, tcp.read_u8()).await.expect("in time").expect_err("an end");
    assert_eq!(ended.kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn it_passes_counts_and_ends_in_order() {
    let proxy = Proxy::start(&echo().await);
    let mut tcp = connect(&proxy).await;
    says(&mut tcp).await;
    let counts = proxy.until(|counts| counts.down == 4).await;
    assert_eq!((counts.accepted, counts.open, counts.up), (1, 1, 4));
    tcp.shutdown().await.expect("done");
    assert_eq!(tcp.read(&mut [0]).await.expect("an end in order"), 0);
    proxy.until(|counts| counts.open == 0).await;
}

#[tokio::test]
async fn what_is_stalled_arrives_later() {
    let proxy = Proxy::start(&echo().await);
    for mode in [Mode::Stall, Mode::BlackHole] {
        let mut tcp = connect(&proxy).await;
        says(&mut tcp).await;
        proxy.set(mode);
        tcp.write_all(b"word").await.expect("the kernel takes it");
        hears_nothing(&mut tcp).await;
        proxy.set(Mode::Pass);
        hears(&mut tcp).await;
    }
}

#[tokio::test]
async fn one_direction_at_a_time() {
    let proxy = Proxy::start(&echo().await);
    let mut tcp = connect(&proxy).await;
    proxy.flow(Direction::Down, Flow::Stall);
    tcp.write_all(b"word").await.expect("sent");
    proxy.until(|counts| counts.up == 4).await;
    hears_nothing(&mut tcp).await;
    assert_eq!(proxy.counts().down, 0);
    proxy.flow(Direction::Down, Flow::Pass);
    hears(&mut tcp).await;
    proxy.flow(Direction::Up, Flow::Stall);
    tcp.write_all(b"word").await.expect("sent");
    hears_nothing(&mut tcp).await;
    assert_eq!(proxy.counts().up, 4);
}

#[tokio::test]
async fn a_delay_delays() {
    let proxy = Proxy::start(&echo().await);
    let mut tcp = connect(&proxy).await;
    let start = tokio::time::Instant::now();
    says(&mut tcp).await;
    proxy.set(Mode::Delay(A_WHILE));
    says(&mut tcp).await;
    assert!(start.elapsed() >= A_WHILE * 2, "there and back");
}

#[tokio::test]
async fn who_connects_is_let_in_refused_or_not_answered() {
    let proxy = Proxy::start(&echo().await);
    let mut open = connect(&proxy).await;
    proxy.set(Mode::Stall);
    let mut kept = connect(&proxy).await;
    kept.write_all(b"word").await.expect("sent");
    hears_nothing(&mut kept).await;
    proxy.set(Mode::Refuse);
    hears(&mut kept).await;
    says(&mut open).await;
    let refused = TcpStream::connect(proxy.host()).await.expect_err("nobody listens");
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    proxy.set(Mode::BlackHole);
    for _ in 0..3 {
        let answer = timeout(A_WHILE, TcpStream::connect(proxy.host())).await;
        assert!(answer.is_err(), "nobody answers");
    }
    let mut knocking = Box::pin(TcpStream::connect(proxy.host()));
    assert!(timeout(A_WHILE, &mut knocking).await.is_err());
    proxy.set(Mode::Pass);
    let mut late = timeout(PATIENCE, knocking).await.expect("in time").expect("let in");
    says(&mut late).await;
    says(&mut open).await;
}

#[tokio::test]
async fn a_cut_resets_what_is_open() {
    let proxy = Proxy::start(&echo().await);
    let mut tcp = connect(&proxy).await;
    says(&mut tcp).await;
    proxy.cut();
    assert_eq!(proxy.counts().open, 0);
    is_reset(&mut tcp).await;
    says(&mut connect(&proxy).await).await;
}

#[tokio::test]
async fn what_is_forgotten_is_silent_for_ever() {
    let proxy = Proxy::start(&echo().await);
    let mut old = connect(&proxy).await;
    says(&mut old).await;
    proxy.forget();
    old.write_all(b"word").await.expect("the kernel takes it");
    hears_nothing(&mut old).await;
    says(&mut connect(&proxy).await).await;
    proxy.cut();
    is_reset(&mut old).await;
}

#[tokio::test]
async fn an_upstream_that_is_not_there_is_a_reset() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address");
    let proxy = Proxy::start(&nobody.to_string());
    match TcpStream::connect(proxy.host()).await {
        Ok(mut tcp) => is_reset(&mut tcp).await,
        Err(sooner) => assert_eq!(sooner.kind(), ErrorKind::ConnectionReset),
    }
}
