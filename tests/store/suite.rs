//! Transactions, whichever engine is beneath.

use std::sync::{Arc, Mutex, mpsc};

use greenlane::{
    domain::{
        name::ParticipantName,
        refusal::{Reason, Refusal},
        standing::Standing,
    },
    store::{Abort, Store, StoreError, Tx, sql, sql::change::Change},
};
use tokio::task::JoinSet;

use crate::fixture::{NOW, assert_unavailable, begun, enter, entered, failure, put, refusal};

pub async fn a_transaction_is_all_or_nothing(store: &Store) {
    enter(store.clone(), "taken").await.expect("a write");
    let half = store.write(|tx| {
        Box::pin(async move {
            put(tx, "new").await?;
            sql::change::next_revision(tx).await?;
            Ok(put(tx, "taken").await?)
        })
    });
    assert_eq!(failure(half.await), StoreError::Duplicate);
    assert_eq!(entered(store).await, ["taken"]);
    assert_eq!(revision(store).await, 0);
}

pub async fn an_abort_rolls_back_its_own_work_alone(store: &Store) {
    let refused = store.write(|tx| {
        Box::pin(async move {
            put(tx, "refused").await?;
            Err::<(), _>(Abort::Refused(Refusal::new(Reason::Internal, "No.")))
        })
    });
    let (before, refused, after) =
        tokio::join!(enter(store.clone(), "before"), refused, enter(store.clone(), "after"));
    assert_eq!(refusal(refused), Reason::Internal);
    before.expect("the write before");
    after.expect("the write after");
    let mut entered = entered(store).await;
    entered.sort();
    assert_eq!(entered, ["after", "before"]);
}

pub async fn a_taken_key_is_told(store: &Store) {
    enter(store.clone(), "one").await.expect("a write");
    assert_eq!(failure(enter(store.clone(), "one").await), StoreError::Duplicate);
    enter(store.clone(), "two").await.expect("a write");
    assert_eq!(entered(store).await, ["one", "two"]);
}

pub async fn a_panic_fails_its_own_work_alone(store: &Store) {
    let panics = store.write(|tx| {
        Box::pin(async move {
            put(tx, "half").await?;
            blow()
        })
    });
    let (panicked, beside) = tokio::join!(panics, enter(store.clone(), "beside"));
    assert_unavailable(panicked);
    beside.expect("the write beside it");
    let early = store.write::<(), _>(|_| panic!("on purpose, before there is a future"));
    assert_unavailable(early.await);
    assert_unavailable(store.read::<(), _>(|_| panic!("on purpose, in a read")).await);
    enter(store.clone(), "later").await.expect("a later write");
    assert_eq!(entered(store).await, ["beside", "later"]);
}

pub async fn work_goes_on_without_its_caller(store: &Store) {
    drop(begun(enter(store.clone(), "left alone")));
    // Nothing tells of its end: asked until it is there, for as long as an engine may take.
    while entered(store).await.is_empty() {
        tokio::task::yield_now().await;
    }
}

pub async fn a_thousand_writes_get_dense_revisions(store: &Store) {
    let mut writes = JoinSet::new();
    for _ in 0..1000 {
        let store = store.clone();
        writes.spawn(async move { store.write(|tx| Box::pin(change(tx))).await.expect("a write") });
    }
    let mut answers = writes.join_all().await;
    answers.sort_unstable();
    assert_eq!(answers, (1..=1000).collect::<Vec<i64>>());
    let changes = store.read(|tx| Box::pin(async move { Ok(sql::change::list_after(tx, 0, 2000).await?) }));
    let kept: Vec<i64> = changes.await.expect("a read").iter().map(|change| change.revision).collect();
    assert_eq!(kept, answers);
    assert_eq!(revision(store).await, 1000);
}

pub async fn a_read_is_one_snapshot(store: &Store) {
    enter(store.clone(), "before").await.expect("a write");
    let (seen, saw) = mpsc::channel();
    let (go, wait) = mpsc::channel::<()>();
    let wait = Arc::new(Mutex::new(wait));
    let reading = store.clone();
    let read = tokio::spawn(async move {
        let twice = reading.read(move |tx| {
            let (seen, wait) = (seen.clone(), wait.clone());
            Box::pin(async move {
                let first = sql::entry::list_after(tx, 0, 9).await?.len();
                seen.send(()).expect("the test waits");
                wait.lock().expect("one read").recv().expect("the test goes on");
                Ok((first, sql::entry::list_after(tx, 0, 9).await?.len()))
            })
        });
        twice.await
    });
    saw.recv().expect("the first look");
    enter(store.clone(), "meanwhile").await.expect("a write while a read is under way");
    go.send(()).expect("the read waits");
    assert_eq!(read.await.expect("no panic").expect("a read"), (1, 1));
    assert_eq!(entered(store).await.len(), 2, "a read after the answer sees the write");
}

pub async fn a_read_cannot_write(store: &Store) {
    let execute = store.read(|tx| Box::pin(async move { Ok(put(tx, "no").await?) }));
    assert_unavailable(execute.await);
    let returning = store.read(|tx| Box::pin(async move { Ok(sql::change::next_revision(tx).await?) }));
    assert_unavailable(returning.await);
    assert!(entered(store).await.is_empty());
    assert_eq!(revision(store).await, 0);
}

pub async fn an_empty_store_is_healthy(store: &Store) {
    store.health().await.expect("health");
    store.refresh().await.expect("no followers, no trouble");
    assert_eq!(revision(store).await, 0);
}

fn blow() -> Result<(), Abort> {
    panic!("on purpose")
}

/// Takes a revision and logs a change of it.
pub async fn change(tx: &mut dyn Tx) -> Result<i64, Abort> {
    let revision = sql::change::next_revision(tx).await?;
    let change = Change {
        revision,
        mvno: ParticipantName::parse("mvnos/m01").expect("a name"),
        standing: Standing::Watch,
        previous: Standing::Compliant,
        change_time: NOW,
        cause: "time".to_owned(),
    };
    sql::change::append(tx, &change).await?;
    tx.mark_changed();
    Ok(revision)
}

async fn revision(store: &Store) -> i64 {
    let read = store.read(|tx| Box::pin(async move { Ok(sql::change::revision(tx).await?) }));
    read.await.expect("a read")
}
