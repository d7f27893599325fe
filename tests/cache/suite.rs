//! What any cache promises.

use std::time::Duration;

use greenlane::{
    cache::{Cache, MOST_BYTES},
    domain::{
        budget::{Rate, Tried},
        time::Clock,
    },
};

use crate::fixture::{Pair, clock, load, value, version};

const KEY: &str = "standing/mvnos/m01";

pub async fn a_value_is_of_exactly_its_revision(pair: &Pair) {
    assert_eq!(load(&*pair.a, KEY, 5).await, None);
    pair.a.keep(vec![value(KEY, 5, "GREEN")]).await;
    assert_eq!(load(&*pair.b, KEY, 5).await.as_deref(), Some("GREEN"));
    assert_eq!(load(&*pair.b, KEY, 4).await, None);
    assert_eq!(load(&*pair.b, KEY, 6).await, None);
    assert_eq!(load(&*pair.b, "standing/mvnos/m02", 5).await, None);
}

pub async fn an_older_value_never_replaces_a_newer_one(pair: &Pair) {
    pair.a.keep(vec![value(KEY, 10, "NEW")]).await;
    pair.b.keep(vec![value(KEY, 9, "OLD")]).await;
    assert_eq!(load(&*pair.b, KEY, 9).await, None);
    assert_eq!(load(&*pair.b, KEY, 10).await.as_deref(), Some("NEW"));
    pair.b.keep(vec![value(KEY, 100, "NEWEST")]).await;
    assert_eq!(load(&*pair.a, KEY, 10).await, None);
    assert_eq!(load(&*pair.a, KEY, 100).await.as_deref(), Some("NEWEST"));
}

pub async fn what_was_announced_keeps_older_values_out(pair: &Pair) {
    pair.a.keep(vec![value(KEY, 5, "OLD")]).await;
    pair.a.announce(vec![version(KEY, 6)]).await;
    assert_eq!(load(&*pair.b, KEY, 5).await, None);
    pair.b.keep(vec![value(KEY, 5, "OLD")]).await;
    assert_eq!(load(&*pair.b, KEY, 5).await, None);
    pair.b.keep(vec![value(KEY, 6, "NEW")]).await;
    assert_eq!(load(&*pair.a, KEY, 6).await.as_deref(), Some("NEW"));
}

pub async fn an_announcement_leaves_its_own_value(pair: &Pair) {
    pair.a.keep(vec![value(KEY, 6, "NEW")]).await;
    pair.b.announce(vec![version(KEY, 6), version(KEY, 5)]).await;
    assert_eq!(load(&*pair.a, KEY, 6).await.as_deref(), Some("NEW"));
}

pub async fn what_is_unsound_is_not_kept(pair: &Pair) {
    let long = "x".repeat(MOST_BYTES + 1);
    let fits = "x".repeat(MOST_BYTES);
    let keys = ["", "A", "a b", "a:b", "a*", "姓名", &"k".repeat(201)];
    for key in keys {
        pair.a.keep(vec![value(key, 1, "x")]).await;
        pair.a.announce(vec![version(key, 1)]).await;
        assert_eq!(load(&*pair.a, key, 1).await, None, "{key}");
    }
    pair.a.keep(vec![value(KEY, -1, "x"), value("long", 1, &long), value("fits", 1, &fits)]).await;
    assert_eq!(load(&*pair.a, KEY, -1).await, None);
    assert_eq!(load(&*pair.a, "long", 1).await, None);
    assert_eq!(load(&*pair.a, "fits", 1).await, Some(fits));
    let rate = Rate { per_second: 1, burst: 1 };
    assert_eq!(pair.a.spend("a b", 1, rate).await, None);
    assert_eq!(pair.a.spend("b", 1, Rate { per_second: 0, ..rate }).await, None);
    assert_eq!(pair.a.spend("b", 1, Rate { burst: 0, ..rate }).await, None);
}

pub async fn many_come_back_in_their_order(pair: &Pair) {
    let key = |n: i64| format!("standing/mvnos/m{n}");
    let even = (0..1_000).filter(|n| n % 2 == 0);
    pair.a.keep(even.map(|n| value(&key(n), n, &n.to_string())).collect()).await;
    let found = pair.b.load((0..1_000).map(|n| version(&key(n), n)).collect()).await;
    let expected = (0..1_000).map(|n| (n % 2 == 0).then(|| n.to_string().into_bytes()));
    assert_eq!(found, expected.collect::<Vec<_>>());
    assert_eq!(pair.a.load(Vec::new()).await, Vec::<Option<Vec<u8>>>::new());
    pair.a.keep(Vec::new()).await;
    pair.a.announce(Vec::new()).await;
}

pub async fn hints_are_heard(pair: &Pair) {
    let mut hints = pair.b.hints();
    hints.mark_unchanged();
    pair.a.hint(41);
    hints.wait_for(|heard| *heard == 41).await.expect("a hint");
    // Of many the last is heard, whichever of the others are.
    for revision in 42..=1_000 {
        pair.a.hint(revision);
    }
    hints.wait_for(|heard| *heard == 1_000).await.expect("the last hint");
}

/// Never more than the burst and what was earned meanwhile, and never less than the burst.
pub async fn a_budget_is_shared(pair: &Pair) {
    let rate = Rate { per_second: 10, burst: 100 };
    let clock = clock();
    let start = clock.monotonic();
    let spend = async |cache: &dyn Cache| {
        let mut granted = 0;
        for _ in 0..100 {
            granted += cache.spend("calls/carriers/telecom", 3, rate).await.expect("in reach").granted;
        }
        granted
    };
    let (a, b) = tokio::join!(spend(&*pair.a), spend(&*pair.b));
    let earned = (clock.monotonic() - start).as_secs_f64() * 10.0;
    let most = 100 + earned.ceil() as u32 + 1;
    assert!((100..=most).contains(&(a + b)), "{a} + {b} of at most {most}");
}

pub async fn a_budget_is_given_in_part(pair: &Pair) {
    // One in a thousand seconds or so: nothing is earned while this runs.
    let rate = Rate { per_second: 1, burst: 5_000 };
    let first = pair.a.spend("calls/carriers/unicom", 4_990, rate).await.expect("in reach");
    assert_eq!((first.granted, first.wait.as_micros()), (4_990, 0));
    let second = pair.b.spend("calls/carriers/unicom", 4_990, rate).await.expect("in reach");
    assert!((10..1_000).contains(&second.granted), "{second:?}");
    assert!(!second.wait.is_zero() && second.wait.as_secs_f64() <= 1.0, "{second:?}");
    let asked_nothing = pair.a.spend("calls/carriers/unicom", 0, rate).await.expect("in reach");
    assert_eq!(asked_nothing.granted, 0);
}

pub async fn budgets_do_not_meet(pair: &Pair) {
    let rate = Rate { per_second: 1, burst: 1 };
    for budget in ["calls/carriers/mobile", "calls/mvnos/m01", "a", "a/b"] {
        assert_eq!(pair.a.spend(budget, 1, rate).await.expect("in reach").granted, 1, "{budget}");
    }
}

const WINDOW: Duration = Duration::from_secs(60 * 60);

fn tried(budget: &str, value: impl Into<Option<u64>>) -> Tried {
    Tried { budget: budget.to_owned(), value: value.into(), most: 3, window: WINDOW }
}

/// How long until each is whole again, in whole windows: 0 or 1.
async fn told(cache: &dyn Cache, all: Vec<Tried>) -> Vec<bool> {
    let told = cache.guess(all).await.expect("in reach");
    assert!(told.iter().all(|wait| *wait <= WINDOW), "{told:?}");
    told.into_iter().map(|wait| !wait.is_zero()).collect()
}

pub async fn guesses_are_counted_together(pair: &Pair) {
    let (a, b) = (&*pair.a, &*pair.b);
    for value in [1, u64::MAX, 1, 3, u64::MAX] {
        assert_eq!(told(a, vec![tried("aa", value)]).await, [false], "{value}");
        assert_eq!(told(b, vec![tried("aa", value)]).await, [false], "{value}");
    }
    // Looking is no guess, and each budget is for itself.
    assert_eq!(told(b, vec![tried("aa", None), tried("bb", 4)]).await, [false, false]);
    assert_eq!(told(b, vec![tried("aa", 4), tried("bb", 4)]).await, [true, false]);
    assert_eq!(told(a, vec![tried("aa", 1)]).await, [true]);
    assert_eq!(told(a, vec![tried("bb", None), tried("aa", None)]).await, [false, true]);
}

pub async fn guesses_that_are_unsound_are_not_counted(pair: &Pair) {
    let sound = tried("aa", 1);
    for unsound in [
        Tried { budget: "A".to_owned(), ..sound.clone() },
        Tried { most: 0, ..sound.clone() },
        Tried { most: 65, ..sound.clone() },
        Tried { window: Duration::ZERO, ..sound.clone() },
    ] {
        assert_eq!(pair.a.guess(vec![sound.clone(), unsound]).await, None);
    }
}
