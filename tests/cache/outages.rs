//! A Redis that dies, hangs, forgets and comes back: every call ends, nothing older is believed, and it heals.

use std::sync::Arc;

use greenlane::{
    cache::{Cache, State},
    domain::{
        budget::{Rate, Tried},
        time::DAY,
    },
};
use nix::sys::signal::Signal;

use crate::{
    fixture::{connected, load, open, settings, until_connected, until_out_of_reach, value, version},
    server::{Server, until},
};

const KEY: &str = "standing/mvnos/m01";
const RATE: Rate = Rate { per_second: 10, burst: 10 };

/// Everything that can be asked, answered with nothing.
async fn nothing_works(cache: &dyn Cache) {
    assert_eq!(load(cache, KEY, 1).await, None);
    cache.keep(vec![value(KEY, 1, "x")]).await;
    cache.announce(vec![version(KEY, 1)]).await;
    cache.hint(1);
    assert_eq!(cache.spend("calls/x", 1, RATE).await, None);
    let tried = Tried { budget: "aa".to_owned(), value: Some(1), most: 2, window: DAY };
    assert_eq!(cache.guess(vec![tried]).await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_and_started_again() {
    let mut server = Server::start();
    let cache = connected(&server).await;
    let mut hints = cache.hints();
    cache.keep(vec![value(KEY, 1, "x")]).await;
    for _ in 0..3 {
        hints.mark_unchanged();
        server.kill();
        until_out_of_reach(&cache);
        nothing_works(&cache).await;
        server.restart();
        until_connected(&cache);
        // Whoever follows looks again, for hints may have been missed.
        hints.changed().await.expect("a new connection");
        assert_eq!(load(&cache, KEY, 1).await, None);
        cache.keep(vec![value(KEY, 1, "x")]).await;
        assert_eq!(load(&cache, KEY, 1).await.as_deref(), Some("x"));
    }
}

/// The socket stays open and says nothing: the breaker gives it up, and a new one is made once Redis goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopped_and_continued() {
    let server = Server::start();
    let mut settings = settings(&server);
    settings.connect_limit = std::time::Duration::from_millis(300);
    let cache = open(&settings);
    assert_eq!(cache.tried().await, State::Connected);
    cache.keep(vec![value(KEY, 1, "x")]).await;
    server.signal(Signal::SIGSTOP);
    // Nobody asks: the heartbeat finds out.
    until_out_of_reach(&cache);
    nothing_works(&cache).await;
    let State::OutOfReach { since, .. } = cache.state() else { panic!("connected") };
    // It stays so, from then on, while it is tried again and again.
    until(
        "a try was not answered",
        || matches!(cache.state(), State::OutOfReach { why, .. } if why.contains("no answer in 300 ms")),
    );
    assert!(matches!(cache.state(), State::OutOfReach { since: now, .. } if now == since));
    server.signal(Signal::SIGCONT);
    until_connected(&cache);
    assert_eq!(load(&cache, KEY, 1).await.as_deref(), Some("x"));
}

/// Commands that are not answered open the breaker by themselves, and an open one costs nobody the time limit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn late_commands_open_the_breaker() {
    let server = Server::start();
    let mut settings = settings(&server);
    settings.heartbeat = std::time::Duration::from_secs(3600);
    settings.connect_limit = std::time::Duration::from_secs(3600);
    settings.command_limit = std::time::Duration::from_millis(40);
    let cache = open(&settings);
    assert_eq!(cache.tried().await, State::Connected);
    server.signal(Signal::SIGSTOP);
    for _ in 0..4 {
        assert_eq!(load(&cache, KEY, 1).await, None);
        assert_eq!(cache.state(), State::Connected);
    }
    assert_eq!(load(&cache, KEY, 1).await, None);
    until_out_of_reach(&cache);
    // At 40 ms each these would take minutes.
    for _ in 0..10_000 {
        nothing_works(&cache).await;
    }
    server.signal(Signal::SIGCONT);
    until_connected(&cache);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_dump_is_not_believed() {
    let mut server = Server::start();
    let cache = connected(&server).await;
    let mut raw = server.raw();
    cache.keep(vec![value(KEY, 5, "GREEN")]).await;
    redis::cmd("SAVE").exec(&mut raw).expect("a dump");
    cache.keep(vec![value(KEY, 6, "RED")]).await;
    server.kill();
    server.restart();
    until_connected(&cache);
    until("the dump is loaded", || redis::cmd("DBSIZE").query(&mut server.raw()) == Ok(1));
    assert_eq!(load(&cache, KEY, 6).await, None);
    // A late fill of before lands there again, and is as little believed; the truth replaces it.
    cache.keep(vec![value(KEY, 5, "GREEN")]).await;
    assert_eq!(load(&cache, KEY, 6).await, None);
    cache.keep(vec![value(KEY, 6, "RED")]).await;
    assert_eq!(load(&cache, KEY, 6).await.as_deref(), Some("RED"));
    assert_eq!(load(&cache, KEY, 5).await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flushed() {
    let server = Server::start();
    let cache = connected(&server).await;
    cache.keep(vec![value(KEY, 5, "GREEN")]).await;
    let mut raw = server.raw();
    redis::cmd("FLUSHALL").exec(&mut raw).expect("a flush");
    redis::cmd("SCRIPT").arg("FLUSH").exec(&mut raw).expect("a flush");
    assert_eq!(load(&cache, KEY, 5).await, None);
    cache.keep(vec![value(KEY, 5, "GREEN")]).await;
    assert_eq!(load(&cache, KEY, 5).await.as_deref(), Some("GREEN"));
    assert_eq!(cache.state(), State::Connected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hints_are_heard_on_a_new_connection() {
    let server = Server::start();
    let (a, b) = (connected(&server).await, connected(&server).await);
    let mut hints = b.hints();
    for revision in 1..=5 {
        hints.mark_unchanged();
        redis::cmd("CLIENT").arg("KILL").arg("TYPE").arg("pubsub").exec(&mut server.raw()).expect("cut");
        // The bump of the new connection, then a hint over it.
        hints.changed().await.expect("a new connection");
        until_connected(&a);
        until("the hint is heard", || {
            a.hint(revision);
            *hints.borrow() == revision
        });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_comes_later_is_found() {
    let mut server = Server::start();
    server.kill();
    let cache = open(&settings(&server));
    assert!(
        matches!(cache.tried().await, State::OutOfReach { why, .. } if why.contains("nobody listens there"))
    );
    nothing_works(&cache).await;
    server.restart();
    until_connected(&cache);
}

/// Connections live on runtimes of their own; a call from any of them is answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_runtime_may_call() {
    let server = Server::start();
    let cache: Arc<dyn Cache> = Arc::new(connected(&server).await);
    let callers: Vec<_> = (0..4)
        .map(|n| {
            let cache = cache.clone();
            std::thread::spawn(move || {
                // Without timers, even.
                let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
                runtime.block_on(async {
                    let key = format!("standing/mvnos/m{n}");
                    cache.keep(vec![value(&key, 1, "x")]).await;
                    load(&*cache, &key, 1).await
                })
            })
        })
        .collect();
    for caller in callers {
        assert_eq!(caller.join().expect("no panic").as_deref(), Some("x"));
    }
}
