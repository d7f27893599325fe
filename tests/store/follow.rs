//! Followers: after the commit, before the answer, and what becomes of one that fails.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicI64, AtomicUsize, Ordering::SeqCst},
};

use greenlane::store::{BoxFuture, Follower, Store, StoreError, Tx, sql};

use crate::{
    fixture::{assert_unavailable, enter, entered, put},
    suite::change,
};

/// What a probe does when it is asked to follow.
#[derive(Clone, Copy)]
pub enum Way {
    Follow,
    Fail,
    Panic,
    Write,
}

/// A follower that keeps the revision it read.
pub struct Probe {
    way: Mutex<Way>,
    seen: AtomicI64,
    runs: AtomicUsize,
    lost: AtomicUsize,
}

pub async fn followers_follow_before_the_answer(store: &Store) {
    let probe = Probe::on(store, Way::Follow);
    for _ in 0..3 {
        let revision = store.write(|tx| Box::pin(change(tx))).await.expect("a write");
        assert_eq!(probe.seen(), revision);
    }
    assert_eq!(probe.lost(), 0);
}

pub async fn a_follower_that_fails_is_told_and_tried_again(store: &Store) {
    tried_again_after(store, Way::Fail).await;
}

pub async fn a_follower_that_panics_harms_nobody(store: &Store) {
    tried_again_after(store, Way::Panic).await;
}

async fn tried_again_after(store: &Store, way: Way) {
    let probe = Probe::on(store, way);
    let beside = Probe::on(store, Way::Follow);
    let revision = store.write(|tx| Box::pin(change(tx))).await.expect("the write is done all the same");
    assert_eq!((probe.seen(), beside.seen()), (0, revision), "one keeps no other from following");
    assert!(probe.lost() >= 1);
    assert_eq!(beside.lost(), 0);

    probe.goes(Way::Follow);
    enter(store.clone(), "marks no change").await.expect("a write");
    assert_eq!(probe.seen(), revision, "tried again before the next answer");

    probe.goes(way);
    let revision = store.write(|tx| Box::pin(change(tx))).await.expect("a write");
    probe.goes(Way::Follow);
    // Nobody writes or asks: it is tried again all the same.
    while probe.seen() != revision {
        tokio::task::yield_now().await;
    }
}

pub async fn a_follower_cannot_write(store: &Store) {
    let probe = Probe::on(store, Way::Write);
    store.write(|tx| Box::pin(change(tx))).await.expect("a write");
    assert!(probe.lost() >= 1);
    assert!(entered(store).await.is_empty());
    let revision = store.read(|tx| Box::pin(async move { Ok(sql::change::revision(tx).await?) })).await;
    assert_eq!(revision.expect("a read"), 1);
}

pub async fn a_refresh_runs_the_followers(store: &Store) {
    let revision = store.write(|tx| Box::pin(change(tx))).await.expect("a write before anybody follows");
    let probe = Probe::on(store, Way::Fail);
    assert_unavailable(store.refresh().await.map_err(Into::into));
    assert!(probe.lost() >= 1);
    probe.goes(Way::Follow);
    store.refresh().await.expect("a refresh");
    assert_eq!(probe.seen(), revision);
}

/// How often a new probe runs while `work` goes on.
pub async fn runs_during(store: &Store, work: impl Future<Output = ()>) -> usize {
    let probe = Probe::on(store, Way::Follow);
    work.await;
    probe.runs.load(SeqCst)
}

// === impl Probe ===

impl Probe {
    pub fn on(store: &Store, way: Way) -> Arc<Self> {
        let probe = Arc::new(Self {
            way: Mutex::new(way),
            seen: AtomicI64::new(0),
            runs: AtomicUsize::new(0),
            lost: AtomicUsize::new(0),
        });
        store.follow(probe.clone());
        probe
    }

    fn goes(&self, way: Way) {
        *self.way.lock().expect("nobody panics holding it") = way;
    }

    pub fn seen(&self) -> i64 {
        self.seen.load(SeqCst)
    }

    fn lost(&self) -> usize {
        self.lost.load(SeqCst)
    }
}

impl Follower for Probe {
    fn follow<'t>(&'t self, tx: &'t mut dyn Tx) -> BoxFuture<'t, Result<(), StoreError>> {
        let way = *self.way.lock().expect("nobody panics holding it");
        self.runs.fetch_add(1, SeqCst);
        Box::pin(async move {
            match way {
                Way::Follow => self.seen.store(sql::change::revision(tx).await?, SeqCst),
                Way::Fail => return Err(StoreError::Unavailable("on purpose".to_owned())),
                Way::Panic => panic!("on purpose"),
                Way::Write => {
                    let executed = put(tx, "no").await;
                    let returned = sql::change::next_revision(tx).await;
                    assert!(executed.is_err() && returned.is_err(), "a follower wrote");
                    executed?;
                }
            }
            Ok(())
        })
    }

    fn lost(&self) {
        self.lost.fetch_add(1, SeqCst);
    }
}
