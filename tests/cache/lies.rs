//! A Redis in which somebody else writes: whatever is found there, only our own value of the very revision counts.

use greenlane::{
    app::metrics,
    cache::{Cache, State},
    domain::budget::Rate,
};
use redis::Commands;

use crate::{
    fixture::{connected, load, settings, value, version},
    server::{Server, until},
};

const KEY: &str = "standing/mvnos/m01";
const FULL: &str = "greenlane:1:standing/mvnos/m01";

/// How many values were ignored for that reason, by all tests of this process.
fn ignored(why: &str) -> u64 {
    let text = metrics::install().render();
    let line = format!("greenlane_cache_ignored_total{{why=\"{why}\"}} ");
    text.lines().find_map(|found| found.strip_prefix(&line)?.parse().ok()).unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_ours_is_ignored_and_counted() {
    metrics::install();
    let server = Server::start();
    let cache = connected(&server).await;
    let mut raw = server.raw();
    cache.keep(vec![value(KEY, 5, "GREEN"), value("standing/mvnos/m02", 5, "RED")]).await;
    let ours: Vec<u8> = raw.get(FULL).expect("a record");
    let other: Vec<u8> = raw.get("greenlane:1:standing/mvnos/m02").expect("a record");

    let mut flipped = ours.clone();
    *flipped.last_mut().expect("bytes") ^= 1;
    let mut newer = ours.clone();
    newer[19] = b'9';
    for poisoned in [other, flipped, newer] {
        let before = ignored("poisoned");
        let (): () = raw.set(FULL, &poisoned).expect("a lie");
        assert_eq!(load(&cache, KEY, 5).await, None);
        assert!(ignored("poisoned") > before);
    }
    let torn: [&[u8]; 5] = [&ours[..ours.len() - 1], &ours[..40], b"x", b"GREEN", &[0xff; 100]];
    for torn in torn {
        let before = ignored("torn");
        let (): () = raw.set(FULL, torn).expect("a lie");
        assert_eq!(load(&cache, KEY, 5).await, None);
        assert!(ignored("torn") > before);
    }
    // Far longer than any value, and of another type.
    let (): () = raw.set(FULL, [&ours[..], &vec![b'x'; 8 << 20]].concat()).expect("a lie");
    assert_eq!(load(&cache, KEY, 5).await, None);
    let (): () = raw.del(FULL).and_then(|()| raw.rpush(FULL, "x")).expect("a lie");
    assert_eq!(load(&cache, KEY, 5).await, None);
    // None of it keeps our own value out.
    cache.keep(vec![value(KEY, 5, "GREEN")]).await;
    assert_eq!(load(&cache, KEY, 5).await.as_deref(), Some("GREEN"));
    assert_eq!(cache.state(), State::Connected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn older_and_newer_values_are_ignored_and_counted() {
    metrics::install();
    let server = Server::start();
    let cache = connected(&server).await;
    let mut raw = server.raw();
    cache.keep(vec![value(KEY, 5, "GREEN")]).await;
    let old: Vec<u8> = raw.get(FULL).expect("a record");
    cache.keep(vec![value(KEY, 6, "RED")]).await;
    let before = (ignored("older"), ignored("newer"));
    // Ours, but of yesterday.
    let (): () = raw.set(FULL, &old).expect("a lie");
    assert_eq!(load(&cache, KEY, 6).await, None);
    assert_eq!(load(&cache, KEY, 4).await, None);
    assert!(ignored("older") > before.0 && ignored("newer") > before.1);
}

/// A made-up floor at the end of time would keep every value out; the first look at it takes it away.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_made_up_floor_does_not_last() {
    let server = Server::start();
    let cache = connected(&server).await;
    let mut raw = server.raw();
    let floor = [&b"F9223372036854775807"[..], b"00000000", &[0; 32]].concat();
    let (): () = raw.set(FULL, floor).expect("a lie");
    cache.keep(vec![value(KEY, 5, "GREEN")]).await;
    assert_eq!(load(&cache, KEY, 5).await, None);
    cache.keep(vec![value(KEY, 5, "GREEN")]).await;
    assert_eq!(load(&cache, KEY, 5).await.as_deref(), Some("GREEN"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_with_another_key_believes_nothing() {
    let server = Server::start();
    let ours = connected(&server).await;
    ours.keep(vec![value(KEY, 5, "GREEN")]).await;
    let mut foreign = settings(&server);
    foreign.seal_key = server.file("other-seal");
    std::fs::write(&foreign.seal_key, [8; 32]).expect("a file");
    let theirs = crate::fixture::open(&foreign);
    assert_eq!(theirs.tried().await, State::Connected);
    assert_eq!(load(&theirs, KEY, 5).await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_made_up_hint_is_ignored() {
    metrics::install();
    let server = Server::start();
    let cache = connected(&server).await;
    let hints = cache.hints();
    let before = ignored("hint");
    let mut raw = server.raw();
    let (): () = raw.publish("greenlane:1:hints", "9223372036854775807").expect("a lie");
    until("the hint is counted", || ignored("hint") > before);
    assert_eq!(*hints.borrow(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_made_up_budget_blocks_for_no_longer_than_a_burst() {
    let server = Server::start();
    let cache = connected(&server).await;
    let mut raw = server.raw();
    let rate = Rate { per_second: 100, burst: 100 };
    for lie in ["9007199254740991", "-1", "nan", "inf", "x", ""] {
        let (): () = raw.set("greenlane:1:budget/calls/x", lie).expect("a lie");
        let spent = cache.spend("calls/x", 1, rate).await.expect("in reach");
        assert!(spent.granted <= 1 && spent.wait.as_secs_f64() <= 1.1, "{lie}: {spent:?}");
    }
}

/// Keys say whose they are and in which form, and everything is forgotten in time, not all at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_have_a_prefix_and_an_end() {
    let server = Server::start();
    let cache = connected(&server).await;
    cache.keep((0..200).map(|n| value(&format!("standing/mvnos/m{n}"), 1, "x")).collect()).await;
    cache.announce((200..400).map(|n| version(&format!("standing/mvnos/m{n}"), 1)).collect()).await;
    cache.spend("calls/x", 1, Rate { per_second: 1, burst: 1 }).await.expect("in reach");
    let mut raw = server.raw();
    let keys: Vec<String> = raw.keys("*").expect("keys");
    assert_eq!(keys.len(), 401);
    let mut ends = Vec::new();
    for key in keys {
        assert!(key.starts_with("greenlane:1:standing/") || key.starts_with("greenlane:1:budget/"), "{key}");
        let ttl: i64 = raw.pttl(&key).expect("a time");
        assert!(ttl > 0, "{key}");
        if key.contains("standing") {
            ends.push(ttl);
        }
    }
    let hour = 3_600_000;
    assert!(ends.iter().all(|end| (hour * 89 / 100..=hour * 110 / 100).contains(end)));
    ends.sort_unstable();
    assert!(ends[ends.len() - 1] - ends[0] > hour / 20, "all end at once");
}
